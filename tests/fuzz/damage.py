"""What can become of a file: cut, empty, rubbish, gone, a folder, or of the right form with wrong things in it."""

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
ODD_NUMBERS = (-1, 0, 1, 7, 2**31, 2**63, 10**40, -0.5, 1e-300, 1e308, -1e308)
ODD_TEXTS = (
    "",
    " ",
    "x",
    "-1",
    "1e999",
    "NaN",
    "inf",
    "\x00",
    "\n",
    "状态",
    "a" * 300,
    "../..",
    "2026-13-45T99:99:99Z",
)
ODD: tuple[object, ...] = (None, True, [], {}, [[]], {"": None}, float("nan"), float("inf"), *ODD_NUMBERS, *ODD_TEXTS)


STORED = (None, -1, 0, 7, 2**40, 2**63 - 1, -0.5, 1e308, float("inf"), b"\xff\x00")


def damage(draw: Draw, path: Path) -> None:
    """Damage a file in one of the ways there are, half of the time in its own form."""
    inner = _INNER.get(path.suffix)
    ways = [_gone, _folder, _empty, _rubbish, _cut, _flipped, _doubled]
    way = inner if inner is not None and draw(st.booleans()) else draw(st.sampled_from(ways))
    way(draw, path)


def _gone(_: Draw, path: Path) -> None:
    path.unlink()


def _folder(_: Draw, path: Path) -> None:
    path.unlink()
    path.mkdir()


def _empty(_: Draw, path: Path) -> None:
    path.write_bytes(b"")


def _rubbish(draw: Draw, path: Path) -> None:
    path.write_bytes(draw(st.binary(max_size=200)))


def _cut(draw: Draw, path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw(st.integers(0, max(len(content) - 1, 0)))])


def _flipped(draw: Draw, path: Path) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(1, 3))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] ^= 1 << draw(st.integers(0, 7))
    path.write_bytes(content)


def _doubled(_: Draw, path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)


def _json(draw: Draw, path: Path) -> None:
    """Put something odd in the place of a value, drop one, or add one that nobody knows."""
    document = json.loads(path.read_bytes())
    for _ in range(draw(st.integers(1, 2))):
        document = _changed(draw, document)
    path.write_text(json.dumps(document), "utf-8", errors="surrogatepass")


def _changed(draw: Draw, value: Any) -> Any:
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(ODD))
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    if draw(st.integers(0, 5)) == 0:
        del value[key]
    elif isinstance(value, list) and draw(st.integers(0, 5)) == 0:
        value.append(value[key])
    else:
        value[key] = _changed(draw, value[key])
    return value


def _csv(draw: Draw, path: Path) -> None:
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    for _ in range(draw(st.integers(1, 3))):
        row = rows[draw(st.integers(0, len(rows) - 1))]
        at = draw(st.integers(0, max(len(row) - 1, 0)))
        match draw(st.sampled_from(["cell", "less", "more", "row", "copy"])):
            case "cell" if row:
                row[at] = str(draw(st.sampled_from(ODD)))
            case "less" if row:
                del row[at]
            case "more":
                row.append("more")
            case "row" if len(rows) > 1:
                rows.remove(row)
            case _:
                rows.append(list(row))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", escapechar="\\").writerows(rows)
    path.write_text(out.getvalue(), "utf-8", errors="surrogatepass")


def _toml(draw: Draw, path: Path) -> None:
    """Change lines of a document: drop, double, or give a key another value."""
    lines = path.read_text("utf-8").splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        match draw(st.sampled_from(["drop", "double", "value", "value", "value", "key", "text"])):
            case "drop" if lines:
                del lines[at]
            case "double" if lines:
                lines.append(lines[at])
            case "value" if lines and "=" in lines[at]:
                lines[at] = f"{lines[at].partition('=')[0]}= {draw(TOML_VALUES)}"
            case "key":
                lines.insert(at, f"{draw(st.sampled_from(['host', 'x', 'client_secret', 'p95', 'rate']))} = 1")
            case _:
                lines.insert(at, draw(st.text(max_size=20)))
    path.write_text("\n".join(lines), "utf-8", errors="replace")


TOML_VALUES = st.one_of(
    st.sampled_from(
        (
            *(
                "1",
                "-1",
                "0",
                "1e400",
                "nan",
                "inf",
                "true",
                '""',
                '"x"',
                "[]",
                "{}",
                "[[]]",
                "{ a = 1 }",
                "1979-05-27",
            ),
            *('"50/s"', '"10%"', '"5s"', '"-5s"', '"999999999999d"', '"http://u:p@h"', "9" * 400, '"1000000000000/s"'),
            *('"\\u0000"', '"../../etc"', "[1, [2, 'x']]", '[{ name = "x" }]', '{ from = "1/s", to = 5 }'),
            *("9223372036854775808", '"60% within 15m"', "1e-300", '"1%"', '"black_hole"', '"metrics.csv"'),
        )
    ),
    st.text(max_size=12),
)


def _table(draw: Draw, path: Path) -> None:
    """Give a table's column another type, name or value, drop it, or leave no row."""
    try:
        source = pq.read_table(path) if path.suffix == ".parquet" else pa.ipc.open_stream(path.read_bytes()).read_all()
    except (pa.ArrowException, OSError):
        return
    at = draw(st.integers(0, source.num_columns - 1))
    name, rows = source.column_names[at], source.num_rows
    match draw(st.sampled_from(["drop", "name", "nulls", "number", "text", "float", "no rows", "double", "list"])):
        case "drop":
            table = source.remove_column(at)
        case "name":
            table = source.rename_columns([("x" if one == name else one) for one in source.column_names])
        case "no rows":
            table = source.slice(0, 0)
        case "double":
            table = pa.concat_tables([source, source])
        case "nulls":
            table = source.set_column(at, name, pa.nulls(rows, source.schema.field(at).type))
        case kind:
            table = source.set_column(at, name, pa.array([_value(draw, kind)] * rows))
    if path.suffix == ".parquet":
        pq.write_table(table.replace_schema_metadata(source.schema.metadata), path)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)


def _store(draw: Draw, path: Path) -> None:
    """Put something odd into a column of a database."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = draw(st.sampled_from(sorted(tables)))
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        column, value = draw(st.sampled_from(columns)), draw(st.sampled_from((*STORED, *ODD_TEXTS)))
        with suppress(sqlite3.Error):  # not everything goes into every column
            database.execute(f'UPDATE OR IGNORE {table} SET "{column}" = ?', [value])
        database.commit()


def _value(draw: Draw, kind: str) -> object:
    if kind == "number":
        return draw(st.sampled_from([-(2**62), -1, 0, 1, 2**31, 2**62]))
    if kind == "float":
        return draw(st.sampled_from([float("nan"), float("inf"), -1.0, 0.0, 1e300, -1e300, 3.5]))
    return [1] if kind == "list" else draw(st.sampled_from(ODD_TEXTS))


_INNER = {
    ".json": _json,
    ".csv": _csv,
    ".toml": _toml,
    ".parquet": _table,
    ".arrows": _table,
    ".sqlite": _store,
}


def put_back(copy: Path, original: Path) -> None:
    """Make a copy like its original again."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy)
