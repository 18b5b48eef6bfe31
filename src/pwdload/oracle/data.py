"""A judgement as plain data, for JSON: the same in `verdict.json` and from `pwdload check --json`."""

from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Judgement, Moment, Violation
from pwdload.oracle.told import WORDS_MAX, excerpt


def judgement_data(judgement: Judgement) -> dict[str, object]:
    """Return a verdict and every check that it comes from."""
    checks = [
        {
            "check": result.check,
            "title": result.title,
            "verdict": result.verdict.value,
            "reason": result.reason,
            **result_data(result),
        }
        for result in judgement.results
    ]
    return {"verdict": judgement.verdict.value, "exit_code": judgement.verdict.exit_code, "checks": checks}


def result_data(result: CheckResult) -> dict[str, object]:
    """Return what one check has found beyond its verdict and reason; times in seconds on the run's clock."""
    return {
        "examined": result.examined,
        "violations_total": max(result.violations_total, len(result.violations)),
        "facts": [{"name": name, "value": value} for name, value in result.facts],
        "violations": [_violation(one) for one in result.violations[:VIOLATIONS_MAX]],
    }


def _violation(violation: Violation) -> dict[str, object]:
    return {
        "rule": violation.rule,
        "sentence": violation.sentence,
        "account": violation.account,
        "worker": violation.worker,
        "flow": violation.flow,
        "case": violation.case,
        "at_s": round(violation.at_s, 6),
        "timeline": [_moment(moment) for moment in excerpt(violation).moments],
    }


def _moment(moment: Moment) -> dict[str, object]:
    return {
        "at_s": round(moment.at_s, 6),
        "until_s": None if moment.until_s is None else round(moment.until_s, 6),
        "words": moment.words[:WORDS_MAX],
        "is_culprit": moment.is_culprit,
    }
