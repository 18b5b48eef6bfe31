"""The search for secrets finds a planted leak in every form, so that finding none means something."""

import gzip
import zipfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.canary import Canaries, forms, unpacked

SECRET = 'pä"<7&>\\ R+x/Q~zW'
CANARIES = Canaries({SECRET: "password", "short": "too short", "another-secret-of-many": "token"})
NOISE = bytes(range(256)) * 40


@pytest.mark.parametrize(("form", "text"), list(forms(SECRET.encode())), ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("at", [0, 1, 2**20 - 9, 2**20 + 1])
def test_every_form_is_found_wherever_it_stands(form: str, text: bytes, at: int) -> None:
    """Plain, base64, URL-encoded, hex, escaped for JSON or HTML; also over the seam of two pieces."""
    content = (b"-" * at) + text + NOISE
    assert (form, "password") in {(leak.form, leak.what) for leak in CANARIES.leaks("x", content)}
    assert not list(CANARIES.leaks("x", content.replace(text, text[:-2])))


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_base64_of_something_around_it_is_found(before: int, encode: Callable[[bytes], bytes]) -> None:
    """A secret in the middle of what is encoded has one of three forms, by where it begins."""
    content = encode(b"u" * before + SECRET.encode() + b":more")
    assert [leak.what for leak in CANARIES.leaks("x", b"Basic " + content)]


def test_what_is_packed_is_looked_into(tmp_path: Path) -> None:
    """A column of a table, a member of an archive, a compressed file, a compressed block, a name of a file."""
    table = pa.table({"a": ["x", SECRET]})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    (tmp_path / "b.gz").write_bytes(gzip.compress(SECRET.encode()))
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("d", SECRET * 9)
    many = pa.table({"a": [f"{number} {SECRET}" for number in range(500)]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, many.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_table(many)
    (tmp_path / "e.arrows").write_bytes(b"\0" * 7 + sink.getvalue().to_pybytes() + b"more")
    (tmp_path / "another-secret-of-many").mkdir()
    (tmp_path / "another-secret-of-many" / "f").touch()
    (tmp_path / "run_secret.key").write_text(SECRET)
    found = {leak.place for leak in CANARIES.leaks_below(tmp_path, allowed={"run_secret.key"})}
    assert found == {"a.parquet", "b.gz", "c.zip", "e.arrows", "another-secret-of-many/f"}


def test_nothing_is_found_where_nothing_is() -> None:
    """No false alarm, whatever the bytes."""
    assert not list(CANARIES.leaks("x", NOISE * 200 + b"short"))
    assert not list(CANARIES.leaks("x", b""))
    assert not list(unpacked(b"\x28\xb5\x2f\xfd" + NOISE))
