from typing import Any

import msgspec
import pytest

from sendwell.domain.presets.naming import Share
from sendwell.messages.requested import To
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.requests.plain import PlainRequest
from sendwell.roles.gateway.wire import NotificationIn, read
from tests.unit.messages.builders import EMAIL
from tests.unit.messages.contracts import LANES_REQUEST, TENANT_REQUEST
from tests.unit.messages.reading import ACME, INTENT, QUEUED, asked, refused, request

# Each preset in its own words


def test_the_message_of_preset_tenant_is_read() -> None:
    found = asked("tenant", TENANT_REQUEST)
    given = read(found.body)

    assert (found.tenant, found.id, found.key) == ("uuid", "uuid", None)
    assert (given.id, given.event_type, given.channel) == ("uuid", "USER_REGISTERED", "email")
    assert given.to == To(email="user@example.com")
    assert msgspec.json.decode(given.data) == {"name": "John", "link": "https://example.com"}


@pytest.mark.parametrize(
    ("channel", "field"),
    [("EMAIL", "email"), ("SMS", "phone"), ("Push", "token"), ("WEBHOOK", "url")],
)
def test_a_recipient_of_preset_tenant_is_an_address_of_its_channel(
    channel: str, field: str
) -> None:
    given = request("tenant", TENANT_REQUEST.replace(b"EMAIL", channel.encode()))

    assert given.to == To(**{field: "user@example.com"})  # type: ignore[arg-type]


def test_a_recipient_of_a_channel_without_addresses_is_a_user() -> None:
    given = request("tenant", TENANT_REQUEST.replace(b"EMAIL", b"IN_APP"))

    assert given.to == To(user_id="user@example.com")  # type: ignore[arg-type]


def test_an_intent_of_preset_intents_is_read_with_its_envelope() -> None:
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


def test_the_notification_of_preset_lanes_is_read() -> None:
    found = asked("lanes", LANES_REQUEST, otherwise=ACME)
    given = read(found.body)

    assert (found.tenant, found.id, found.key) == ("acme", None, None)
    assert (given.user_id, given.event_type) == ("user-001", "security_alert")
    assert given.content == "Suspicious login attempt detected from a new device"
    assert msgspec.json.decode(given.metadata)["device"] == "Unknown iPhone"


def test_a_queued_message_of_preset_direct_is_read() -> None:
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
    assert (
        refused("tenant", TENANT_REQUEST, headers={"schema-version": "2"})[0]
        is Reason.UNKNOWN_VERSION
    )


def test_a_version_that_is_not_known_is_not_looked_into() -> None:
    message = {"schemaVersion": "3", "organizationId": "acme", "kind": "something else"}

    assert refused("tenant", message) == (Reason.UNKNOWN_VERSION, "/schemaVersion")


@pytest.mark.parametrize("field", ["notificationId", "eventType", "channel", "recipient"])
def test_a_missing_field_of_preset_tenant_is_pointed_at(field: str) -> None:
    message = msgspec.json.decode(TENANT_REQUEST)
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
        ("tenant", {**msgspec.json.decode(TENANT_REQUEST), "recipient": 7}, "/recipient"),
        ("tenant", {**msgspec.json.decode(TENANT_REQUEST), "payload": []}, "/payload"),
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
    start, end = TENANT_REQUEST.index(b'{\n    "name"'), TENANT_REQUEST.index(b',\n  "createdAt"')

    given = request("tenant", TENANT_REQUEST[:start] + nothing + TENANT_REQUEST[end:])

    assert bytes(given.data) in {b"", b"{}"}


def test_a_time_in_a_form_of_ones_own_does_no_harm() -> None:
    message = {**msgspec.json.decode(TENANT_REQUEST), "createdAt": [2025, 1, 1, 10, 0]}

    assert request("tenant", message).id == "uuid"
