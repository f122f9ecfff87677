"""The types that fields of producers' messages have, described once for all contracts."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.wire.contract import EMPTY
from sendwell.messages.wire.derived import is_derived
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal


class Recipient(To, frozen=True, omit_defaults=True, forbid_unknown_fields=False):
    """A person (`user_id`) or bare addresses, one per channel."""


class Words(Content, frozen=True, omit_defaults=True, forbid_unknown_fields=False):
    """What to say, part by part; each channel takes the parts it knows."""


Id = Annotated[
    str,
    msgspec.Meta(
        description="A UUID, or 1-64 letters, digits, `_`, `:` and `-`. Repeating it is harmless.",
        max_length=64,
    ),
]
Organization = Annotated[
    str, msgspec.Meta(description="The organization; may come as a header instead.")
]
Tenant = Annotated[str, msgspec.Meta(description="Another name of `organization_id`.")]
EventType = Annotated[
    str, msgspec.Meta(description="What has happened; decides lane and category.", max_length=100)
]
Topic = Annotated[
    str, msgspec.Meta(description="What it is about; people subscribe to it.", max_length=255)
]
Key = Annotated[
    str, msgspec.Meta(description="The same key is never accepted twice.", max_length=255)
]
Correlation = Annotated[
    str, msgspec.Meta(description="Follows the request through everything.", max_length=255)
]
Source = Annotated[str, msgspec.Meta(description="The service that asks.", max_length=255)]
Trace = Annotated[str, msgspec.Meta(description="Trace id, 32 hexadecimal digits.", max_length=255)]
Version = Annotated[
    int | float | str,
    msgspec.Meta(description="Version of this schema. Fields may be added within a major version."),
]
_Label = Literal["critical", "high", "medium", "low"]
Priority = Annotated[
    _Label,
    msgspec.Meta(description="The lane; else the event type decides."),
]
JsonObject = Annotated[
    msgspec.Raw,
    msgspec.Meta(description="Values for the words.", extra_json_schema={"type": "object"}),
]
Metadata = Annotated[
    msgspec.Raw,
    msgspec.Meta(description="Kept and handed on.", extra_json_schema={"type": "object"}),
]
Created = Annotated[
    object,
    msgspec.Meta(
        description="When it was made, ISO 8601 in UTC. Not relied on.",
        extra_json_schema={"type": "string", "format": "date-time"},
    ),
]


def unless_empty(raw: msgspec.Raw) -> msgspec.Raw | UnsetType:
    """The JSON object, or nothing to be written where it holds nothing."""
    return UNSET if raw == EMPTY else raw


_OPENS = b"{"
_NOTHING = (EMPTY, msgspec.Raw(b"null"))


def json_fields(**given: tuple[msgspec.Raw | UnsetType, str]) -> dict[str, object]:
    """The given JSON objects that hold something; with each, its place in the producer's message.

    Raises Invalid for other JSON than an object or null.
    """
    found: dict[str, object] = {}
    for name, (raw, pointer) in given.items():
        if raw is UNSET or raw in _NOTHING:
            continue
        if bytes(raw)[:1] != _OPENS:
            raise refusal(Reason.INVALID_FIELD, f"{pointer} must be an object.", pointer)
        found[name] = raw
    return found


def present(**given: object) -> dict[str, object]:
    """The fields that have a value."""
    return {name: value for name, value in given.items() if value is not None}


def recipient_of(to: To) -> Recipient:
    """The same recipient, to be written."""
    return Recipient(**msgspec.structs.asdict(to))


def words_of(request: Requested) -> Words | None:
    """The words that the request came with; None where they are made from its data."""
    if request.content is None or is_derived(request):
        return None
    return Words(**msgspec.structs.asdict(request.content))


_LABELS: tuple[_Label, ...] = ("critical", "high", "medium", "low")


def label_of(lane: int) -> _Label:
    """The lane's word."""
    return _LABELS[lane]
