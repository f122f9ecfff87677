from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sendwell.domain.errors import Conflict, Denied, Flaw, Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.presets.naming import WHOLE, Share
from sendwell.messages.requested import To
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.requests.plain import PlainRequest
from sendwell.roles.gateway.wire import NotificationIn, read
from tests.unit.messages.builders import CHANNELS, EMAIL, NOW
from tests.unit.messages.seeds import SEED_000, SEED_003

ACME = TenantId("acme")
PUSH = ChannelName("push")
INTENT: dict[str, Any] = {
    "idempotency_key": "order-7",
    "correlation_id": "checkout-3",
    "tenant_id": "acme",
    "source": "orders",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "schema_version": "1.0",
    "id": "intent-1",
    "recipient": "user-001",
    "channel_targets": ["email", "push"],
    "template_id": "order-shipped",
    "payload": {"order": "4711"},
    "metadata": {"shop": 1},
}
QUEUED: dict[str, Any] = {
    "notification_id": "n-1",
    "user_id": "user-001",
    "notification_type": "email",
    "template_code": "welcome",
    "variables": {"name": "John"},
    "priority": 1,
    "metadata": {"shop": 1},
    "organization_id": "acme",
}


def taken(
    preset: str,
    body: bytes | Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    share: Share = WHOLE,
    id_: str = "",
    proven: TenantId | None = None,
    otherwise: TenantId | None = None,
) -> Asked | Quarantined:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    reader = Reader(preset, CHANNELS, otherwise=otherwise)
    return reader.read(Incoming(raw, headers or {}, id_, share), now=NOW, proven=proven)


def asked(preset: str, body: bytes | Mapping[str, Any], **how: Any) -> Asked:
    found = taken(preset, body, **how)
    assert isinstance(found, Asked), found
    return found


def request(preset: str, body: bytes | Mapping[str, Any], **how: Any) -> NotificationIn:
    return read(asked(preset, body, **how).body)


def refused(preset: str, body: bytes | Mapping[str, Any], **how: Any) -> tuple[Reason, str]:
    found = taken(preset, body, **how)
    assert isinstance(found, Quarantined), found
    assert found.text
    return found.reason, found.pointer


# Each preset in its own words


def test_the_message_of_seed_000_is_read() -> None:
    found = asked("tenant", SEED_000)
    given = read(found.body)

    assert (found.tenant, found.id, found.key) == ("uuid", "uuid", None)
    assert (given.id, given.event_type, given.channel) == ("uuid", "USER_REGISTERED", "email")
    assert given.to == To(email="user@example.com")
    assert msgspec.json.decode(given.data) == {"name": "John", "link": "https://example.com"}


@pytest.mark.parametrize(
    ("channel", "field"),
    [("EMAIL", "email"), ("SMS", "phone"), ("Push", "token"), ("WEBHOOK", "url")],
)
def test_a_recipient_of_seed_000_is_an_address_of_its_channel(channel: str, field: str) -> None:
    given = request("tenant", SEED_000.replace(b"EMAIL", channel.encode()))

    assert given.to == To(**{field: "user@example.com"})  # type: ignore[arg-type]


def test_a_recipient_of_a_channel_without_addresses_is_a_user() -> None:
    given = request("tenant", SEED_000.replace(b"EMAIL", b"IN_APP"))

    assert given.to == To(user_id="user@example.com")  # type: ignore[arg-type]


def test_an_intent_of_seed_002_is_read_with_its_envelope() -> None:
    found = asked("intents", INTENT)
    given = read(found.body)

    assert (found.tenant, found.id, found.key, found.source) == (
        "acme", "intent-1", "order-7", "orders",
    )  # fmt: skip
    assert found.traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-4bf92f3577b34da6-00"
    assert (given.user_id, given.channels, given.template) == (
        "user-001", ["email", "push"], "order-shipped",
    )  # fmt: skip
    assert (given.correlation_id, given.idempotency_key) == ("checkout-3", "order-7")
    assert (bytes(given.data), bytes(given.metadata)) == (b'{"order":"4711"}', b'{"shop":1}')


def test_a_recipient_of_an_intent_can_be_addresses_with_fields_that_nobody_knows() -> None:
    given = request("intents", {**INTENT, "recipient": {"email": "a@example.org", "vip": True}})

    assert given.to == To(email="a@example.org")


def test_the_notification_of_seed_003_is_read() -> None:
    found = asked("lanes", SEED_003, otherwise=ACME)
    given = read(found.body)

    assert (found.tenant, found.id, found.key) == ("acme", None, None)
    assert (given.user_id, given.event_type) == ("user-001", "security_alert")
    assert given.content == "Suspicious login attempt detected from a new device"
    assert msgspec.json.decode(given.metadata)["device"] == "Unknown iPhone"


def test_a_queued_message_of_seed_004_is_read() -> None:
    given = request("direct", QUEUED, share=Share(EMAIL))

    assert (given.id, given.user_id, given.channel) == ("n-1", "user-001", "email")
    assert (given.template, given.priority) == ("welcome", "high")
    assert (bytes(given.data), bytes(given.metadata)) == (b'{"name":"John"}', b'{"shop":1}')


def test_our_own_words_are_read_as_by_rest() -> None:
    message = {
        "to": [{"email": "a@example.org"}, {"user_id": "u-2"}],
        "content": {"subject": "Hello", "text": "It works."},
        "channels": ["EMAIL", "push", "email"],
        "routing": "fallback",
        "ttl_seconds": 60,
        "organization_id": "acme",
    }

    given = request("plain", message)

    assert given.to == [To(email="a@example.org"), To(user_id="u-2")]  # type: ignore[arg-type]
    assert given.channels == ["email", "push"]
    assert (given.routing, given.ttl_seconds) == ("fallback", 60)


def test_everything_that_rest_takes_is_taken_on_the_bus() -> None:
    rest = {field.encode_name for field in msgspec.structs.fields(NotificationIn)}
    bus = {field.encode_name for field in msgspec.structs.fields(PlainRequest)}

    assert rest <= bus


# Tolerance, and where it ends


@pytest.mark.parametrize("version", ["1", "1.0", "1.7.3", "v1", 1, 1.5])
def test_unknown_fields_are_tolerated_within_the_known_major_version(version: Any) -> None:
    message = {**INTENT, "schema_version": version, "brand_new": {"a": [1]}}

    assert request("intents", message).user_id == "user-001"


@pytest.mark.parametrize("version", ["2", "2.0", 2, "0.9", "10", "one", True, [1], "", "1x"])
def test_an_unknown_major_version_is_quarantined(version: Any) -> None:
    expected = (Reason.UNKNOWN_VERSION, "/schema_version")

    assert refused("intents", {**INTENT, "schema_version": version}) == expected


def test_a_header_can_name_the_version_too() -> None:
    assert refused("tenant", SEED_000, headers={"schema-version": "2"})[0] is Reason.UNKNOWN_VERSION


def test_a_version_that_is_not_known_is_not_looked_into() -> None:
    message = {"schemaVersion": "3", "organizationId": "acme", "kind": "something else"}

    assert refused("tenant", message) == (Reason.UNKNOWN_VERSION, "/schemaVersion")


@pytest.mark.parametrize("field", ["notificationId", "eventType", "channel", "recipient"])
def test_a_missing_field_of_seed_000_is_pointed_at(field: str) -> None:
    message = msgspec.json.decode(SEED_000)
    del message[field]

    assert refused("tenant", message) == (Reason.MISSING_FIELD, f"/{field}")


def test_an_intent_needs_something_to_be_known_by() -> None:
    nameless = {**INTENT, "id": None, "idempotency_key": None}

    assert refused("intents", nameless) == (Reason.MISSING_FIELD, "/idempotency_key")
    assert asked("intents", {**nameless, "id": "i-1"}).id == "i-1"


def test_a_queued_message_needs_a_recipient() -> None:
    assert refused("direct", {**QUEUED, "user_id": None}) == (Reason.MISSING_FIELD, "/user_id")


@pytest.mark.parametrize(
    ("preset", "message", "pointer"),
    [
        ("tenant", {**msgspec.json.decode(SEED_000), "recipient": 7}, "/recipient"),
        ("tenant", {**msgspec.json.decode(SEED_000), "payload": []}, "/payload"),
        ("intents", {**INTENT, "recipient": {"email": 7}}, "/recipient/email"),
        ("intents", {**INTENT, "recipient": [{"email": 7}]}, "/recipient/0/email"),
        ("intents", {**INTENT, "metadata": "x"}, "/metadata"),
        ("direct", {**QUEUED, "priority": 4}, "/priority"),
        ("direct", {**QUEUED, "variables": 1}, "/variables"),
        ("lanes", {"user_id": "u", "priority": "urgent", "tenant_id": "acme"}, "/priority"),
        ("lanes", {"user_id": "u", "tenant_id": 7}, "/tenant_id"),
    ],
)
def test_a_wrong_value_is_pointed_at(preset: str, message: Any, pointer: str) -> None:
    assert refused(preset, message) == (Reason.INVALID_FIELD, pointer)


@pytest.mark.parametrize("nothing", [b"null", b"{}"])
def test_an_empty_payload_is_none(nothing: bytes) -> None:
    start, end = SEED_000.index(b'{\n    "name"'), SEED_000.index(b',\n  "createdAt"')

    given = request("tenant", SEED_000[:start] + nothing + SEED_000[end:])

    assert bytes(given.data) in {b"", b"{}"}


def test_a_time_in_a_form_of_ones_own_does_no_harm() -> None:
    message = {**msgspec.json.decode(SEED_000), "createdAt": [2025, 1, 1, 10, 0]}

    assert request("tenant", message).id == "uuid"


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
    assert asked("lanes", SEED_003, headers=headers).tenant == "acme"


def test_a_token_names_the_organization() -> None:
    assert asked("lanes", SEED_003, proven=ACME).tenant == "acme"


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
    assert refused("lanes", SEED_003)[0] is Reason.MISSING_ORGANIZATION
    assert asked("lanes", SEED_003, otherwise=ACME).tenant == "acme"


def test_an_organization_that_is_named_is_never_replaced() -> None:
    assert asked("tenant", SEED_000, otherwise=ACME).tenant == "uuid"
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
    assert refused("tenant", SEED_000.replace(b"EMAIL", b"FAX")) == (
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

    found = reader.read(Incoming(SEED_000.replace(b"EMAIL", b"SMS")), now=NOW)

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

    found = asked("lanes", SEED_003, headers=headers)

    assert (found.id, found.source, found.traceparent) == (
        "n-9", "security", headers["traceparent"],
    )  # fmt: skip
    assert read(found.body).correlation_id == "c-9"


def test_two_ids_are_a_contradiction() -> None:
    assert refused("tenant", SEED_000, headers={"notification-id": "other"}) == (
        Reason.CONTRADICTION,
        "/notificationId",
    )


def test_the_brokers_id_is_the_key_of_a_message_without_a_name() -> None:
    assert asked("lanes", SEED_003, otherwise=ACME, id_="m-1").key == "m-1"
    assert asked("tenant", SEED_000, id_="m-1").key is None


@pytest.mark.parametrize("strange", ["two words", "é", "x" * 300, "\ud800", "a\nb"])
def test_a_strange_id_of_the_broker_becomes_a_key_that_is_always_the_same(strange: str) -> None:
    keys = {asked("lanes", SEED_003, otherwise=ACME, id_=strange).key for _ in range(2)}

    (key,) = keys
    assert key is not None
    assert key.isalnum()
    assert len(key) == 32


@pytest.mark.parametrize("value", ["two\nlines", "\ud800", "x" * 2_000])
def test_a_header_that_is_no_line_of_text_is_refused(value: str) -> None:
    assert refused("tenant", SEED_000, headers={"correlation-id": value}) == (
        Reason.INVALID_HEADER,
        "",
    )


def test_headers_that_mean_nothing_here_are_not_looked_at() -> None:
    assert asked("tenant", SEED_000, headers={"x-anything": "\ud800\n"}).id == "uuid"


# Age and size


def test_what_lay_on_the_broker_for_too_long_is_refused() -> None:
    reader = Reader("tenant", CHANNELS, window=timedelta(days=30))
    day = 86_400_000_000

    young, old = (
        reader.read(Incoming(SEED_000, stored_at=NOW - days * day), now=NOW) for days in (30, 31)
    )

    assert isinstance(young, Asked)
    assert isinstance(old, Quarantined)
    assert (old.reason, old.tenant) == (Reason.TOO_OLD, "uuid")


def test_an_old_time_in_the_message_itself_means_nothing() -> None:
    message = {**msgspec.json.decode(SEED_000), "createdAt": "1999-01-01T00:00:00Z"}

    assert asked("tenant", message).id == "uuid"


def test_an_oversized_message_is_refused_unread() -> None:
    reader = Reader("tenant", CHANNELS, most_bytes=100)

    found = reader.read(Incoming(SEED_000, {"organization-id": "acme"}), now=NOW)

    assert isinstance(found, Quarantined)
    assert (found.reason, found.tenant) == (Reason.TOO_LARGE, "acme")


# What the gateway refuses later


@pytest.mark.parametrize(
    ("preset", "body", "ours", "theirs"),
    [
        ("tenant", SEED_000, "/to/email", "/recipient"),
        ("tenant", SEED_000, "/id", "/notificationId"),
        ("tenant", SEED_000, "/data/name", "/payload/name"),
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
