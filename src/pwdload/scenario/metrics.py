"""The table [target.metrics]: where what the target says of itself is found, and what its numbers are."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from pwdload.scenario.fields import Duration, FilePath, checked_url
from pwdload.units import format_duration

MetricUnit = Literal["cores", "bytes", "share", "per_s", "s", "number"]
QUERIES_MAX: Final = 20
TOKEN_VARIABLE: Final = "PWDLOAD_METRICS_TOKEN"  # noqa: S105 - the name of the variable, not its value
_URL: Final = r"^https?://(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?$"
_URL_WORDS: Final = "http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH], without query or user"
_UNITS: Final[Mapping[str, MetricUnit]] = {
    "cores": "cores",
    "bytes": "bytes",
    "share": "share",
    "per_s": "per_s",
    "s": "s",
}
_USUAL: Final[Mapping[str, MetricUnit]] = {"cpu": "cores", "memory": "bytes"}


def unit_of_metric(name: str) -> MetricUnit:
    """Return what a metric's numbers are, by its name: cpu is cores in use, memory bytes, else what it ends with.

    ``_share`` is a part of what there is, from 0 to 1; whatever ends with no unit is a plain number.
    """
    if name in _USUAL:
        return _USUAL[name]
    return next((unit for end, unit in _UNITS.items() if name.endswith(f"_{end}")), "number")


def _prometheus_url(value: str) -> str:
    if "@" in value:
        raise ValueError(f"has a user in it, and secrets come from the environment only: set {TOKEN_VARIABLE} there")
    return checked_url(value, _URL, "the URL of a Prometheus", _URL_WORDS)


PrometheusUrl = Annotated[
    str,
    Strict(),
    AfterValidator(_prometheus_url),
    WithJsonSchema(
        {"type": "string", "title": _URL_WORDS, "pattern": _URL, "examples": ["http://prometheus.example.com:9090"]}
    ),
]
"""Where a Prometheus, or what speaks its HTTP API, listens; without a slash at the end."""
Query = Annotated[
    str,
    Strict(),
    Field(min_length=1, max_length=2_000, json_schema_extra={"title": "PromQL"}),
]
MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class MetricsTable(BaseModel):
    """What the target says of itself. Nothing of it can fail a run: what cannot be had is a caveat of the report."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prometheus: PrometheusUrl | None = Field(
        default=None,
        description="A Prometheus that is asked when the load has ended; on loopback, or on a host that [target] allow "
        f"or --allow-host names. {TOKEN_VARIABLE} in the environment is sent as its bearer token.",
    )
    queries: Mapping[MetricName, Query] = Field(
        default_factory=dict,
        max_length=QUERIES_MAX,
        description="PromQL by name, each of which must give one series. The name says what the numbers are: cpu (or "
        "..._cores) is cores in use, memory (or ..._bytes) bytes, ..._share a part from 0 to 1, ..._per_s a rate, "
        "..._s seconds.",
    )
    csv: FilePath | None = Field(
        default=None,
        description="Or a CSV file that is there when the load has ended: a column time (UTC, ISO 8601 or seconds "
        "since 1970) and one per metric, named as queries are.",
    )
    cores: Annotated[float, Strict(), Field(gt=0, le=100_000, allow_inf_nan=False)] | None = Field(
        default=None, description="How many CPU cores the target has, which cpu is held against."
    )
    step_s: Duration = Field(
        default="5s", alias="step", validate_default=True, description="Time between two values of a query."
    )
    timeout_s: Duration = Field(
        default="10s", alias="timeout", validate_default=True, description="How long each query may take."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the metrics that are asked for; of a CSV file only it knows."""
        return tuple(self.queries)

    @field_validator("queries")
    @classmethod
    def _asked_of_somebody(cls, value: Mapping[str, str], info: ValidationInfo) -> Mapping[str, str]:
        if value and info.data.get("prometheus", ...) is None:
            raise ValueError('asked of nobody; allowed beside prometheus = "http://HOST:PORT"')
        return value

    @field_validator("csv")
    @classmethod
    def _one_source(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("prometheus") is not None:
            raise ValueError("a second source; allowed is one of prometheus and csv")
        return value

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.prometheus is None and self.csv is None:
            raise ValueError('says nothing; give prometheus = "http://HOST:PORT" with queries, or csv = "metrics.csv"')
        if self.prometheus is not None and not self.queries:
            raise ValueError("nothing is asked of prometheus; give queries = { cpu = 'sum(rate(...[30s]))' }")
        return self


def metrics_lines(table: MetricsTable | None) -> Iterator[str]:
    """Yield where the target's metrics come from, for the plan of a scenario; nothing where none are stated."""
    if table is None:
        return
    if table.csv is not None:
        yield f"from {table.csv}, as it is when the load has ended"
    else:
        yield f"from {table.prometheus}, one value every {format_duration(table.step_s)}: {', '.join(table.names)}"
    if table.cores is not None:
        yield f"the target has {table.cores:g} cores"
