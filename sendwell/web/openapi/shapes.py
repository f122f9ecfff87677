"""What the API's hand-made answers look like, for the reference. Tests hold real answers to it."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from sendwell.domain.lifecycle import State
from sendwell.domain.triage import Cause

Instant = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC.",
        examples=["2026-11-21T10:15:03.120Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Lane = Literal["critical", "high", "medium", "low"]
Cursor = Annotated[
    str | None, Meta(description="Give it as `cursor` to get the next page; null on the last one.")
]
DeliveryId = Annotated[
    str, Meta(description="Names the delivery within its notification.", examples=["0.email"])
]
ReachedBy = Annotated[
    list[str],
    Meta(
        description="Other deliveries that have reached the same recipient, or may yet, where one"
        " is enough: with `fallback`, or without `channels`. A replay reaches them once more."
    ),
]
Code = Annotated[str, Meta(description="Stable, for machines.")]


class Links(Struct):
    """Where to go on."""

    self: str
    timeline: str


class Accepted(Struct):
    """A notification that is on disk."""

    id: Annotated[str, Meta(description="Your own id if you gave one, else a UUIDv7.")]
    status: State
    duplicate: Annotated[bool, Meta(description="It had been accepted before; nothing was added.")]
    links: Links


class Flaw(Struct):
    """One thing that is wrong with a request."""

    pointer: Annotated[str, Meta(description="JSON Pointer (RFC 6901) to the field.")]
    detail: str


class BatchItem(Struct):
    """What became of one notification of a batch."""

    index: Annotated[int, Meta(description="Its place in the batch, from 0.")]
    status: Literal["accepted", "duplicate", "refused"]
    id: str | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    errors: list[Flaw] | UnsetType = UNSET


class BatchAnswer(Struct):
    """What became of a batch; a bad item refuses only itself."""

    accepted: int
    duplicate: int
    refused: int
    items: list[BatchItem]


class DeliveryError(Struct):
    """What went wrong last."""

    code: Code
    text: str | None


class Delivery(Struct):
    """One notification to one recipient on one channel."""

    id: DeliveryId
    channel: str
    status: State
    provider: str | None
    provider_message_id: str | None
    attempts: Annotated[int, Meta(description="Calls of a provider so far.")]
    error: DeliveryError | None
    rule: Annotated[str | None, Meta(description="Which rule decided, where one did.")]
    due_at: Annotated[Instant | None, Meta(description="When it goes on, where it waits.")]
    sent_at: Instant | None
    updated_at: Instant | None


class TemplateRef(Struct, omit_defaults=True):
    """A template by code."""

    code: str
    version: int | None = None
    locale: str | None = None


class Notification(Struct):
    """A notification and what became of it."""

    id: str
    status: Annotated[State, Meta(description="Derived from the deliveries.")]
    event_type: str
    priority: Lane
    category: str
    topic: str | None
    channels: Annotated[list[str], Meta(description="As asked for; empty: the rules decided.")]
    user_id: str | None
    recipients: int
    template: TemplateRef | None
    correlation_id: str | None
    metadata: dict[str, Any]
    created_at: Instant
    expires_at: Instant | None
    send_at: str | None
    deliveries: list[Delivery]


class NotificationPage(Struct):
    """Notifications, newest first."""

    data: list[Notification]
    next_cursor: Cursor


class Event(Struct):
    """One move; what does not apply is left out."""

    at: Instant
    event: Annotated[str, Meta(examples=["CREATED", "PLANNED", "SEND_ATTEMPT", "SENT"])]
    text: Annotated[str, Meta(description="For people.")]
    delivery: DeliveryId | UnsetType = UNSET
    channel: str | UnsetType = UNSET
    attempt: int | UnsetType = UNSET
    provider: str | UnsetType = UNSET
    provider_message_id: str | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    rule: str | UnsetType = UNSET
    due_at: Instant | UnsetType = UNSET


class Timeline(Struct):
    """Every move of a notification, in the order of time."""

    id: str
    events: list[Event]


class Cancelled(Struct):
    """What was stopped."""

    id: str
    cancelled: Annotated[list[str], Meta(description="The deliveries that were stopped.")]
    in_flight: Annotated[
        list[str],
        Meta(description="Those on their way: not tried again, nor sent by another channel."),
    ]


class Ledger(Struct):
    """Deliveries: what was planned against what became of it."""

    accepted: int
    pending: int
    sent: int
    delivered: int
    failed: int
    suppressed: int
    cancelled: int
    expired: int
    difference: Annotated[int, Meta(description="0 when it adds up.")]
    adds_up: bool


class LetterError(Struct):
    """What went wrong last."""

    code: Code | None
    text: str | None


class DeadLetter(Struct):
    """A delivery that ended in failure, kept for triage and replay."""

    id: int
    notification_id: str
    delivery: DeliveryId
    channel: str
    event_type: str
    cause: Cause
    hint: Annotated[str, Meta(description="What to do about it.")]
    error: LetterError
    provider: str | None
    attempts: int
    at: Instant
    replayed_as: Annotated[str | None, Meta(description="The delivery it was sent again as.")]
    reached_by: ReachedBy


class DeadLetterPage(Struct):
    """Dead letters, newest first."""

    data: list[DeadLetter]
    next_cursor: Cursor


class Replayed(Struct):
    """A dead letter that goes out again."""

    id: int
    delivery: DeliveryId
    reached_by: ReachedBy


class ReplayedMany(Struct):
    """How many dead letters go out again, and how fast."""

    replayed: int
    passed_over: Annotated[
        int, Meta(description="Those whose recipients another delivery reaches, where one will do.")
    ]
    rate_per_second: float


class Problem(Struct):
    """An error (RFC 9457)."""

    type: Annotated[str, Meta(description="A page about this kind of error.")]
    title: str
    status: int
    detail: Annotated[str, Meta(description="What happened and what to do now.")]
    code: Code
    instance: Annotated[str, Meta(description="The path that was asked.")] | UnsetType = UNSET
    trace_id: Annotated[str, Meta(description="The `X-Request-ID` of the answer.")] | UnsetType = (
        UNSET
    )
    errors: list[Flaw] | UnsetType = UNSET


class Health(Struct):
    """Whether this process works."""

    status: Literal["ok", "draining", "not ready"]
    stopped: Annotated[list[str], Meta(description="Workers that have stopped by themselves.")]
