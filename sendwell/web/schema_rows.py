"""A JSON Schema as rows that people read: one for each field, what is nested below its parent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

Schema = dict[str, Any]
_DEEPEST = 3
_MOST_CHOICES = 14


@dataclass(frozen=True, slots=True)
class Row:
    """One field."""

    name: str
    type: str
    is_required: bool
    description: str
    limits: tuple[str, ...]
    depth: int


class SchemaRows:
    """Reads the schemas of one OpenAPI document."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self._schemas = schemas

    def rows(self, schema: Schema, depth: int = 0) -> Iterator[Row]:
        """All fields of an object, or of the objects in a list, in their order."""
        whole = self._object(schema)
        required = whole.get("required", ())
        for name, each in whole.get("properties", {}).items():
            row = self.row(name, each, is_required=name in required, depth=depth)
            yield row
            if depth < _DEEPEST:
                yield from self.rows(each, depth + 1)

    def row(self, name: str, schema: Schema, *, is_required: bool, depth: int = 0) -> Row:
        """One field or parameter."""
        whole = self._resolved(schema)
        return Row(
            name,
            self.type_of(schema),
            is_required,
            schema.get("description") or whole.get("description", ""),
            tuple(_limits(whole)),
            depth,
        )

    def type_of(self, schema: Schema) -> str:
        """What kind of value, in words."""
        whole = self._resolved(schema)
        if "properties" in whole:
            return "object"
        if "anyOf" in whole:
            kinds = [self.type_of(each) for each in whole["anyOf"] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
        kind = whole.get("type", "string" if "enum" in whole else "any")
        if isinstance(kind, list):
            kind = " or ".join(each for each in kind if each != "null")
        if kind == "array":
            return f"list of {self.type_of(whole.get('items', {}))}"
        return f"{whole.get('format', kind)}" if kind == "string" else str(kind)

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def _object(self, schema: Schema) -> Schema:
        """The object schema in it: itself, the items of the list, or the choice that is one."""
        whole = self._resolved(schema)
        if "properties" in whole:
            return whole
        if "items" in whole:
            return self._object(whole["items"])
        for each in whole.get("anyOf", ()):
            if "properties" in (found := self._object(each)):
                return found
        return {}


def _limits(schema: Schema) -> Iterator[str]:
    """What a value must keep to beyond its type."""
    choices = [value for value in schema.get("enum", ()) if value is not None]
    if choices and len(choices) <= _MOST_CHOICES:
        yield "one of " + ", ".join(f"`{value}`" for value in choices)
    yield from _range(schema, "minimum", "maximum", "")
    yield from _range(schema, "minLength", "maxLength", " characters")
    yield from _range(schema, "minItems", "maxItems", " items")
    if schema.get("default") not in (None, {}, []):
        yield f"default `{msgspec.json.encode(schema['default']).decode()}`"


def _range(schema: Schema, low: str, high: str, unit: str) -> Iterator[str]:
    least, most = schema.get(low), schema.get(high)
    if most is not None and most >= 2**31 - 1:
        most = None
    if least is not None and most is not None:
        yield f"{least:,} to {most:,}{unit}"
    elif most is not None:
        yield f"at most {most:,}{unit}"
    elif least:
        yield f"at least {least:,}{unit}"
