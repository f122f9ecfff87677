"""The schemas of the document: made from the structs that read and write, so they stay true."""

from typing import Any

import msgspec

from sendwell.roles.gateway.checks import MOST_RECIPIENTS
from sendwell.roles.gateway.wire import NotificationIn
from sendwell.web.openapi import shapes
from sendwell.web.openapi.fields import ADDRESS, CONTENT, NOTIFICATION, Fields
from sendwell.web.openapi.tidy import REF, good_name, tidied

_SHAPES = (
    shapes.Accepted, shapes.BatchAnswer, shapes.Cancelled, shapes.DeadLetterPage, shapes.Health,
    shapes.Ledger, shapes.Notification, shapes.NotificationPage, shapes.Problem, shapes.Replayed,
    shapes.ReplayedMany, shapes.Timeline,
)  # fmt: skip

Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """All schemas of what is read and written by hand, by name."""
    request = _without_raw(NotificationIn)
    _, made = msgspec.json.schema_components([request, *_SHAPES], ref_template=REF)
    known: dict[str, Schema] = {good_name(name): tidied(schema) for name, schema in made.items()}
    _complete(known["NotificationRequest"], known["To"], known["Content"])
    return known


def _without_raw(struct: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same struct with raw JSON as what it must be: an object, or nothing."""
    fields = [
        (field.name, dict[str, Any] | None, None)
        if field.type is msgspec.Raw
        else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(struct)
    ]
    made = msgspec.defstruct(struct.__name__, fields, forbid_unknown_fields=True)
    made.__doc__ = "What to tell whom, and how. Everything but the recipient is optional."
    return made


def _complete(request: Schema, to: Schema, content: Schema) -> None:
    """What the checks demand beyond types, as far as a schema can say it."""
    _describe(request, NOTIFICATION)
    _describe(to, ADDRESS)
    _describe(content, CONTENT)
    request["anyOf"] = [{"required": ["user_id"]}, {"required": ["to"]}]
    to["minProperties"] = content["minProperties"] = 1
    (many,) = [each for each in request["properties"]["to"]["anyOf"] if "items" in each]
    many |= {"minItems": 1, "maxItems": MOST_RECIPIENTS}


def _describe(schema: Schema, fields: Fields) -> None:
    for name, said in fields.items():
        schema["properties"][name] |= said
