"""Reading an answer: the same however it is cut, what h11 makes of it, and what it refuses on purpose."""

import gzip
import re
import zlib
from typing import NamedTuple

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pwdload.api.http.answer import AnswerReader, Heads
from pwdload.api.http.exchange import Failure

HEAD_MAX, BODY_MAX = 4096, 1000


class Read(NamedTuple):
    """What came out: an answer, or the code of a failure."""

    code: str = ""
    status: int = 0
    body: bytes = b""
    keep_alive: bool = False

    @property
    def is_answer(self) -> bool:
        """Whether there is an answer."""
        return not self.code


def read(*pieces: bytes, bodiless: bool = False, body_max: int = BODY_MAX) -> Read:
    """Return what a reader makes of these pieces, after which the target closes: the same when it has met them."""
    heads: Heads = {}
    first, again = (read_knowing(heads, *pieces, bodiless=bodiless, body_max=body_max) for _ in range(2))
    assert first == again
    return first


def read_knowing(heads: Heads, *pieces: bytes, bodiless: bool = False, body_max: int = BODY_MAX) -> Read:
    """Return what a reader that has met these heads, and will have met this one, makes of the pieces."""
    reader = AnswerReader(HEAD_MAX, body_max, heads)
    reader.begin(bodiless=bodiless)
    try:
        for piece in pieces:
            reader.feed(piece)
            if reader.complete:
                break
        else:
            reader.end(cut=False)
        return Read("", reader.status, reader.body(), reader.keep_alive)
    except Failure as failure:
        return Read(failure.code.value)


def read_by_h11(data: bytes) -> tuple[int, bytes] | None:
    """Return status and body as h11 reads them; null where it refuses."""
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="POST", target="/", headers=[("Host", "t")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(data)
    status, body, closed = 0, b"", False
    while True:
        try:
            event = peer.next_event()
        except h11.RemoteProtocolError:
            return None
        match event:
            case h11.Response():
                status = event.status_code
            case h11.Data():
                body += event.data
            case h11.EndOfMessage():
                return status, body
            case h11.NEED_DATA if not closed:
                peer.receive_data(b"")
                closed = True
            case h11.InformationalResponse():
                pass
            case _:  # a switch of protocols, or the end of the connection
                return None


def head(*lines: str, first: str = "HTTP/1.1 200 OK") -> bytes:
    """Return the head of an answer."""
    return "\r\n".join((first, *lines, "", "")).encode("latin-1")


# Answers as a target may give them ---------------------------------------------------------------------------------

BODIES = st.binary(max_size=40) | st.sampled_from([b'{"status":"SUCCESS"}', b"\r\n\r\n", b"0\r\n\r\n", b"HTTP/1.1 200"])
HEADERS = st.lists(
    st.sampled_from(
        [
            "Date: Mon, 23 Nov 2026 10:00:00 GMT",
            "X:",
            "X-Y: \t z \t",
            "Connection: close",
            "Connection: keep-alive",
            "Set-Cookie: a=b; c=d",
            "x-latin: \xe9",
        ]
    ),
    max_size=4,
    unique_by=lambda line: line.partition(":")[0],
)


def chunked(body: bytes, sizes: list[int], extension: str, trailer: str) -> bytes:
    """Return a body in chunks of these sizes, the last one taking the rest."""
    parts = []
    for size in [*sizes, len(body)]:
        if piece := body[:size]:
            parts.append(f"{len(piece):x}{extension}\r\n".encode() + piece + b"\r\n")
        body = body[size:]
    return b"".join(parts) + b"0\r\n" + trailer.encode() + b"\r\n"


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Draw a well-formed answer."""
    interim = draw(st.sampled_from(["", "", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"]))
    version, status = draw(st.sampled_from("01")), draw(st.sampled_from([200, 204, 304, 400, 401, 500, 503, 599]))
    reason = draw(st.sampled_from(["OK", "", "Not \xe9 reason\tat all"]))
    body, headers = draw(BODIES), draw(HEADERS)
    first = f"HTTP/1.{version} {status} {reason}"
    framing = draw(st.sampled_from(["length", "chunked", "close"])) if status not in (204, 304) else "none"
    if framing == "length":
        rest = head(
            *headers, f"{draw(st.sampled_from(['Content-Length', 'content-length']))}: {len(body)}", first=first
        )
        rest += body
    elif framing == "chunked" and version == "1":
        sizes, extension = draw(st.lists(st.integers(1, 9), max_size=3)), draw(st.sampled_from(["", ";a=b"]))
        rest = head(*headers, "Transfer-Encoding: Chunked", first=first)
        rest += chunked(body, sizes, extension, draw(st.sampled_from(["", "X-Sum: 1\r\n"])))
    else:
        rest = head(*headers, first=first) + (b"" if framing == "none" else body)
    return interim.encode() + rest


@st.composite
def slightly_broken(draw: st.DrawFn) -> bytes:
    """Draw an answer with one or two bytes lost, put in, or changed, or a line said twice."""
    data = draw(answers())
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(data)))
        put = draw(st.sampled_from([b"\r", b"\n", b" ", b"\t", b"\0", b":", b"0", b"7", b"\x7f", b"x", b";", b"\r\n"]))
        lost = draw(st.integers(0, 3))
        data = data[:at] + draw(st.sampled_from([put, b""])) + data[at + lost :]
    lines = data.splitlines(keepends=True)
    if draw(st.booleans()) and lines:
        again = draw(st.integers(0, len(lines) - 1))
        lines.insert(draw(st.integers(0, len(lines))), lines[again])
    return b"".join(lines)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    """Cut at these places."""
    places = sorted({place % (len(data) + 1) for place in at})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True) if a < b]


@given(answers())
def test_every_well_formed_answer_is_read_as_h11_reads_it(data: bytes) -> None:
    """A second, independent reader agrees on status and body of whatever a correct target sends."""
    ours = read(data)
    assert ours.is_answer, ours.code
    assert (ours.status, ours.body) == read_by_h11(data)


# Where we refuse what h11 takes: each is a way in which two readers could disagree about where an answer ends.
STRICTER = {
    "bare LF": rb"(?<!\r)\n",
    "control character in the head": rb"(?s)[\x01-\x08\x0b\x0c\x0e-\x1f\x7f].*\r\n\r\n",
    "folded header": rb"\n[ \t]",
    "two lengths": rb"(?is)content-length:.*\ncontent-length:",
    "length and chunks": rb"(?is)(transfer-encoding:.*content-length:)|(content-length:.*transfer-encoding:)",
    "another version": rb"HTTP/(?!1\.[01] )",
    "interim answer with a body": rb"(?is)HTTP/1\.. 1\d\d.*(content-length|transfer-encoding):",
}


@given(slightly_broken())
def test_a_broken_answer_is_never_a_success_where_h11_refuses_it(data: bytes) -> None:
    """What another careful reader calls broken is not counted as answered; the reverse only for a stated reason."""
    ours, theirs = read(data), read_by_h11(data)
    if theirs is None:
        assert not ours.is_answer, data
    elif ours.is_answer:
        assert (ours.status, ours.body) == theirs
    else:
        assert any(re.search(pattern, data) for pattern in STRICTER.values()), (ours.code, data)


@given(answers() | slightly_broken(), st.lists(st.integers(0, 400), max_size=8))
@example(head("Content-Encoding: gzip", f"Content-Length: {2}") + b"{}", [9, 40])
def test_it_does_not_matter_how_an_answer_is_cut(data: bytes, at: list[int]) -> None:
    """Packets fall as they fall: the exchange is the same."""
    whole, pieces = read(data), read(*cut(data, at))
    # What follows an answer may still be on its way when the last byte of the answer is there.
    assert pieces._replace(keep_alive=False) == whole._replace(keep_alive=False)


@given(answers() | slightly_broken(), answers() | slightly_broken(), st.integers(0, 500), st.booleans(), st.booleans())
@example(head("Content-Length: 2") + b"{}", head("Content-Length: 2") + b"{}HTTP/1.1 200 OK\r\n\r\n", 0, True, False)
@example(head("Transfer-Encoding: chunked") + b"1\r\n{\r\n0\r\n\r\n", b"", 20, False, False)
@example(head("Content-Length: 0"), head("Content-Length: 0") + b"{}", 0, True, False)
def test_heads_that_are_known_change_nothing(met: bytes, data: bytes, at: int, same: bool, bodiless: bool) -> None:
    """What was learned from one answer is used for none that a reader without a memory would read otherwise."""
    known, _, body = met.partition(b"\r\n\r\n")
    following = known + b"\r\n\r\n" + (data if same else body[::-1]) if at % 2 else data
    heads: Heads = {}
    read_knowing(heads, met)
    for pieces in ([following], cut(following, [at]), [met], [met + b"x"], [met[:-1]]):
        for body_max in (BODY_MAX, max(len(body) - 1, 0)):
            fresh = read_knowing({}, *pieces, bodiless=bodiless, body_max=body_max)
            assert read_knowing(dict(heads), *pieces, bodiless=bodiless, body_max=body_max) == fresh


def test_a_known_head_is_read_without_the_parser_and_forgotten_in_time() -> None:
    """The memory is used, or it would be tested above for nothing; and it has an end."""
    heads: Heads = {}
    data = head("Content-Length: 2") + b"{}"
    assert read_knowing(heads, data) == Read("", 200, b"{}", keep_alive=True)
    heads[data[:-2]] = heads[data[:-2]]._replace(status=299)
    assert read_knowing(heads, data).status == 299
    for number in range(1000):
        read_knowing(heads, head("Content-Length: 2", f"X-Request: {number}") + b"{}")
    assert len(heads) <= 256


@given(st.lists(st.binary(max_size=60), max_size=4), st.booleans())
def test_any_bytes_give_an_answer_or_a_code(parts: list[bytes], plausible: bool) -> None:
    """Nothing that a target sends gets out as an exception."""
    read(*([b"HTTP/1.1 200 OK\r\n"] if plausible else []), *parts)


@pytest.mark.parametrize(
    "data",
    [
        head("Content-Length: 2", "Content-Length: 2") + b"{}",
        head("Content-Length: 2", "Content-Length: 3") + b"{}",
        head("Content-Length: 2, 2") + b"{}",
        head("Content-Length: 2", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked", first="HTTP/1.0 200 OK") + b"2\r\n{}\r\n0\r\n\r\n",
        head("Transfer-Encoding: gzip, chunked") + b"2\r\n{}\r\n0\r\n\r\n",
        head("Transfer-Encoding: gzip") + b"{}",
        head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
        head("Content-Length: -2") + b"{}",
        head("Content-Length: 99999999999999999999") + b"{}",
        head("Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n{}",
        head("Transfer-Encoding: chunked") + b"2\r\n{}0\r\n\r\n",
        head("X: a\r\n b", "Content-Length: 2") + b"{}",
        head("Content-Length : 2") + b"{}",
        head("Content-Length: 2").replace(b"\r", b"") + b"{}",
        head("Content-Length: 2", first="HTTP/2.0 200 OK") + b"{}",
        head("Content-Length: 2", first="HTTP/1.1 020 OK") + b"{}",
        head("Content-Length: 2", first="HTTP/1.1 200 O\0K") + b"{}",
        head("Upgrade: h2c", "Connection: upgrade", first="HTTP/1.1 101 Switching"),
        head("Content-Length: 9", first="HTTP/1.1 102 Processing") + head("Content-Length: 2") + b"{}",
        b"<html>",
    ],
)
def test_an_answer_with_doubtful_framing_is_refused(data: bytes) -> None:
    """Where two readers could disagree about where an answer ends, it is none."""
    assert read(data).code == "malformed"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nConten",
        head("Content-Length: 3") + b"{}",
        head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n",
        head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nX: y\r\n",
        head(first="HTTP/1.1 100 Continue"),
    ],
)
def test_an_answer_that_ends_too_early_is_truncated(data: bytes) -> None:
    """Half an answer is none, chunks without the last one and an interim answer alone included."""
    assert read(data).code == "truncated"


@pytest.mark.parametrize(
    ("surplus", "kept"), [(b"", True), (b"HTTP/1.1 200 OK\r\n\r\n", False), (b"H", False), (b"\0", False)]
)
def test_what_follows_an_answer_ends_the_connection_and_changes_nothing_else(surplus: bytes, kept: bool) -> None:
    """An answer stands as its length says; bytes behind it cannot get into it, nor into the next."""
    assert read(head("Content-Length: 2") + b"{}" + surplus) == Read("", 200, b"{}", kept)


@pytest.mark.parametrize("line", ["Connection: close", "connection: Keep-Alive, CLOSE"])
def test_a_target_that_says_close_is_believed(line: str) -> None:
    """A connection is not used again once the target has announced its end."""
    assert read(head(line, "Content-Length: 2") + b"{}") == Read("", 200, b"{}", keep_alive=False)


@pytest.mark.parametrize("status", [204, 304])
def test_204_and_304_have_no_body_whatever_they_say(status: int) -> None:
    """The bytes behind such a head belong to no answer."""
    data = head("Content-Length: 2", first=f"HTTP/1.1 {status} X")
    assert read(data) == Read("", status, b"", keep_alive=True)
    assert read(data + b"{}") == Read("", status, b"", keep_alive=False)


@pytest.mark.parametrize("line", ["Content-Length: 5000000", "Transfer-Encoding: chunked", "X: y"])
def test_the_answer_to_head_ends_with_its_head(line: str) -> None:
    """HEAD announces a body that never comes: waiting for it would be a time-out that nobody caused."""
    assert read(head(line), bodiless=True) == Read("", 200, b"", keep_alive=False)
    interim = head(first="HTTP/1.1 100 Continue")
    assert read(interim, head(line), bodiless=True).status == 200


# Sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 2, 50])
@pytest.mark.parametrize(("over", "code"), [(0, ""), (1, "too_large")])
def test_the_limits_fall_on_the_same_byte_however_the_answer_is_cut(pieces: int, over: int, code: str) -> None:
    """A head of exactly the limit is read, one byte more is not; likewise a body."""
    bare = len(head("Content-Length: 2", "X: "))
    big_head = head("Content-Length: 2", "X: " + "y" * (HEAD_MAX - bare + over)) + b"{}"
    big_body = head(f"Content-Length: {BODY_MAX + over}") + bytes(BODY_MAX + over)
    for data in (big_head, big_body):
        step = -(-len(data) // pieces)
        assert read(*(data[at : at + step] for at in range(0, len(data), step))).code == code


@pytest.mark.parametrize(
    "data",
    [
        head(first="HTTP/1.1 100 Continue") * 1000,
        head("Transfer-Encoding: chunked") + b"1;" + b"x" * 6000 + b"\r\ny\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"0\r\nX: " + b"y" * 6000 + b"\r\n\r\n",
    ],
    ids=["interim answers", "chunk extension", "trailer"],
)
def test_no_part_of_an_answer_is_without_limit(data: bytes) -> None:
    """What is neither head nor body cannot fill the memory either."""
    assert read(data).code == "too_large"


# Content codings ---------------------------------------------------------------------------------------------------


def deflated(body: bytes, window: int) -> bytes:
    """Compress into a zlib stream, or a bare one where the window is negative."""
    compressor = zlib.compressobj(wbits=window)
    return compressor.compress(body) + compressor.flush()


def encoded(coding: str, body: bytes) -> bytes:
    """Return an answer with this coding and these bytes."""
    return head(f"Content-Encoding: {coding}", f"Content-Length: {len(body)}") + body


@given(st.binary(max_size=300))
def test_a_compressed_body_is_the_body(body: bytes) -> None:
    """Compression between target and client does not show in what is judged."""
    for coding, sent in {
        "gzip": gzip.compress(body),
        "x-GZIP": gzip.compress(body[:9]) + gzip.compress(body[9:]),
        "deflate": zlib.compress(body),
        "Deflate": deflated(body, -15),
        "identity": body,
    }.items():
        assert read(encoded(coding, sent))[:3] == ("", 200, body)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"{}"),
        ("gzip", gzip.compress(b"{}")[:-1]),
        ("gzip", gzip.compress(b"{}") + b"{}"),
        ("gzip", gzip.compress(b"{}")[:-8] + bytes(8)),
        ("deflate", b"{}"),
        ("deflate", zlib.compress(b"{}") + b"{}"),
        ("br", b"{}"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
    ],
    ids=["not gzip", "cut", "surplus", "checksum", "not deflate", "surplus deflate", "unknown", "twice"],
)
def test_a_body_that_cannot_be_decoded_is_no_answer(coding: str, body: bytes) -> None:
    """Whether damaged or in a coding unknown here, nothing is guessed."""
    assert read(encoded(coding, body)).code == "coding"


@pytest.mark.parametrize(("members", "code"), [(100, ""), (101, "coding")])
def test_a_body_of_countless_members_is_no_answer(members: int, code: str) -> None:
    """Each member costs a copy of all behind it: a body of empty ones would stop every user of the generator."""
    assert read(encoded("gzip", gzip.compress(b"") * members), body_max=10_000).code == code


@pytest.mark.parametrize("packed", [gzip.compress(bytes(10**6)), gzip.compress(bytes(900)) * 2], ids=["one", "two"])
def test_a_decompression_bomb_is_too_large(packed: bytes) -> None:
    """A body that is small on the wire is held against the same limit as any other, all members together."""
    assert len(packed) < BODY_MAX + HEAD_MAX
    assert read(encoded("gzip", packed)).code == "too_large"
