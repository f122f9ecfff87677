"""Makes the schemas of two generators read as one: no names of modules, no noise."""

import re
from collections.abc import Mapping
from typing import Any

REF = "#/components/schemas/{name}"
_MODULE = re.compile(r"sendwell__roles__(?P<role>[a-z]+)(?:__\w+)?__(?P<name>[A-Za-z]\w*)")
_GIVEN_NAMES = {"NotificationIn": "NotificationRequest"}
_VALUES = frozenset({"example", "examples", "default", "enum", "const"})
"""What stands under these is a value, not a schema."""


def tidied(value: Any) -> Any:
    """The same part of a document with good names, without empty or made-up words."""
    if isinstance(value, list):
        return [tidied(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {
        name: _tidied_under(name, each) for name, each in value.items() if not _is_noise(name, each)
    }
    if isinstance(kept.get("$ref"), str):
        kept["$ref"] = REF.format(name=good_name(kept["$ref"].rpartition("/")[2]))
    return _without_choice(kept)


def _tidied_under(name: str, value: Any) -> Any:
    if name in _VALUES:
        return value
    if name == "properties":
        return {field: tidied(schema) for field, schema in value.items()}
    return tidied(value)


def good_name(name: str) -> str:
    """What a schema is called in the document: `MailboxPage`, not the module it comes from."""
    if found := _MODULE.fullmatch(name):
        return found["role"].capitalize() + found["name"]
    return _GIVEN_NAMES.get(name, name)


def _is_noise(name: str, value: Any) -> bool:
    """Titles made of field names, defaults that say nothing, empty lists."""
    match name:
        case "title":
            return isinstance(value, str)
        case "default":
            return value is None
        case "required":
            return isinstance(value, list) and not value
        case _:
            return False


def _without_choice(schema: dict[str, Any]) -> dict[str, Any]:
    """`anyOf` a simple schema and null, as one schema."""
    match schema.get("anyOf"):
        case [dict(only), {"type": "null"}] if "$ref" not in only and "anyOf" not in only:
            rest = {name: value for name, value in schema.items() if name != "anyOf"}
            return {**_nullable(only), **rest}
        case _:
            return schema


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    loose = dict(schema)
    if "enum" in loose:
        loose["enum"] = [*loose["enum"], None]
    if isinstance(loose.get("type"), str):
        loose["type"] = [loose["type"], "null"]
    return loose


def never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, which can be left out but cannot be null."""
    plain = dict(schema)
    if isinstance(plain.get("type"), list):
        (plain["type"],) = [name for name in plain["type"] if name != "null"]
    if "enum" in plain:
        plain["enum"] = [value for value in plain["enum"] if value is not None]
    match plain.pop("anyOf", None):
        case [dict(only), {"type": "null"}]:
            return {**only, **plain}
        case None:
            return plain
        case choices:
            return {**plain, "anyOf": choices}
