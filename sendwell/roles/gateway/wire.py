"""The request as it comes in: our own contract, and the camelCase one of the preset `tenant`."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice, takewhile
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from sendwell.channels import all_channels
from sendwell.domain.errors import Flaw, Invalid, SendwellError, TooLarge
from sendwell.domain.ids import ChannelName
from sendwell.domain.pointer import pointer_to
from sendwell.domain.schedule import due
from sendwell.domain.unknown_field import no_such_field
from sendwell.messages.requested import Content, To
from sendwell.messages.wire.contract import Contract
from sendwell.messages.wire.depth import is_deeper
from sendwell.messages.wire.headers import Told
from sendwell.messages.wire.json_path import split_path
from sendwell.messages.wire.requests import plain, tenant
from sendwell.messages.wire.strict import MOST_DEPTH
from sendwell.messages.wire.version import check_version

NOTHING = msgspec.Raw(b"")
_NULL = msgspec.Raw(b"null")
MOST_BYTES = 1_048_576
MOST_ITEMS = 1_000


Routing = Literal["all", "fallback"]
Priority = Literal["critical", "high", "medium", "low"]
_CHOICES = {"/routing": get_args(Routing), "/priority": get_args(Priority)}


class NotificationIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """POST /api/v1/notifications. Everything but the recipient is optional."""

    user_id: str | None = None
    to: To | list[To] | None = None
    event_type: str | None = None
    category: str | None = None
    topic: str | None = None
    template: str | None = None
    template_version: int | None = None
    locale: str | None = None
    content: str | Content | None = None
    channel: str | None = None
    channels: list[str] | None = None
    routing: Routing | None = None
    priority: Priority | None = None
    data: msgspec.Raw = NOTHING
    payload: msgspec.Raw = NOTHING
    metadata: msgspec.Raw = NOTHING
    send_at: str | None = None
    timezone: str | None = None
    expires_at: str | None = None
    ttl_seconds: int | None = None
    idempotency_key: str | None = None
    correlation_id: str | None = None
    id: str | None = None
    organization_id: str | None = None
    tenant_id: str | None = None


class CamelIn(
    tenant.TenantRequest, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True
):
    """The message contract of the preset `tenant`, read as strictly as all that comes by REST."""

    created_at: str | None = None
    content: str | Content | None = None  # type: ignore[assignment]  # the strict one of the two


_OF_SNAKE = tuple(field.encode_name for field in msgspec.structs.fields(NotificationIn))
_OF_CAMEL = tuple(field.encode_name for field in msgspec.structs.fields(CamelIn))
_snake = msgspec.json.Decoder(NotificationIn).decode
_camel = msgspec.json.Decoder(CamelIn).decode
_items = msgspec.json.Decoder(
    msgspec.defstruct(
        "_Items",
        [(f"item_{number}", msgspec.Raw, NOTHING) for number in range(MOST_ITEMS)],
        array_like=True,
        forbid_unknown_fields=True,
        gc=False,
    )
).decode
"""An array as places, of which there are no more: a list's length is looked at when all of it was
read, and 10 MB may hold five million items.
"""
_is_list = re.compile(rb"\s*\[").match
_is_object = re.compile(rb"\s*\{").match
_AS_LINES = ". One notification a line is sent with Content-Type: application/x-ndjson."
_TRUNCATED = "truncated"
_lines = re.compile(rb"\S[^\n]*").finditer
_names = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_CAMEL_NAMES = ("notificationId", "organizationId")
# Looked for first: decoding twice is only for those who have one of them.
_CAMEL_MARKS = tuple(f'"{name}"'.encode() for name in _CAMEL_NAMES)
_CAMEL_MUSTS = frozenset({"eventType", "channel", "recipient"})
"""What the camelCase message must have beside its id."""
_any = msgspec.json.Decoder().decode
_NO_HEADERS = Told({})
_ADDRESS_FIELDS = {name: channel.address_field for name, channel in all_channels().items()}


def read(body: bytes) -> NotificationIn:
    """One request from JSON. Raises Invalid with a pointer to what is wrong."""
    _check_shape(body)
    try:
        if _is_camel(body):
            return _from_camel(_camel(body))
        return _snake(body)
    except msgspec.ValidationError as error:
        fields = _OF_CAMEL if _is_camel(body) else _OF_SNAKE
        raise _invalid(_without_id(body) or str(error), fields) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not valid JSON: {_why_unread(error, body)}") from error


def _why_unread(error: Exception, body: bytes) -> str:
    """Msgspec takes half of a surrogate pair for an end that is missing."""
    if _TRUNCATED in str(error):
        with suppress(ValueError, RecursionError):
            json.loads(body)
            return "It holds half of a surrogate pair (\\ud800 to \\udfff), which is no character."
    return str(error)


def _without_id(body: bytes) -> str | None:
    """What is wrong with a camelCase message that lacks what it would be known by."""
    if not _fields(body).keys() >= _CAMEL_MUSTS:
        return None
    try:
        _camel(body)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def contract_of(body: bytes) -> Contract[Any]:
    """In whose words a request is that could be read."""
    return tenant.CONTRACT if _is_camel(body) else plain.CONTRACT


def as_written(error: SendwellError, body: bytes) -> SendwellError:
    """The error, its pointers leading to what stands in the body: to `/recipient` of the camelCase
    message and not to the `/to/email` that was made of it.
    """
    if not error.flaws:
        return error
    pointer = _pointers(body)
    first, *_ = error.flaws
    if error.message.startswith(f"{first.pointer}: "):
        error.message = pointer(first.pointer) + error.message.removeprefix(first.pointer)
    error.flaws = tuple(Flaw(pointer(flaw.pointer), flaw.why) for flaw in error.flaws)
    return error


_OF_DATA = re.compile("^/data(?=/|$)")


def _pointers(body: bytes) -> Callable[[str], str]:
    fields = _fields(body)
    if not fields.keys().isdisjoint(_CAMEL_NAMES):
        written = {pointer_to(name) for name in fields}
        return lambda at: at if _field_of(at) in written else tenant.CONTRACT.pointer(at)
    data = "/payload" if is_given(fields.get("payload", NOTHING)) else "/data"
    return lambda pointer: _OF_DATA.sub(data, pointer)


def _field_of(pointer: str) -> str:
    """Where the field of the body is that the pointer leads to or into."""
    return "/".join(pointer.split("/")[:2])


def _is_camel(body: bytes) -> bool:
    return any(mark in body for mark in _CAMEL_MARKS) and not _fields(body).keys().isdisjoint(
        _CAMEL_NAMES
    )


def _fields(body: bytes) -> Mapping[str, msgspec.Raw]:
    """The fields of an object; none where it is not one."""
    try:
        return _names(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def read_many(body: bytes, *, is_lines: bool) -> list[bytes]:
    """The items of a batch, each still JSON; before lines there may be a byte order mark.

    Raises Invalid when the list itself is malformed, and TooLarge as soon as there are too many.
    """
    if is_lines:
        lines = [line[0] for line in islice(_lines(body.removeprefix(BOM_UTF8)), MOST_ITEMS + 1)]
        if len(lines) > MOST_ITEMS:
            raise _too_many()
        return lines
    try:
        return [bytes(item) for item in takewhile(len, msgspec.structs.astuple(_items(body)))]
    except (msgspec.DecodeError, RecursionError) as error:
        if isinstance(error, msgspec.ValidationError) and _is_list(body):
            raise _too_many() from error
        how = _AS_LINES if _is_object(body) else ""
        raise Invalid(f"The body must be a JSON list of notifications: {error}{how}") from error


def _too_many() -> TooLarge:
    return TooLarge(f"A batch may have {MOST_ITEMS} notifications; this one has more.")


def _check_shape(body: bytes) -> None:
    """Refuse what no decoder should see: too large, too deep, not UTF-8."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"A notification may have {MOST_BYTES} bytes; this one has {len(body)}.")
    if is_deeper(body, MOST_DEPTH):
        raise Invalid(f"The JSON is nested more than {MOST_DEPTH} levels deep.")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from error


def _from_camel(message: CamelIn) -> NotificationIn:
    if (time := message.created_at) is not None:
        _require(
            "/createdAt",
            partial(due, time, timezone="UTC", recipient_zone=None, default_zone="UTC"),
        )
    if message.schema_version is not None:
        version = {"schemaVersion": message.schema_version}
        _require("/schemaVersion", partial(check_version, version, _NO_HEADERS))
    channel = ChannelName(message.channel.lower())
    field = _ADDRESS_FIELDS.get(channel, "user_id")
    return NotificationIn(
        id=message.notification_id,
        organization_id=message.organization_id,
        event_type=message.event_type,
        channel=channel,
        topic=message.topic,
        to=To(**{field: message.recipient}),  # type: ignore[arg-type]
        data=_or_nothing(message.payload),
        metadata=_or_nothing(message.metadata),
        content=message.content,
        template=message.template,
        locale=message.locale,
        priority=message.priority,
        correlation_id=message.correlation_id,
    )


def _or_nothing(raw: msgspec.Raw | UnsetType) -> msgspec.Raw:
    return NOTHING if raw is UNSET else raw


def _require(pointer: str, check: Callable[[], object]) -> None:
    """What the check refuses is a flaw of that field."""
    try:
        check()
    except Invalid as error:
        why = error.message
        raise Invalid(f"{pointer}: {why}", flaws=[Flaw(pointer, why)]) from error


_UNKNOWN = re.compile(r"unknown field `(?P<name>.*)`", re.DOTALL)
_STRANGE = re.compile("Invalid enum value ")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")


def _invalid(message: str, fields: tuple[str, ...]) -> Invalid:
    """Msgspec says where in JSONPath; people and problem documents want a JSON Pointer."""
    steps, why = split_path(message)
    if named := _UNKNOWN.search(why):
        why = no_such_field(named["name"], () if steps else fields)
        steps.append(named["name"])
    elif named := _MISSING.search(why):
        steps.append(named["name"])
    pointer = pointer_to(*steps)
    if _STRANGE.match(why) and (known := _CHOICES.get(pointer)):
        why = f"{why}; there are {', '.join(known)}."
    return Invalid(f"{pointer or 'The body'}: {why}", flaws=[Flaw(pointer, why)])


def is_given(raw: msgspec.Raw) -> bool:
    """Whether there is something in a raw field: null is nothing, as it is in every other."""
    return raw is not NOTHING and raw != _NULL


def json_object(raw: msgspec.Raw, pointer: str) -> dict[str, Any]:
    """The JSON object in a raw field. Raises Invalid for any other JSON."""
    try:
        value = _any(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        _, unread = split_path(str(error))
        why = f"Cannot be read: {unread}."
        raise Invalid(f"{pointer}: {why}", flaws=[Flaw(pointer, why)]) from error
    if not isinstance(value, dict):
        why = "Must be a JSON object."
        raise Invalid(f"{pointer}: {why}", flaws=[Flaw(pointer, why)])
    return value
