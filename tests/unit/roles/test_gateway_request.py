"""What a call asks for, once everything in it has been checked."""

from typing import Any

import msgspec
import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.errors import Invalid, SendwellError
from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.policy import Policy
from sendwell.domain.priority import PriorityRule
from sendwell.messages.requested import Requested, decode, encode
from sendwell.roles.gateway.request import Builder, Origin
from sendwell.roles.gateway.wire import NotificationIn, as_written, read

BUILDER = Builder(all_channels(), clock=SystemClock(), ids=SystemIds())
CAMEL = {
    "notificationId": "n-1",
    "eventType": "order",
    "channel": "IN_APP",
    "recipient": "user-001",
}


def built(**body: Any) -> Requested:
    given = read(msgspec.json.encode(body))
    return BUILDER.build(given, Origin(TenantId("acme")), Policy())


def test_null_is_nothing_in_every_field() -> None:
    nulls = dict.fromkeys(field.name for field in msgspec.structs.fields(NotificationIn))

    request = built(**{**nulls, "user_id": "user-001", "payload": {"a": 1}})

    assert (bytes(request.data), bytes(request.metadata)) == (b'{"a":1}', b"{}")


@pytest.mark.parametrize("nothing", [{}, {"payload": None, "organizationId": None}])
def test_null_is_nothing_in_the_camel_case_message(nothing: dict[str, None]) -> None:
    assert bytes(built(**CAMEL, **nothing).data) == b"{}"


@pytest.mark.parametrize(("event_type", "is_critical"), [("alarm_on", True), ("news", False)])
def test_a_request_bears_whether_its_event_is_critical(event_type: str, is_critical: bool) -> None:
    given = read(msgspec.json.encode({"user_id": "user-001", "event_type": event_type}))
    policy = Policy(priorities=(PriorityRule("alarm*", Lane.HIGH, is_critical=True),))

    request = BUILDER.build(given, Origin(TenantId("acme")), policy)

    assert request.is_critical is is_critical


def test_what_nobody_gave_takes_no_room_on_record() -> None:
    request = built(user_id="user-001", content="Hello")

    kept = encode(request)

    assert (b'"data"' in kept, b'"metadata"' in kept, decode(kept)) == (False, False, request)


def test_who_is_named_twice_is_told_once() -> None:
    ada, bob = {"user_id": "ada"}, {"user_id": "bob", "email": "bob@example.org"}
    same_bob = {**bob, "email": "bob@EXAMPLE.org"}
    bob_elsewhere = {**bob, "email": "bob@example.com"}

    request = built(to=[bob, ada, ada, same_bob, bob_elsewhere, ada], content="Hello")

    assert [("bob", "bob@example.org"), ("ada", None), ("bob", "bob@example.com")] == [
        (to.user_id, to.email) for to in request.to
    ]


def test_two_names_of_the_data_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        built(user_id="user-001", data={}, payload={})

    assert [flaw.pointer for flaw in refused.value.flaws] == ["/payload"]


def pointer_of(**body: Any) -> str:
    with pytest.raises(SendwellError) as refused:
        built(**body)
    (flaw,) = as_written(refused.value, msgspec.json.encode(body)).flaws
    return flaw.pointer


def test_a_flaw_is_told_of_the_name_that_has_the_data() -> None:
    assert pointer_of(user_id="user-001", data=[1], payload=None) == "/data"
    assert pointer_of(user_id="user-001", payload=[1], data=None) == "/payload"
    assert pointer_of(user_id="user-001", metadata=[1]) == "/metadata"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"event_type": "order"}, "/event_type"),
        ({"data": {}}, "/data"),
        ({"organization_id": "acme"}, "/organization_id"),
        ({"to": {"user_id": "user-001"}}, "/to"),
        ({"a/b": 1}, "/a~1b"),
        ({"recipient": "user 1"}, "/recipient"),
        ({"payload": []}, "/payload"),
    ],
)
def test_a_flaw_of_the_camel_case_message_is_told_of_what_is_in_it(
    change: dict[str, Any], pointer: str
) -> None:
    assert pointer_of(**{**CAMEL, **change}) == pointer


@pytest.mark.parametrize(
    ("body", "pointer", "known"),
    [
        ({"user_id": "user-001", "priority": "urgent"}, "/priority", "critical, high, medium, low"),
        ({"user_id": "user-001", "routing": "any"}, "/routing", "all, fallback"),
        ({**CAMEL, "priority": "HIGH"}, "/priority", "critical, high, medium, low"),
    ],
)
def test_a_word_that_is_none_of_a_few_is_told_which_there_are(
    body: dict[str, Any], pointer: str, known: str
) -> None:
    with pytest.raises(Invalid, match=known) as refused:
        built(**body)

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]


def test_half_of_a_surrogate_pair_is_told_from_an_end_that_is_missing() -> None:
    with pytest.raises(Invalid, match="half of a surrogate pair"):
        read(b'{"content": "\\ud800"}')
    with pytest.raises(Invalid, match="truncated"):
        read(b'{"content": "\\ud800')


def test_a_camel_case_message_without_its_id_is_told_of_that() -> None:
    without = {name: value for name, value in CAMEL.items() if name != "notificationId"}

    assert pointer_of(**without) == "/notificationId"
    assert pointer_of(**without, colour="red") == "/colour"
    assert pointer_of(user_id="user-001", recipient="user-001") == "/recipient"
