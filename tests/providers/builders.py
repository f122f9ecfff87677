"""Deliveries to send in tests: one by example, or any by hypothesis."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from sendwell.domain.ids import ChannelName, NotificationId, TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content

EXAMPLE = Outgoing(
    key="018f3c1e-7b1a-7000-8000-000000000001.0.email",
    tenant=TenantId("acme"),
    notification=NotificationId("018f3c1e-7b1a-7000-8000-000000000001"),
    part="0.email",
    channel=ChannelName("email"),
    address="ada@example.org",
    content=Content(
        text="Your code is 1234.",
        subject="Your code",
        html="<p>Your code is <b>1234</b>.",
        title="Your code",
        body="1234",
    ),
    lane=Lane.HIGH,
    attempt=1,
    event_type="login_code",
)


def an_outgoing(**changes: Any) -> Outgoing:
    """The example, with changes."""
    return msgspec.structs.replace(EXAMPLE, **changes)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
some_text = texts.filter(bool)
maybe_text = st.none() | texts
labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
emails = st.builds("{}@{}.example".format, labels, labels)
phones = st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True)
tokens = st.text("abcdefghijklmnopqrstuvwxyz0123456789:_-", min_size=100, max_size=200)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
metadata = st.dictionaries(texts, jsons, max_size=3).map(msgspec.json.encode)


def contents(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Content]:
    """Any content whose `parts` are as given."""
    any_part = dict.fromkeys(["text", "subject", "html", "title", "body"], maybe_text)
    data = st.none() | st.dictionaries(texts, texts, max_size=3)
    return st.builds(Content, **{**any_part, "data": data, **parts})


def outgoings(
    address: st.SearchStrategy[str], content: st.SearchStrategy[Content]
) -> st.SearchStrategy[Outgoing]:
    """Any delivery to such an address with such content."""
    return st.builds(
        Outgoing,
        key=st.builds("{}.0.push".format, st.uuids() | labels),
        tenant=labels.map(TenantId),
        notification=st.uuids().map(str).map(NotificationId),
        part=st.just("0.push"),
        channel=st.just(ChannelName("push")),
        address=address,
        content=content,
        lane=st.sampled_from(Lane),
        attempt=st.integers(1, 9),
        event_type=texts,
        user_id=maybe_text,
        expires_in_seconds=st.none() | st.integers(-10, 10**9),
        correlation_id=maybe_text,
        metadata=metadata,
    )
