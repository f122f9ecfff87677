"""Whose a message is, what its stream and headers say, and how it is refused."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sendwell.domain.errors import Conflict, Denied, Flaw, Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.presets.naming import Share
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.reason import Reason
from sendwell.roles.gateway import checks
from sendwell.roles.gateway.wire import read
from tests.unit.messages.builders import CHANNELS, EMAIL, NOW
from tests.unit.messages.contracts import LANES_REQUEST, TENANT_REQUEST
from tests.unit.messages.reading import ACME, INTENT, PUSH, QUEUED, asked, refused, request, taken

# Whose it is


@pytest.mark.parametrize(
    "headers",
    [
        {"organizationId": "acme"},
        {"organization-id": "acme"},
        {"X-Organization-Id": "acme"},
        {"x-tenant-id": "acme"},
        {"tenant_id": "acme", "organization_id": "acme"},
    ],
)
def test_a_header_in_any_spelling_names_the_organization(headers: dict[str, str]) -> None:
    assert asked("lanes", LANES_REQUEST, headers=headers).tenant == "acme"


def test_a_token_names_the_organization() -> None:
    assert asked("lanes", LANES_REQUEST, proven=ACME).tenant == "acme"


def test_places_that_agree_are_no_contradiction() -> None:
    found = asked("intents", INTENT, headers={"tenant-id": "acme"}, proven=ACME)

    assert found.tenant == "acme"


@pytest.mark.parametrize(
    "how",
    [
        {"headers": {"tenant-id": "other"}},
        {"proven": TenantId("other")},
        {"body": {**INTENT, "organization_id": "other"}},
        {"headers": {"organizationId": "acme", "x-organization-id": "other"}},
    ],
)
def test_a_contradiction_is_refused_and_is_nobodys(how: dict[str, Any]) -> None:
    found = taken("intents", how.pop("body", INTENT), **how)

    assert isinstance(found, Quarantined)
    assert found.reason is Reason.CONTRADICTORY_ORGANIZATION
    assert found.tenant is None


def test_a_message_of_nobody_is_refused_unless_somebody_stands_in() -> None:
    assert refused("lanes", LANES_REQUEST)[0] is Reason.MISSING_ORGANIZATION
    assert asked("lanes", LANES_REQUEST, otherwise=ACME).tenant == "acme"


def test_an_organization_that_is_named_is_never_replaced() -> None:
    assert asked("tenant", TENANT_REQUEST, otherwise=ACME).tenant == "uuid"
    assert refused("lanes", {"user_id": "u", "tenant_id": ""}, otherwise=ACME) == (
        Reason.INVALID_FIELD,
        "/tenant_id",
    )


def test_what_cannot_be_read_belongs_to_whom_a_header_or_token_names() -> None:
    by_header = taken("tenant", b"{", headers={"organization-id": "acme"})
    by_token = taken("tenant", b"{", proven=ACME)

    assert isinstance(by_header, Quarantined)
    assert isinstance(by_token, Quarantined)
    assert by_header.tenant == by_token.tenant == "acme"


# Channels, lanes and names


def test_an_unknown_channel_is_pointed_at_where_its_producer_wrote_it() -> None:
    assert refused("tenant", TENANT_REQUEST.replace(b"EMAIL", b"FAX")) == (
        Reason.UNKNOWN_CHANNEL,
        "/channel",
    )
    assert refused("intents", {**INTENT, "channel_targets": ["email", "fax"]}) == (
        Reason.UNKNOWN_CHANNEL,
        "/channel_targets/1",
    )
    assert refused("direct", {**QUEUED, "notification_type": "fax"})[1] == "/notification_type"


def test_a_channel_that_is_not_enabled_is_unknown() -> None:
    reader = Reader("tenant", {EMAIL: CHANNELS[EMAIL]})

    found = reader.read(Incoming(TENANT_REQUEST.replace(b"EMAIL", b"SMS")), now=NOW)

    assert isinstance(found, Quarantined)
    assert found.reason is Reason.UNKNOWN_CHANNEL


def test_a_stream_of_a_channel_says_by_which_one() -> None:
    given = request("direct", {**QUEUED, "notification_type": None}, share=Share(PUSH))

    assert given.channel == "push"


def test_a_message_in_the_stream_of_another_channel_is_refused() -> None:
    assert refused("direct", QUEUED, share=Share(PUSH)) == (
        Reason.CONTRADICTION,
        "/notification_type",
    )


def test_one_intent_on_the_streams_of_two_channels_is_two_notifications() -> None:
    email, push = (asked("intents", INTENT, share=Share(name)) for name in (EMAIL, PUSH))

    assert (email.id, push.id) == ("intent-1:email", "intent-1:push")
    assert (email.key, push.key) == ("order-7:email", "order-7:push")
    assert (read(email.body).channel, read(push.body).channel) == ("email", "push")
    assert read(email.body).correlation_id == "checkout-3"


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_what_its_channel_is_put_behind_has_room_for_it(channel: ChannelName) -> None:
    behind = f":{channel}"
    ids, keys = 64 - len(behind), 255 - len(behind)
    fits = {**INTENT, "channel_targets": [channel], "id": "i" * ids, "idempotency_key": "k" * keys}

    found = request("intents", fits, share=Share(channel))

    assert (found.id, found.idempotency_key) == ("i" * ids + behind, "k" * keys + behind)
    assert checks.names(found) == []
    for field, room in (("id", ids), ("idempotency_key", keys)):
        refused_one = taken("intents", {**fits, field: "x" * (room + 1)}, share=Share(channel))
        assert isinstance(refused_one, Quarantined)
        assert (refused_one.reason, refused_one.pointer) == (Reason.INVALID_FIELD, f"/{field}")
        assert f"at most {room} characters" in refused_one.text
        assert behind in refused_one.text


def test_the_brokers_id_is_a_key_with_room_for_the_channel() -> None:
    message = {"user_id": "u", "tenant_id": "acme"}

    found = request("lanes", message, share=Share(EMAIL), id_="m" * 255)

    assert found.idempotency_key is not None
    assert found.idempotency_key.endswith(":email")
    assert checks.names(found) == []


def test_a_queued_message_is_known_by_its_id_in_either_name() -> None:
    column = {**QUEUED, "id": QUEUED["notification_id"], "notification_id": None}

    assert asked("direct", column, share=Share(EMAIL)).id == "n-1"


def test_a_queued_message_keeps_its_id() -> None:
    assert asked("direct", QUEUED, share=Share(EMAIL)).id == "n-1"


def test_a_stream_of_a_lane_says_which_lane_unless_the_message_does() -> None:
    high = Share(lane=Lane.HIGH)
    message = {"user_id": "u", "tenant_id": "acme"}

    assert request("lanes", message, share=high).priority == "high"
    assert request("lanes", {**message, "priority": "low"}, share=high).priority == "low"


def test_headers_complete_what_a_message_leaves_open() -> None:
    headers = {
        "organization-id": "acme",
        "notification-id": "n-9",
        "correlation-id": "c-9",
        "source": "security",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }

    found = asked("lanes", LANES_REQUEST, headers=headers)

    assert (found.id, found.source, found.traceparent) == (
        "n-9", "security", headers["traceparent"],
    )  # fmt: skip
    assert read(found.body).correlation_id == "c-9"


def test_two_ids_are_a_contradiction() -> None:
    assert refused("tenant", TENANT_REQUEST, headers={"notification-id": "other"}) == (
        Reason.CONTRADICTION,
        "/notificationId",
    )


def test_the_brokers_id_is_the_key_of_a_message_without_a_name() -> None:
    assert asked("lanes", LANES_REQUEST, otherwise=ACME, id_="m-1").key == "m-1"
    assert asked("tenant", TENANT_REQUEST, id_="m-1").key is None


@pytest.mark.parametrize("strange", ["two words", "é", "x" * 300, "\ud800", "a\nb"])
def test_a_strange_id_of_the_broker_becomes_a_key_that_is_always_the_same(strange: str) -> None:
    keys = {asked("lanes", LANES_REQUEST, otherwise=ACME, id_=strange).key for _ in range(2)}

    (key,) = keys
    assert key is not None
    assert key.isalnum()
    assert len(key) == 32


@pytest.mark.parametrize("value", ["two\nlines", "\ud800", "x" * 2_000])
def test_a_header_that_is_no_line_of_text_is_refused(value: str) -> None:
    assert refused("tenant", TENANT_REQUEST, headers={"correlation-id": value}) == (
        Reason.INVALID_HEADER,
        "",
    )


def test_headers_that_mean_nothing_here_are_not_looked_at() -> None:
    assert asked("tenant", TENANT_REQUEST, headers={"x-anything": "\ud800\n"}).id == "uuid"


# Age and size


def test_what_lay_on_the_broker_for_too_long_is_refused() -> None:
    reader = Reader("tenant", CHANNELS, window=timedelta(days=30))
    day = 86_400_000_000

    young, old = (
        reader.read(Incoming(TENANT_REQUEST, stored_at=NOW - days * day), now=NOW)
        for days in (30, 31)
    )

    assert isinstance(young, Asked)
    assert isinstance(old, Quarantined)
    assert (old.reason, old.tenant) == (Reason.TOO_OLD, "uuid")


@pytest.mark.parametrize(
    ("age", "window", "said"),
    [
        (timedelta(hours=25), timedelta(hours=24), r"for 25 hours, .* \(24 hours\)"),
        (timedelta(hours=50), timedelta(hours=36), r"for 2 days, .* \(36 hours\)"),
        (timedelta(days=31), timedelta(days=30), r"for 31 days, .* \(30 days\)"),
    ],
)
def test_a_refusal_for_age_tells_it_in_hours_below_two_days(
    age: timedelta, window: timedelta, said: str
) -> None:
    stored_at = NOW - age // timedelta(microseconds=1)

    found = Reader("tenant", CHANNELS, window=window).read(
        Incoming(TENANT_REQUEST, stored_at=stored_at), now=NOW
    )

    assert isinstance(found, Quarantined)
    assert re.search(said, found.text)


def test_an_old_time_in_the_message_itself_means_nothing() -> None:
    message = {**msgspec.json.decode(TENANT_REQUEST), "createdAt": "1999-01-01T00:00:00Z"}

    assert asked("tenant", message).id == "uuid"


def test_an_oversized_message_is_refused_unread() -> None:
    reader = Reader("tenant", CHANNELS, most_bytes=100)

    found = reader.read(Incoming(TENANT_REQUEST, {"organization-id": "acme"}), now=NOW)

    assert isinstance(found, Quarantined)
    assert (found.reason, found.tenant) == (Reason.TOO_LARGE, "acme")


# What the gateway refuses later


@pytest.mark.parametrize(
    ("preset", "body", "ours", "theirs"),
    [
        ("tenant", TENANT_REQUEST, "/to/email", "/recipient"),
        ("tenant", TENANT_REQUEST, "/id", "/notificationId"),
        ("tenant", TENANT_REQUEST, "/data/name", "/payload/name"),
        ("intents", msgspec.json.encode(INTENT), "/template", "/template_id"),
        ("intents", msgspec.json.encode(INTENT), "/template_version", "/template_version"),
        ("intents", msgspec.json.encode(INTENT), "/to/email", "/recipient/email"),
        ("direct", msgspec.json.encode(QUEUED), "/template", "/template_code"),
    ],
)
def test_a_refusal_points_at_what_the_producer_wrote(
    preset: str, body: bytes, ours: str, theirs: str
) -> None:
    refusal = Invalid(f"{ours}: no good", flaws=[Flaw(ours, "no good")])

    found = Reader(preset, CHANNELS).refused(refusal, asked(preset, body))

    assert found == Quarantined(
        Reason.INVALID_FIELD, f"{theirs}: no good", theirs, asked(preset, body).tenant
    )


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Invalid("no"), Reason.INVALID_FIELD),
        (Invalid("no", code="idempotency_key_reused"), Reason.KEY_REUSED),
        (Invalid("no", code="missing_variable"), Reason.REFUSED),
        (Conflict("no"), Reason.CONTRADICTION),
        (Conflict("no", code="in_flight"), Reason.CONTRADICTION),
        (Denied("no"), Reason.CONTRADICTORY_ORGANIZATION),
    ],
)
def test_every_refusal_has_a_reason(refusal: Invalid | Conflict | Denied, reason: Reason) -> None:
    assert Quarantined.of(refusal).reason is reason
