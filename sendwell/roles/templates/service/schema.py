"""JSON Schema of a template's data: taken from anybody, so it must neither reach out nor run on."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
from jsonschema_rs import RegexOptions, ValidationErrorKind

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.pointer import pointer_to

MOST_PLACES = 5_000
"""Of a schema with every `$ref` replaced by what it refers to. Sixty references, each to the next
one twice, would otherwise keep a processor busy for centuries."""

_MOST_FLAWS = 20
_LONGEST_WHY = 300
_LARGEST_PATTERN = 1 << 20
_DIALECTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
)
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


class DataSchema:
    """Says what is wrong with data. Raises Invalid, pointing below /schema, for a bad schema.

    Nothing outside of the schema is ever read, patterns take linear time, recursion is refused.
    What it says never quotes the data.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        _check_dialect(schema)
        _Measure(schema).check()
        try:
            self._validator = jsonschema_rs.validator_for(
                dict(schema),
                offline=True,
                mask="the value",
                pattern_options=RegexOptions(size_limit=_LARGEST_PATTERN),
            )
        except jsonschema_rs.ValidationError as error:
            raise _bad(error.message, error.instance_path) from error
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise _bad(str(error)) from error

    def flaws(self, data: Mapping[str, Any]) -> list[Flaw]:
        """What the schema refuses; a member that must be there is `missing`."""
        if self._validator.is_valid(data):
            return []
        errors = self._validator.iter_errors(data)
        return [_flaw(error) for error, _ in zip(errors, range(_MOST_FLAWS), strict=False)]


def _flaw(error: jsonschema_rs.ValidationError) -> Flaw:
    path = [*error.instance_path]
    if isinstance(error.kind, ValidationErrorKind.Required):
        return Flaw(
            _pointer("/data", [*path, error.kind.property]), "missing: the schema asks for it."
        )
    return Flaw(_pointer("/data", path), error.message[:_LONGEST_WHY])


def _check_dialect(schema: Mapping[str, Any]) -> None:
    dialect = schema.get("$schema", _DIALECTS[0])
    if not isinstance(dialect, str) or dialect.rstrip("#") not in _DIALECTS:
        raise _bad(f"$schema is one of {', '.join(_DIALECTS)}.", ["$schema"])


class _Measure:
    """Counts the places of a schema, following each reference each time it is used."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._sizes: dict[str, int] = {}
        self._following: set[str] = set()

    def check(self) -> None:
        try:
            size = sum(self._member(name, value) for name, value in self._schema.items())
        except RecursionError as error:
            raise _bad("The schema is nested too deeply.") from error
        if size > MOST_PLACES:
            raise _bad(f"With its references followed it has more than {MOST_PLACES} places.")

    def _size(self, value: object) -> int:
        match value:
            case {"$id": str()}:
                raise _bad("Only the schema itself may have an $id, no part of it.")
            case dict():
                return 1 + sum(self._member(name, each) for name, each in value.items())
            case list():
                return 1 + sum(self._size(each) for each in value)
            case _:
                return 1

    def _member(self, name: str, value: object) -> int:
        if name in _REFERENCES and isinstance(value, str):
            return self._followed(value)
        return self._size(value)

    def _followed(self, reference: str) -> int:
        if not reference.startswith("#/"):
            raise _bad(f"{reference[:100]!r} must point into this schema, like #/$defs/name.")
        if reference in self._following:
            raise _bad(f"{reference[:100]!r} leads back to itself.")
        if reference not in self._sizes:
            self._following.add(reference)
            self._sizes[reference] = self._size(_resolve(self._schema, reference))
            self._following.discard(reference)
        return self._sizes[reference]


def _resolve(schema: Mapping[str, Any], reference: str) -> object:
    value: Any = schema
    for step in unquote(reference[2:]).split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        match value:
            case dict() if name in value:
                value = value[name]
            case list() if name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            case _:
                raise _bad(f"{reference[:100]!r} points at nothing.")
    return value


def _bad(why: str, path: Any = ()) -> Invalid:
    pointer = _pointer("/schema", path)
    words = why[:_LONGEST_WHY]
    return Invalid(f"{pointer}: {words}", flaws=[Flaw(pointer, words)], code="bad_schema")


def _pointer(start: str, path: Any) -> str:
    return start + pointer_to(*path)
