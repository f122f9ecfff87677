from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import FINAL, State
from sendwell.domain.presets import PRESETS
from sendwell.domain.presets.preset import Partition
from sendwell.domain.triage import Cause
from sendwell.messages.wire import headers
from sendwell.messages.wire.announcer import Announcer
from sendwell.messages.wire.events import EVENTS
from sendwell.messages.wire.events.tenant import STATUS_WORDS
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.move import Move
from sendwell.messages.wire.schemas import schemas
from tests.unit.messages.builders import CHANNELS, a_move, a_request, moves
from tests.unit.messages.schema import valid

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def announced(preset: str, move: Move) -> Letter:
    letter = Announcer(PRESETS[preset], CHANNELS).letter(move)
    assert letter is not None
    return letter


def event(preset: str, move: Move) -> Any:
    return msgspec.json.decode(announced(preset, move).body)


def test_the_status_of_preset_tenant_has_the_columns_of_its_table() -> None:
    move = a_move(
        State.SENT,
        status={"attempt": 3, "provider": "sendgrid", "reference": "m-1"},
    )

    letter = announced("tenant", move)

    assert (letter.stream.name, letter.key) == ("notification.status", "acme")
    assert msgspec.json.decode(letter.body) == {
        "notificationId": "n-1",
        "organizationId": "acme",
        "eventType": "order_shipped",
        "channel": "EMAIL",
        "status": "SENT",
        "provider": "sendgrid",
        "providerMessageId": "m-1",
        "retryCount": 2,
        "maxRetries": 5,
        "errorCode": None,
        "errorMessage": None,
        "createdAt": "2026-09-21T14:13:20.000Z",
        "updatedAt": "2026-09-21T14:13:21.500Z",
        "sentAt": "2026-09-21T14:13:21.500Z",
        "state": "SENT",
        "deliveryId": "n-1.0.email",
        "correlationId": "c-1",
        "schemaVersion": "1.0",
    }


def test_every_state_is_one_of_the_five_of_preset_tenant() -> None:
    assert STATUS_WORDS.keys() == set(State)
    assert set(STATUS_WORDS.values()) == {"PENDING", "PROCESSING", "SENT", "FAILED", "RETRYING"}
    assert all(STATUS_WORDS[State[name]] == name for name in set(STATUS_WORDS.values()))


def test_the_time_of_sending_stays_with_what_came_later() -> None:
    sent_at = a_move().status.at

    later = event("tenant", a_move(State.DELIVERED, sent_at=sent_at))

    assert (later["status"], later["state"]) == ("SENT", "DELIVERED")
    assert later["sentAt"] == "2026-09-21T14:13:21.500Z"


@pytest.mark.parametrize(
    ("channel", "state", "name"),
    [
        ("email", State.DELIVERED, "notification.email.delivered"),
        ("email", State.COMPLAINED, "notification.email.delivered"),
        ("email", State.BOUNCED, "notification.email.bounced"),
        ("email", State.DEAD, "notification.email.failed"),
        ("push", State.SUPPRESSED, "notification.push.failed"),
        ("push", State.BOUNCED, "notification.push.failed"),
        ("in_app", State.EXPIRED, "notification.in_app.failed"),
    ],
)
def test_a_verdict_of_preset_intents_has_a_stream_of_its_own(
    channel: str, state: State, name: str
) -> None:
    move = a_move(state, status={"channel": ChannelName(channel)})

    assert announced("intents", move).stream.name == name


def test_a_verdict_of_preset_intents_comes_in_an_envelope_of_six_fields() -> None:
    move = a_move(
        State.DEAD,
        status={"code": "550", "text": "no such user", "attempt": 2, "provider": "smtp"},
        cause=Cause.INVALID_ADDRESS,
        traceparent=f"00-{TRACE}-00f067aa0ba902b7-01",
    )

    found = event("intents", move)

    assert {
        "idempotency_key": "n-1~302657b33c4da281.0.email:DEAD:1790000001500000",
        "correlation_id": "c-1",
        "tenant_id": "acme",
        "source": "sendwell",
        "trace_id": TRACE,
        "schema_version": "1.0",
    }.items() <= found.items()
    assert {
        "outcome": "failed",
        "status": "DEAD",
        "intent_id": "n-1",
        "channel": "email",
        "attempts": 2,
        "error_classification": "invalid_address",
        "error_code": "550",
        "error_message": "no such user",
    }.items() <= found.items()


@pytest.mark.parametrize("state", sorted(set(State) - FINAL))
def test_preset_intents_hears_nothing_before_the_end(state: State) -> None:
    assert Announcer(PRESETS["intents"], CHANNELS).letter(a_move(state)) is None


def test_sent_is_an_end_where_no_receipt_is_to_come() -> None:
    announcer = Announcer(PRESETS["intents"], CHANNELS)

    open_, end = (announcer.letter(a_move(State.SENT, is_end=is_end)) for is_end in (False, True))

    assert open_ is None
    assert end is not None
    assert end.stream.name == "notification.email.delivered"
    assert msgspec.json.decode(end.body)["status"] == "SENT"


def test_a_rule_that_stopped_it_is_its_classification() -> None:
    move = a_move(State.SUPPRESSED, status={"rule": "consent"})

    assert event("intents", move)["error_classification"] == "consent"


def test_an_untraced_notification_has_always_the_same_trace() -> None:
    dead, bounced, other = (
        event("intents", move)["trace_id"]
        for move in (
            a_move(State.DEAD),
            a_move(State.BOUNCED),
            a_move(State.DEAD, correlation_id="c-2"),
        )
    )

    assert dead == bounced != other
    assert len(dead) == 32


def test_the_status_of_preset_direct_has_the_columns_of_its_table() -> None:
    move = a_move(
        State.DEAD,
        status={"text": "no such user", "user_id": "user-001"},
        lane=Lane.HIGH.value,
        template="welcome",
    )

    letter = announced("direct", move)
    found = msgspec.json.decode(letter.body)

    assert (letter.stream.exchange, letter.stream.name) == ("notifications.direct", "status")
    assert {
        "id": "n-1",
        "user_id": "user-001",
        "notification_type": "email",
        "template_code": "welcome",
        "status": "DEAD",
        "priority": 1,
        "error": "no such user",
        "created_at": "2026-09-21T14:13:20.000Z",
        "updated_at": "2026-09-21T14:13:21.500Z",
    }.items() <= found.items()


@pytest.mark.parametrize(
    ("preset", "name"), [("lanes", "notifications.status"), ("plain", "sendwell.status")]
)
def test_a_delivery_is_told_in_our_own_words(preset: str, name: str) -> None:
    move = a_move(State.HELD, status={"rule": "quiet_hours", "due": a_move().status.at})

    letter = announced(preset, move)
    found = msgspec.json.decode(letter.body)

    assert letter.stream.name == name
    assert (found["status"], found["rule"], found["priority"]) == ("HELD", "quiet_hours", "medium")
    assert found["due_at"] == "2026-09-21T14:13:21.500Z"


@pytest.mark.parametrize(
    ("preset", "priority"), [("plain", "critical"), ("lanes", "critical"), ("direct", 0)]
)
def test_the_priority_is_that_of_the_request(preset: str, priority: str | int) -> None:
    urgent = a_request(lane=Lane.CRITICAL.value)
    by_receipt = a_move(State.DELIVERED).status

    found = event(preset, Move.of(by_receipt, urgent, most_attempts=6))

    assert priority == found["priority"]


def test_headers_let_a_reader_route_without_reading() -> None:
    letter = announced("tenant", a_move(State.SENT))

    assert letter.headers == {
        headers.ORGANIZATION: "acme",
        headers.NOTIFICATION: "n-1",
        headers.CORRELATION: "c-1",
        headers.IDEMPOTENCY: "n-1~302657b33c4da281.0.email:SENT:1790000001500000",
        headers.SOURCE: "sendwell",
        headers.SCHEMA_VERSION: "1",
        headers.CONTENT_TYPE: "application/json",
    }


def test_the_key_can_be_the_recipient() -> None:
    announcer = Announcer(replace(PRESETS["tenant"], partition_by=Partition.USER), CHANNELS)

    person = announcer.letter(a_move(status={"user_id": "user-001"}))
    nobody = announcer.letter(a_move())

    assert person is not None
    assert nobody is not None
    assert (person.key, nobody.key) == ("acme/user-001", "acme/n-1")


@given(preset=st.sampled_from(sorted(PRESETS)), move=moves())
def test_every_event_is_as_its_schema_says(preset: str, move: Move) -> None:
    letter = Announcer(PRESETS[preset], CHANNELS).letter(move)

    if letter is not None:
        name = EVENTS[preset].__name__
        assert valid(msgspec.json.decode(letter.body), name, schemas(preset))
