"""The tables [[faults]]: what is done to a target while it is under load, when, and for how long."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple, get_args

from pydantic import Field, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from pwdload.scenario.fields import Duration, DurationOrNone, HeaderText, Name, Percent, Share, Text, Whole
from pwdload.scenario.stages import MISSING, Place, problem_at, timed
from pwdload.scenario.tables import Load, Table
from pwdload.units import format_duration, format_share

# fmt: off
ProxyKind = Literal[
    "noop", "latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data", "black_hole",
    "refuse", "http_error", "drop_answer", "duplicate", "garbage", "tls_stall",
]
# fmt: on
ProcessKind = Literal["pause", "kill", "stop", "database_lock", "slow_disk", "clock_jump"]
NetworkKind = Literal["packet_delay", "packet_loss", "packet_drop", "packet_reject"]
LoadKind = Literal["overload"]
FaultKind = ProxyKind | ProcessKind | NetworkKind | LoadKind

PROXY_KINDS: Final = frozenset(get_args(ProxyKind))
PROCESS_KINDS: Final = frozenset(get_args(ProcessKind))
NETWORK_KINDS: Final = frozenset(get_args(NetworkKind))


class Keys(NamedTuple):
    """What a kind must be told, and what it may be."""

    needed: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


_OF_PACKETS: Final = ("interface", "namespace")
KEYS_OF: Final[Mapping[str, Keys]] = MappingProxyType(
    {
        "latency": Keys(("latency",), ("jitter", "distribution")),
        "bandwidth": Keys(("kilobytes_per_s",)),
        "slow_close": Keys(("delay",)),
        "timeout": Keys((), ("after",)),
        "reset_peer": Keys((), ("after",)),
        "slicer": Keys(("average_size",), ("size_variation", "delay")),
        "limit_data": Keys(("bytes",), ("part",)),
        "black_hole": Keys((), ("where",)),
        "http_error": Keys(("http_status",), ("retry_after",)),
        "drop_answer": Keys((), ("then",)),
        "duplicate": Keys((), ("copies",)),
        "garbage": Keys((), ("bytes",)),
        "slow_disk": Keys(("delay",)),
        "clock_jump": Keys(("by",)),
        "packet_delay": Keys(("delay", "interface"), ("jitter", "namespace")),
        "packet_loss": Keys(("loss", "interface"), ("namespace",)),
        "packet_drop": Keys((), _OF_PACKETS),
        "packet_reject": Keys((), _OF_PACKETS),
        "overload": Keys(("stage",)),
    }
)
"""Keys of single kinds, by kind; a kind that is not here has none of its own."""
_KINDS_OF: Final = {
    key: tuple(kind for kind, keys in KEYS_OF.items() if key in keys.needed + keys.allowed)
    for key in dict.fromkeys(key for keys in KEYS_OF.values() for key in keys.needed + keys.allowed)
}
_ONLY_PROXIED: Final = ("direction", "scope", "share")


class Fault(Table):
    """One `[[faults]]`: what is done to the target, when, and for how long."""

    name: Name = Field(description="What the report calls this fault; each fault has its own name.")
    kind: FaultKind = Field(
        description="What is done. By the fault proxy: noop, latency, bandwidth, slow_close, timeout, reset_peer, "
        "slicer, limit_data, black_hole, refuse, http_error, drop_answer, duplicate, garbage, tls_stall. To the "
        "target's process: pause, kill, stop, database_lock, slow_disk, clock_jump. To packets, by the kernel: "
        "packet_delay, packet_loss, packet_drop, packet_reject. By the load itself: overload."
    )
    at_s: DurationOrNone | None = Field(
        default=None,
        alias="at",
        description="When it is injected, on the run's clock. An overload begins with its stage.",
    )
    for_s: Duration | None = Field(
        default=None, alias="for", description="How long it lasts until it is healed. An overload lasts as its stage."
    )
    repeat: Whole = Field(
        default=1, ge=1, le=100, description="How often it is injected, for a distribution of what it costs."
    )
    pause_s: Duration | None = Field(
        default=None, alias="pause", description="Time from healing to the next injection; needed with repeat."
    )
    direction: Literal["upstream", "downstream"] | None = Field(
        default=None,
        description="Fault proxy: upstream, towards the target, so that what is lost was never applied; downstream, on "
        "the way back, so that it was applied and the client does not know. Without it, as the kind is.",
    )
    scope: Literal["request", "connection"] | None = Field(
        default=None,
        description="Fault proxy: what share is a share of; without it, requests where the kind can tell them apart.",
    )
    share: Share = Field(default=1.0, description="Fault proxy: share of the requests or connections that it befalls.")
    latency_s: Duration | None = Field(default=None, alias="latency", description="latency: how long each waits.")
    jitter_s: DurationOrNone | None = Field(
        default=None, alias="jitter", description="latency, packet_delay: by how much that varies."
    )
    distribution: Literal["uniform", "normal", "exponential", "pareto"] | None = Field(
        default=None, description="latency: how the jitter is distributed; without it, uniform."
    )
    kilobytes_per_s: Whole | None = Field(default=None, ge=1, le=10_000_000, description="bandwidth: of 1,000 bytes.")
    delay_s: Duration | None = Field(
        default=None,
        alias="delay",
        description="slow_close: before closing. slicer: between slices. slow_disk: for each commit. packet_delay: for "
        "each packet.",
    )
    after_s: DurationOrNone | None = Field(
        default=None,
        alias="after",
        description="timeout: when the connection is closed; without it, when healed. reset_peer: when it is reset.",
    )
    average_size: Whole | None = Field(default=None, ge=1, le=1_000_000, description="slicer: bytes of a slice.")
    size_variation: Whole | None = Field(
        default=None, ge=0, le=1_000_000, description="slicer: by how many bytes a slice may be larger or smaller."
    )
    bytes: Whole | None = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="limit_data: after how many bytes it is cut. garbage: how many random bytes come.",
    )
    part: Literal["stream", "body"] | None = Field(
        default=None, description="limit_data: what the bytes are counted of; without it, the stream."
    )
    where: Literal["open", "connect", "both"] | None = Field(
        default=None, description="black_hole: which connections get no answer; without it, both."
    )
    http_status: Literal[429, 500, 502, 503, 504] | None = Field(
        default=None, description="http_error: what is answered in the target's place, which never sees the request."
    )
    retry_after_s: Duration | None = Field(
        default=None, alias="retry_after", description="http_error: Retry-After of the answer; without it, none."
    )
    then: Literal["hang", "close", "reset"] | None = Field(
        default=None, description="drop_answer: what the client sees in the answer's place; without it, hang."
    )
    copies: Whole | None = Field(default=None, ge=1, le=5, description="duplicate: further times it is delivered.")
    by_s: Duration | None = Field(
        default=None, alias="by", description="clock_jump: how far the target's clock jumps forward, for its tokens."
    )
    loss: Percent | None = Field(default=None, description="packet_loss: share of the packets that are lost.")
    interface: HeaderText | None = Field(default=None, description="Packets: network interface they go through.")
    namespace: HeaderText | None = Field(default=None, description="Packets: network namespace that it is in.")
    stage: Text | None = Field(default=None, description="overload: name of the stage that is too much.")

    def told(self) -> Mapping[str, float | int | str]:
        """Return what the file tells this kind, by key: durations in seconds."""
        values = {key: getattr(self, _ATTRIBUTE_OF.get(key, key)) for key in _KINDS_OF}
        return {key: value for key, value in values.items() if value is not None}

    def told_in_words(self) -> dict[str, str]:
        """Return the same as a person reads it: durations and shares with their units."""
        return {key: _in_words(key, value) for key, value in self.told().items()}


def _in_words(key: str, value: float | int | str) -> str:
    if _ATTRIBUTE_OF.get(key) == f"{key}_s":
        return format_duration(float(value))
    return format_share(float(value)) if key == "loss" else str(value)


_ATTRIBUTE_OF: Final = {
    field.alias: name for name, field in Fault.model_fields.items() if field.alias is not None and name != field.alias
}


def _problems(faults: Sequence[Fault], load: Load | None) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with faults that are each well-formed."""
    seen: set[str] = set()
    for index, fault in enumerate(faults):
        if fault.name in seen:
            yield (index, "name"), "another fault has this name; allowed is a name of its own"
        seen.add(fault.name)
        yield from (((index, key), said) for key, said in _of_kind(fault))
        if fault.kind == "overload":
            yield from (((index, key), said) for key, said in _of_overload(fault, load))
        else:
            yield from (((index, key), said) for key, said in _of_time(fault, load))


def _of_kind(fault: Fault) -> Iterator[tuple[str, str]]:
    keys, told = KEYS_OF.get(fault.kind, Keys()), fault.told()
    for key in keys.needed:
        if key not in told:
            yield key, MISSING
    for key in told:
        if key not in keys.needed + keys.allowed:
            kinds = " or ".join(f'"{kind}"' for kind in _KINDS_OF[key])
            yield key, f"for kind = {kinds} only: remove it"
    if fault.retry_after_s is not None and fault.retry_after_s % 1.0:
        yield "retry_after", "not whole seconds, and Retry-After knows no parts of one; allowed is 1s, 2s, ..."
    if fault.kind not in PROXY_KINDS:
        for key in _ONLY_PROXIED:
            if key in fault.model_fields_set:
                yield key, "for kinds of the fault proxy only: remove it"


def _of_overload(fault: Fault, load: Load | None) -> Iterator[tuple[str, str]]:
    for key, attribute in (("at", "at_s"), ("for", "for_s"), ("pause", "pause_s"), ("repeat", "repeat")):
        if attribute in fault.model_fields_set:
            yield key, "an overload is its stage, once: remove it"
    if fault.stage is None or load is None:
        return
    names = [stage.name for stage in load.stages]
    if fault.stage not in names:
        yield "stage", f"no stage has this name; allowed: {', '.join(names) or 'none, for the load has no stages'}"
    elif fault.stage == names[-1]:
        yield "stage", "the last stage; allowed is one with another after it, in which the target comes back"


def _of_time(fault: Fault, load: Load | None) -> Iterator[tuple[str, str]]:
    if fault.at_s is None:
        yield "at", MISSING
    if fault.for_s is None:
        yield "for", MISSING
    if fault.repeat > 1 and fault.pause_s is None:
        yield "pause", MISSING
    if fault.repeat == 1 and fault.pause_s is not None:
        yield "pause", "for repeat above 1 only: remove it"
    if fault.at_s is None or fault.for_s is None or load is None or not load.stages:
        return
    length_s = timed(load.stages)[-1].end_s
    ends_s = fault.at_s + fault.repeat * fault.for_s + (fault.repeat - 1) * (fault.pause_s or 0.0)
    if ends_s >= length_s:
        yield (
            "at",
            f"healed at {format_duration(ends_s)}, and the load ends at {format_duration(length_s)}, so that nobody "
            "sees it recover; allowed is an earlier time, or a longer last stage",
        )


def _check(raw: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> tuple[Fault, ...]:
    """Validate each fault, then all together: every problem in one error."""
    faults: tuple[Fault, ...] = handler(raw)
    load = info.data.get("load")
    errors = [problem_at(place, said) for place, said in _problems(faults, load if isinstance(load, Load) else None)]
    if errors:
        raise ValidationError.from_exception_data("faults", errors)
    return faults


Faults = Annotated[tuple[Fault, ...], WrapValidator(_check)]
