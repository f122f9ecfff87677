"""The schemas of the document: made from the structs that read and write, so that they stay true."""

from typing import Any

import msgspec

from sendwell.messages.requested import Content, To
from sendwell.roles.accounts.rules import RuleIn
from sendwell.roles.gateway.checks import MOST_RECIPIENTS
from sendwell.roles.gateway.wire import NotificationIn
from sendwell.web.openapi import shapes
from sendwell.web.openapi.fields import ADDRESS, CONTENT, NOTIFICATION

REF = "#/components/schemas/{name}"
_SHAPES = (
    shapes.Accepted, shapes.BatchAnswer, shapes.Cancelled, shapes.DeadLetterPage, shapes.Health,
    shapes.Ledger, shapes.Notification, shapes.NotificationPage, shapes.Problem, shapes.Replayed,
    shapes.ReplayedMany, shapes.Timeline, list[RuleIn],
)  # fmt: skip
_RENAMED = {"NotificationIn": "NotificationRequest", "RuleIn": "PriorityRule"}

Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """All schemas that are ours, by name."""
    _, known = msgspec.json.schema_components([_documented(NotificationIn), *_SHAPES], ref_template=REF)
    named = {_RENAMED.get(name, name): _rewritten(schema) for name, schema in known.items()}
    request, to, content = named["NotificationRequest"], named[To.__name__], named[Content.__name__]
    _describe(request, NOTIFICATION)
    _describe(to, ADDRESS)
    _describe(content, CONTENT)
    request["anyOf"] = [{"required": ["user_id"]}, {"required": ["to"]}]
    to["minProperties"] = content["minProperties"] = 1
    request["properties"]["to"]["anyOf"][1] |= {"minItems": 1, "maxItems": MOST_RECIPIENTS}
    return named


def _documented(struct: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same struct with raw JSON as what it must be: an object, or nothing."""
    fields = [
        (field.name, dict[str, Any] | msgspec.UnsetType, msgspec.UNSET)
        if field.type is msgspec.Raw
        else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(struct)
    ]
    made = msgspec.defstruct(struct.__name__, fields, forbid_unknown_fields=True)
    made.__doc__ = "What to tell whom, and how. Everything but the recipient is optional."
    return made


def _rewritten(value: Any) -> Any:
    """With the names of the document, and without defaults that say nothing."""
    if isinstance(value, list):
        return [_rewritten(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _rewritten(each) for name, each in value.items() if not _says_nothing(name, each)}
    name = str(kept.get("$ref", "")).rpartition("/")[2]
    return {**kept, "$ref": REF.format(name=_RENAMED[name])} if name in _RENAMED else kept


def _says_nothing(name: str, value: Any) -> bool:
    return name in {"default", "title"} and (value is None or name == "title") and not isinstance(value, dict)


def _describe(schema: Schema, fields: dict[str, Schema]) -> None:
    for name, said in fields.items():
        schema["properties"][name] |= said
