"""Requests, tasks and moves for tests: one by example, or any by hypothesis."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName, NotificationId, Part, Position, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Content, Requested, TemplateRef, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.messages.wire.derived import words_for
from sendwell.messages.wire.move import Move

CHANNELS = all_channels()
EMAIL = ChannelName("email")
NOW = 1_790_000_000_000_000
ADA = To(email="ada@example.org")

REQUEST = Requested(
    id=NotificationId("n-1"),
    tenant=TenantId("acme"),
    position=Position(7),
    accepted_at=NOW,
    event_type="order_shipped",
    lane=Lane.MEDIUM.value,
    to=(ADA,),
    channels=(EMAIL,),
    content=Content(subject="It comes", text="Tomorrow."),
    data=msgspec.Raw(b'{"order": "4711"}'),
    metadata=msgspec.Raw(b'{"shop":1}'),
    correlation_id="c-1",
)


def a_request(**changes: Any) -> Requested:
    """The example, with changes."""
    return msgspec.structs.replace(REQUEST, **changes)


def a_task(request: Requested = REQUEST, **changes: Any) -> Task:
    """The only delivery of a request, with changes."""
    task = Task(request, str(Part(0, EMAIL)), 0, EMAIL, NOW)
    return msgspec.structs.replace(task, **changes)


def a_move(state: State = State.SENT, *, status: dict[str, Any] | None = None, **more: Any) -> Move:
    """A move of the example's delivery."""
    moved = Status(
        tenant=REQUEST.tenant,
        notification=REQUEST.id,
        position=REQUEST.position,
        part="0.email",
        channel=EMAIL,
        state=state,
        at=NOW + 1_500_000,
        attempt=1,
    )
    made = Move.of(msgspec.structs.replace(moved, **(status or {})), REQUEST, most_attempts=6)
    return msgspec.structs.replace(made, **more)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
words = texts.filter(bool)
names = st.from_regex(r"[A-Za-z0-9_:-]{1,64}", fullmatch=True)
channels = st.sampled_from(sorted(CHANNELS))
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, jsons, max_size=3)
raws = objects.map(msgspec.json.encode).map(msgspec.Raw)
instants = st.integers(0, 4_000_000_000_000_000)
maybe = st.none() | words

recipients = st.builds(
    To, user_id=maybe.map(lambda name: name and UserId(name)), email=maybe, phone=maybe,
    token=maybe, url=maybe, locale=maybe, timezone=maybe,
)  # fmt: skip
contents = st.builds(
    Content, text=maybe, subject=maybe, html=maybe, title=maybe, body=maybe,
    data=st.none() | st.dictionaries(texts, texts, max_size=2),
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn, most_recipients: int = 3) -> Requested:
    """Anything that can have been accepted."""
    data = draw(raws)
    event_type = draw(words)
    template = draw(st.none() | st.builds(TemplateRef, words, st.none() | st.integers(1), maybe))
    written = st.none() | st.just(words_for(event_type, data)) | contents
    return Requested(
        id=NotificationId(draw(names)),
        tenant=TenantId(draw(st.from_regex(r"[a-z0-9-]{1,36}", fullmatch=True))),
        position=Position(draw(st.integers(0, 2**62))),
        accepted_at=draw(instants),
        event_type=event_type,
        lane=draw(st.sampled_from([lane.value for lane in Lane])),
        to=tuple(draw(st.lists(recipients, min_size=1, max_size=most_recipients))),
        channels=tuple(draw(st.lists(channels, max_size=2, unique=True))),
        is_fallback=draw(st.booleans()),
        is_critical=draw(st.booleans()),
        category=draw(words),
        template=template,
        content=draw(written) if template is None else None,
        data=data,
        metadata=draw(raws),
        send_at=draw(maybe),
        timezone=draw(maybe),
        expires_at=draw(st.none() | instants),
        correlation_id=draw(st.none() | names),
        source=draw(words),
        traceparent=draw(maybe),
    )


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """Any delivery of anything."""
    request = draw(requests())
    recipient = draw(st.integers(0, len(request.to) - 1))
    channel = draw(channels)
    return Task(
        request,
        str(Part(recipient, channel)),
        recipient,
        channel,
        draw(instants),
        state=draw(st.sampled_from([State.PENDING, State.HELD, State.RETRYING])),
        due=draw(instants),
        reason=draw(maybe),
        template_version=draw(st.none() | st.integers(1, 9)),
        attempt=draw(st.integers(0, 9)),
        tried=tuple(draw(st.lists(words, max_size=2))),
        provider=draw(maybe),
    )


@st.composite
def moves(draw: st.DrawFn) -> Move:
    """Any move of any delivery."""
    request = draw(requests())
    status = Status(
        tenant=request.tenant,
        notification=request.id,
        position=request.position,
        part=str(Part(0, channel := draw(channels))),
        channel=channel,
        state=draw(st.sampled_from(State)),
        at=draw(instants),
        attempt=draw(st.integers(0, 9)),
        provider=draw(maybe),
        reference=draw(maybe),
        code=draw(maybe),
        text=draw(maybe),
        rule=draw(maybe),
        due=draw(instants),
        user_id=draw(maybe),
        lane=request.lane,
    )
    return Move.of(
        status, request, most_attempts=draw(st.integers(1, 9)), is_end=draw(st.booleans())
    )
