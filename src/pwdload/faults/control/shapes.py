"""Proxies and toxics as the JSON objects of Toxiproxy's API, and back.

What the embedded proxy has beyond Toxiproxy (``scope``, ``seed``, ``tls``, some attributes) is written only where it
was asked for: what an existing client reads back is then what a real Toxiproxy would have said.
"""

from dataclasses import asdict, dataclass

from pwdload.faults.control.fields import Fields
from pwdload.faults.control.refusal import Refusal, bad_body
from pwdload.faults.kinds import KINDS, noop
from pwdload.faults.toxic import Scope, Stream, Toxic

LISTEN_DEFAULT = "127.0.0.1:0"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSpec:
    """How a proxy ends TLS, as it is asked for; files are those of the machine that the proxy runs on."""

    server_name: str = ""
    """The name that the target must prove, and clients are shown; empty: the host of `upstream`."""
    ca_file: str = ""
    """Whom to believe that the target is the target, in PEM format; empty: whom this machine believes."""
    certificate: str = ""
    """Whom to be towards the target, in PEM format; empty: nobody."""
    key: str = ""
    """The certificate's private key; empty: it is in the same file."""

    def document(self) -> dict[str, object]:
        """Return it as JSON, without what was not said."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySpec:
    """A proxy as it is asked for."""

    name: str
    listen: str
    upstream: str
    enabled: bool = True
    tls: TlsSpec | None = None
    """Null: bytes are passed on as they are."""


def read_proxy(fields: Fields, hint: str = "") -> ProxySpec:
    """Read a proxy that is to be made; `hint` tells which one of several it is.

    Raises:
        Refusal: a field is missing, or of another type.
    """
    return ProxySpec(
        name=_name(fields.mandatory("name", hint)),
        upstream=fields.mandatory("upstream", hint),
        listen=fields.text("listen") or LISTEN_DEFAULT,
        enabled=fields.flag("enabled", default=True),
        tls=_tls(fields.nested("tls")),
    )


def _tls(fields: Fields | None) -> TlsSpec | None:
    if fields is None:
        return None
    return TlsSpec(**{name: fields.text(name) for name in ("server_name", "ca_file", "certificate", "key")})


def read_proxies(document: object) -> list[ProxySpec]:
    """Read the body of ``/populate``: a list of proxies, or an object that has it as ``proxies``.

    Raises:
        Refusal: one of them cannot be read, or has the name of another.
    """
    items = document.get("proxies") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise bad_body("not a list of proxies")
    specs = [read_proxy(Fields(item, where=f"proxy {n}: "), f" at proxy {n}") for n, item in enumerate(items, 1)]
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise bad_body(f"duplicate proxy name {name!r}")
    return specs


def read_toxic(fields: Fields) -> Toxic:
    """Read a toxic that is to be added, with Toxiproxy's defaults where its kind allows them.

    Raises:
        Refusal: a field is of another type, or not one of the words allowed.
    """
    kind = fields.text("type")
    known = KINDS.get(kind, noop.KIND)
    stream = _stream(fields, Stream.DOWNSTREAM if Stream.DOWNSTREAM in known.streams else known.streams[0])
    return Toxic(
        name=_name(fields.text("name") or f"{kind}_{stream}"),
        kind=kind,
        stream=stream,
        toxicity=fields.number("toxicity", 1.0),
        scope=_scope(fields, Scope.CONNECTION if Scope.CONNECTION in known.scopes else known.scopes[0]),
        seed=fields.whole("seed", 0),
        attributes=fields.attributes("attributes"),
    )


def read_update(fields: Fields, toxic: Toxic) -> Toxic:
    """Read what is to be changed of a toxic; its name, kind and stream stay.

    Raises:
        Refusal: a field is of another type, or not one of the words allowed.
    """
    return Toxic(
        name=toxic.name,
        kind=toxic.kind,
        stream=toxic.stream,
        toxicity=fields.number("toxicity", toxic.toxicity),
        scope=_scope(fields, toxic.scope),
        seed=fields.whole("seed", toxic.seed),
        attributes={**toxic.attributes, **fields.attributes("attributes")},
    )


def toxic_document(toxic: Toxic) -> dict[str, object]:
    """Return a toxic as JSON."""
    document: dict[str, object] = {
        "attributes": {name: value for name, value in toxic.attributes.items() if not _is_unsaid(toxic, name, value)},
        "name": toxic.name,
        "type": toxic.kind,
        "stream": toxic.stream.value,
        "toxicity": toxic.toxicity,
    }
    if toxic.scope is not Scope.CONNECTION:
        document["scope"] = toxic.scope.value
    if toxic.seed:
        document["seed"] = toxic.seed
    return document


def _name(text: str) -> str:
    """Return a name that can be part of a path: what could not be asked for again could not be healed by its name."""
    if "/" in text or text in (".", ".."):
        raise bad_body(f"name: {text!r} cannot be part of a URL; leave out slashes")
    return text


def _is_unsaid(toxic: Toxic, name: str, value: object) -> bool:
    """Whether an attribute is a text at its default: Toxiproxy's are numbers, and some clients take nothing else."""
    return isinstance(value, str) and value == KINDS[toxic.kind].attributes[name].default


def _stream(fields: Fields, default: Stream) -> Stream:
    text = fields.text("stream") or default
    try:
        return Stream(text)
    except ValueError:
        raise Refusal(400, "stream was invalid, can be either upstream or downstream") from None


def _scope(fields: Fields, default: Scope) -> Scope:
    text = fields.text("scope") or default
    try:
        return Scope(text)
    except ValueError:
        raise bad_body(f"scope: {text!r} is not one of {', '.join(Scope)}") from None
