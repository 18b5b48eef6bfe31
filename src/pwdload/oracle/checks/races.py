"""Of changes that one flow sends at the same instant, with one token or two of one account, exactly one wins (I1).

The share of races with two winners that may have stayed unseen is bounded by the rule of three; how close together the
requests were sent bounds which windows can be seen at all.
"""

from collections import Counter
from typing import Final, NamedTuple

import numpy as np

from pwdload.oracle.binomial import share_interval, upper_bound_of_none
from pwdload.oracle.checks.concluding import Check, Words, concluded
from pwdload.oracle.explain import ONE_CHANGE
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult
from pwdload.oracle.operation import Ints, Result
from pwdload.oracle.reading import has_text, numbers, texts, times
from pwdload.oracle.seen import Finding, Seen
from pwdload.statistics.ordering import stable_order, taken
from pwdload.units import counted, format_share

_NAME: Final = "races"
_ONE, _SEVERAL = "one state_token", "several state_tokens"
_LOST = ", lost"


class Race(NamedTuple):
    """Changes of one account by one flow that were under way at the same time."""

    rows: tuple[int, ...]
    tokens: int
    """How many different state_tokens they carried."""
    winners: tuple[int, ...]
    """Rows that were acknowledged."""
    unanswered: int
    spread_s: float
    """From the first that was sent to the last."""


def _look(history: History) -> Seen:
    history = history.own
    races = find_races(history)
    lost = [race for race in races if len(race.winners) > 1]
    decided = [race for race in races if len(race.winners) > 1 or (len(race.winners) == 1 and not race.unanswered)]
    counts = Counter(races=len(races), lost=len(lost), decided=len(decided))
    for race in decided:
        kind = _SEVERAL if race.tokens > 1 else _ONE
        counts[kind] += 1
        counts[kind + _LOST] += len(race.winners) > 1
    return Seen(
        counts=counts,
        found=tuple(_finding(history, race) for race in lost[:VIOLATIONS_MAX]),
        values={"spread_s": (np.array([race.spread_s for race in races], np.float64),)},
    )


def _tell(_: Circumstances, seen: Seen) -> CheckResult:
    count, decided, lost = (seen.counts[name] for name in ("races", "decided", "lost"))
    statements = (_statement(kind, seen.counts[kind], seen.counts[kind + _LOST]) for kind in (_ONE, _SEVERAL))
    facts = [fact for fact in statements if fact is not None]
    if count:
        spread_ms = 1000 * float(np.median(seen.all("spread_s")))
        facts.append(("sent within", f"{spread_ms:.2f} ms (median): a window much shorter than that stays unseen"))
    if undecided := count - decided:
        facts.append(("without a winner, or not all answered", f"{undecided:,}"))
    return concluded(
        Words(
            name=_NAME,
            title="A race for a state_token has one winner",
            good=f"{counted(decided, 'race')} had exactly one winner each.",
            bad=f"{counted(lost, 'race')} of {decided:,} had more than one winner.",
            nothing="No changes were sent at the same time.",
        ),
        examined=decided,
        violations=seen.told(),
        total=lost,
        facts=facts,
    )


check_races = Check(look=_look, tell=_tell)
"""Two winners of one race are a violation; a race without a winner is told."""


def find_races(history: History) -> list[Race]:
    """Return every group of a flow's changes of one account that overlap in time, in their order."""
    rows = history.rows
    sent_s, done_s = times(rows, "sent_s"), times(rows, "done_s")
    flow, worker = numbers(rows, "flow", -1), texts(rows, "worker")[0]
    is_update = has_text(rows, "step", lambda step: step == "update_password") & ~np.isnan(sent_s) & (flow >= 0)
    at = _of_flows_with_several(np.flatnonzero(is_update), flow, worker)
    account = numbers(rows, "account", -1)
    at = at[np.lexsort((sent_s[at], account[at], flow[at], worker[at]))]
    same = (flow[at][1:] == flow[at][:-1]) & (worker[at][1:] == worker[at][:-1])
    same &= account[at][1:] == account[at][:-1]
    if not (same & (sent_s[at][1:] < done_s[at][:-1])).any():
        return []
    result, token = history.results, numbers(rows, "token", 0)
    races, group, end_s = [], at[:1].tolist(), float(done_s[at[0]])
    for row, is_same in zip(at[1:].tolist(), same.tolist(), strict=True):
        if is_same and sent_s[row] < end_s:
            group.append(row)
            end_s = max(end_s, float(done_s[row]))
            continue
        races.append(group)
        group, end_s = [row], float(done_s[row])
    races.append(group)
    return [
        Race(
            rows=tuple(group),
            tokens=len(set(token[group].tolist())),
            winners=tuple(row for row in group if result[row] == Result.OK),
            unanswered=sum(int(result[row] == Result.DOUBTFUL) for row in group),
            spread_s=float(sent_s[group].max() - sent_s[group].min()),
        )
        for group in races
        if len(group) > 1
    ]


def _of_flows_with_several(at: Ints, flow: Ints, worker: Ints) -> Ints:
    """Return those of some rows whose flow has another one among them."""
    key = worker[at].astype(np.int64) * (int(flow.max(initial=0)) + 1) + flow[at]
    order = stable_order(key)
    ordered = taken(key, order)
    del key  # of a long run each of these takes much room
    same = ordered[1:] == ordered[:-1]
    is_one_of_several = np.append(same, False) | np.append(False, same)
    return np.sort(at[order[is_one_of_several[: len(order)]]])


def _statement(kind: str, count: int, lost: int) -> tuple[str, str] | None:
    """Return what the races of one kind prove."""
    if not count:
        return None
    name, won = f"races for {kind}", f"exactly one winner in {count - lost:,} of {count:,}; with 95 % confidence"
    if not lost:
        return name, f"{won} fewer than {format_share(upper_bound_of_none(count))} can have two"
    low, high = share_interval(lost, count)
    return name, f"{won} {format_share(low)} to {format_share(high)} have more"


def _finding(history: History, race: Race) -> Finding:
    winners, size = len(race.winners), len(race.rows)
    sentence = f"Of {size} changes sent within {race.spread_s * 1000:.2f} ms, {winners} were acknowledged."
    _, seq, worker = history.place_of(race.winners[-1])
    flow, account, sent_s = (history.rows[name][race.rows[0]].as_py() for name in ("flow", "account", "sent_s"))
    order = (worker, flow, account, sent_s)
    return Finding(order=order, rule=ONE_CHANGE, sentence=sentence, worker=worker, seq=seq)
