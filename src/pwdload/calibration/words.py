"""The certificate in plain text."""

from collections.abc import Iterator

from pwdload.calibration.certificate import Certificate, Comparison, Figure
from pwdload.calibration.headroom import HEADROOM, usable_rate_per_s
from pwdload.calibration.neighbours import OTHERS_SHARE_MAX
from pwdload.units import format_count, format_duration, format_rate, format_share

NOT_MEASURED = "not measured"


def facts(certificate: Certificate) -> Iterator[tuple[str, str]]:
    """Yield what was measured, name and value; what was not is named as such."""
    c = certificate
    yield "measured", c.measured_utc
    if c.known_truth_utc:
        yield "known truth of", f"{c.known_truth_utc}, by pwdload calibrate on this machine"
    yield "machine", f"{c.conditions.cores} cores, {c.conditions.system}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in sorted(c.conditions.versions.items()))
    if c.others_cpu_share is not None:
        yield "other programs took", f"{format_share(c.others_cpu_share)} of all processors meanwhile"
    yield "target floor", _times(c.floor, ("p50", "p95", "p99"), "requests")
    yield "target's timer error", _times(c.timer, ("p50", "p99", "max"), "answers")
    yield "one process generates", _capacity(c)
    yield f"usable ({HEADROOM * 100:.0f} %)", _usable(c)
    yield "lag of arrivals", _times(c.lag, ("p50", "p99", "max"), "arrivals", rate=True)
    yield (
        "evenness",
        NOT_MEASURED
        if c.even is None
        else (
            f"{c.even.fewest} to {c.even.most} arrivals in each of {c.even.slots:,} slots of "
            f"{format_duration(c.even.slot_s)}, at {format_rate(c.even.rate_per_s)} even"
        ),
    )
    yield (
        "Poisson gaps",
        NOT_MEASURED
        if c.poisson is None
        else (f"p = {c.poisson.p_value:.3f} (Kolmogorov-Smirnov, {format_count(c.poisson.gaps)} gaps)"),
    )
    yield "known truths", f"{len(c.comparisons)}" if c.comparisons else NOT_MEASURED


def _times(part: object, names: tuple[str, ...], what: str, *, rate: bool = False) -> str:
    if part is None:
        return NOT_MEASURED
    values = ", ".join(f"{name} {format_duration(getattr(part, f'{name}_s'))}" for name in names)
    at = f" at {format_rate(getattr(part, 'rate_per_s'))}" if rate else ""  # noqa: B009 - as the line above
    return f"{values} ({format_count(getattr(part, what))} {what}{at})"


def _capacity(certificate: Certificate) -> str:
    capacity = certificate.capacity
    if capacity is None:
        return NOT_MEASURED
    return (
        f"{format_rate(capacity.rate_per_s)} with {format_share(min(capacity.cpu_share, 1.0))} of a core, "
        f"{format_rate(capacity.rate_per_cpu_s)} with a core to itself"
    )


def _usable(certificate: Certificate) -> str:
    counts = sorted({1, certificate.conditions.cores})
    rates = [(count, usable_rate_per_s(certificate, count)) for count in counts]
    words = [
        f"{format_rate(rate)} with {count} process{'es' * (count != 1)}" for count, rate in rates if rate is not None
    ]
    return ", ".join(words) or NOT_MEASURED


def certificate_text(certificate: Certificate) -> str:
    """Return the whole certificate for a console: facts, known truths side by side, and what is wrong."""
    pairs = list(facts(certificate))
    width = max(len(name) for name, _ in pairs)
    lines = [f"{name:<{width}}  {value}" for name, value in pairs]
    for comparison in certificate.comparisons:
        lines += ["", *comparison_lines(comparison)]
    problems = certificate.problems()
    verdict = "Nothing that was measured is beyond its limits." if not problems else "Beyond the limits:"
    return "\n".join([*lines, "", verdict, *(f"  {problem}" for problem in problems), *_remedy(certificate)])


def _remedy(certificate: Certificate) -> Iterator[str]:
    """Yield what to do where others had so much of the machine that it may be them who were measured."""
    share = certificate.others_cpu_share
    if share is not None and share > OTHERS_SHARE_MAX and certificate.problems():
        yield (
            f"Other programs took {format_share(share)} of this machine's processors meanwhile, and the instrument had "
            "to wait for them: end them, and calibrate again."
        )


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Yield a known truth as a small table."""
    yield (
        f"{comparison.name}, {comparison.slots} slots: {format_count(comparison.measured)} samples of "
        f"{format_count(comparison.arrivals)} arrivals"
    )
    yield f"  {'':<5}{'theory':>12}{'realization':>13}{'dictated':>12}{'measured':>12}{'error':>9}"
    for figure in comparison.figures:
        yield f"  {figure.name:<5}" + "".join(_cells(comparison, figure))


def _cells(comparison: Comparison, figure: Figure) -> Iterator[str]:
    yield f"{_time(figure.theory_s):>12}"
    yield f"{_time(figure.realization_s):>13}"
    yield f"{_time(figure.dictated_s):>12}"
    yield f"{_time(figure.measured_s):>12}"
    error = comparison.error(figure)
    yield f"{'n/a' if error is None else f'{error:+.2%}':>9}"


def _time(seconds: float | None) -> str:
    return "n/a" if seconds is None else f"{seconds * 1000:,.2f} ms"
