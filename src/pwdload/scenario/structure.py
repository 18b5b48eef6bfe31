"""The JSON schema of scenario files, and what it says of each place in one.

It is made from the model, so that what an editor offers is what the loader takes, and it is where the loader's messages
find what is allowed. It knows single values; what ties several keys together (a ramp that fits into its stage, names
of cases) only the loader checks.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pwdload.scenario.model import ScenarioFile

Node = Mapping[str, object]
"""Part of a JSON schema: what is said of one value."""


class _Plain(GenerateJsonSchema):
    """Writes no titles of its own making, and nothing of null, which TOML has not."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        # Without this, a key that does not fit the pattern would pass for one that is not described.
        return made | {"additionalProperties": False} if "patternProperties" in made else made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        return {key: value for key, value in made.items() if (key, value) != ("title", schema["cls"].__name__)}


def json_schema() -> dict[str, object]:
    """Return the JSON schema (draft 2020-12) of a scenario file."""
    made = ScenarioFile.model_json_schema(by_alias=True, schema_generator=_Plain)
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": "pwdload scenario"} | made


@cache
def _whole() -> Node:
    return json_schema()


def node_at(place: Sequence[int | str]) -> Node:
    """Return what the schema says of a place in a scenario; an empty node where it says nothing.

    A table that may also be written as a single value is taken as the table once a key below it is named.
    """
    node = _resolved(_whole())
    for step in place:
        node = _resolved(_below(node, step))
    return node


def _below(node: Node, step: int | str) -> Node:
    if isinstance(step, int):
        return _node(node.get("items"))
    for table in [node, *map(_resolved, _nodes(node.get("anyOf")))]:
        properties = _node(table.get("properties"))
        if step in properties:
            return _node(properties[step])
    free = [*_node(node.get("patternProperties")).values(), node.get("additionalProperties")]
    return next((found for each in free if (found := _node(each))), {})


def _resolved(node: Node) -> Node:
    """Return the node that a reference stands for, keeping what is said beside it."""
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return node
    return {**_node(_node(_whole()["$defs"])[reference.rpartition("/")[2]]), **node, "$ref": None}


def _node(value: object) -> Node:
    return cast(Node, value) if isinstance(value, Mapping) else {}


def _nodes(value: object) -> Sequence[Node]:
    return [_node(each) for each in value] if isinstance(value, list) else []


def keys_at(place: Sequence[int | str]) -> tuple[str, ...]:
    """Return the keys that a table lists, in the order of the documentation; none where any key may stand.

    Of a place that may hold one of several tables, those of all of them.
    """
    node = node_at(place)
    tables = [node, *map(_resolved, _nodes(node.get("anyOf")))]
    return tuple(dict.fromkeys(key for table in tables for key in _node(table.get("properties"))))


def table_of(key: str) -> str:
    """Return the header of the first table that lists a key, such as [target]; empty when none does."""
    headers = {f"[{name}]": (name,) for name in keys_at(())} | {"[[load.stages]]": ("load", "stages", 0)}
    return next((header for header, place in headers.items() if key in keys_at(place)), "")


def default_at(place: Sequence[int | str]) -> object:
    """Return what holds where a place is left empty; None where nothing does."""
    return node_at(place).get("default")


def allowed_at(place: Sequence[int | str]) -> str:
    """Return in words what may stand at a place: "a whole number from 1 to 50", "a table", ..."""
    return _words(node_at(place))


def _words(node: Node) -> str:
    title, kind, choices = node.get("title"), node.get("type"), node.get("enum", [node.get("const")])
    if isinstance(title, str):
        return f"{title}{_limits(node)}" if "maxLength" in node else title
    if isinstance(choices, list) and choices != [None]:
        return " or ".join(json.dumps(choice) for choice in choices)
    if kind in ("integer", "number"):
        return f"{'a whole number' if kind == 'integer' else 'a number'}{_limits(node)}"
    if kind == "array":
        return f"a list, each item {_words(_resolved(_node(node.get('items'))))}"
    if kind == "object":
        return "a table with at least one key" if "minProperties" in node else "a table"
    return "true or false" if kind == "boolean" else "text"


def _limits(node: Node) -> str:
    limits = {
        "exclusiveMinimum": "above {:,}",
        "minimum": "from {:,}",
        "maximum": "to {:,}",
        "maxLength": "of at most {:,} characters",
    }
    said = [words.format(node[key]) for key, words in limits.items() if isinstance(node.get(key), int | float)]
    return "".join(f" {each}" for each in said)
