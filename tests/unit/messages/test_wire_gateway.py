"""What the reader makes of a message, the gateway takes as it takes a call by REST."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.policy import Policy
from sendwell.domain.presets import PRESETS
from sendwell.messages.requested import Requested, To
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.derived import is_derived
from sendwell.messages.wire.examples import REQUESTS
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.requests.tenant import TenantRequest
from sendwell.roles.gateway.request import Builder, Origin
from sendwell.roles.gateway.wire import CamelIn, read
from tests.unit.messages.builders import CHANNELS, NOW, a_task
from tests.unit.messages.contracts import LANES_REQUEST, TENANT_REQUEST

ACME = TenantId("acme")


WHOLE: Mapping[str, Any] = {
    **REQUESTS["tenant"],
    "channel": "IN_APP",
    "recipient": "user-001",
    "topic": "news/sport",
    "content": {"text": "Hello"},
    "locale": "de-AT",
    "metadata": {"shop": 1},
    "priority": "high",
    "correlationId": "c-1",
    "schemaVersion": "1.0",
}
"""All that a message of preset tenant can say, but for a template, which goes without content."""


def built(preset: str, body: bytes) -> Requested:
    found = Reader(preset, CHANNELS, otherwise=ACME).read(Incoming(body), now=NOW)
    assert isinstance(found, Asked), found
    return accepted(found.body, Origin(found.tenant, found.source, found.traceparent))


def accepted(body: bytes, origin: Origin) -> Requested:
    builder = Builder(CHANNELS, clock=SystemClock(), ids=SystemIds())
    return builder.build(read(body), origin, Policy())


@pytest.mark.parametrize("preset", REQUESTS)
def test_the_example_of_every_preset_is_accepted(preset: str) -> None:
    request = built(preset, msgspec.json.encode(REQUESTS[preset]))

    assert request.to
    assert request.tenant


def test_a_message_of_preset_tenant_is_accepted_under_its_own_id() -> None:
    request = built("tenant", TENANT_REQUEST)

    assert (request.id, request.tenant, request.correlation_id) == ("uuid", "uuid", "uuid")
    assert (request.to, request.channels) == ((To(email="user@example.com"),), ("email",))
    assert request.source == "bus"


def test_a_security_alert_of_preset_lanes_goes_by_the_high_lane() -> None:
    request = built("lanes", LANES_REQUEST)

    assert request.lane == Lane.HIGH
    assert msgspec.json.decode(request.metadata)["ip_address"] == "203.0.113.42"


def test_words_that_the_gateway_made_are_known_as_such() -> None:
    assert is_derived(built("tenant", TENANT_REQUEST))
    assert not is_derived(built("lanes", LANES_REQUEST))


@pytest.mark.parametrize(
    "message",
    [WHOLE, {name: WHOLE[name] for name in WHOLE if name != "content"} | {"template": "welcome"}],
)
def test_the_camel_case_message_says_the_same_by_rest_and_by_the_bus(
    message: Mapping[str, Any],
) -> None:
    body = msgspec.json.encode(message)

    request = built("tenant", body)

    by_rest = accepted(body, Origin(request.tenant, "bus"))
    assert msgspec.structs.replace(by_rest, accepted_at=request.accepted_at) == request
    assert (request.topic, request.lane, request.correlation_id) == ("news/sport", 1, "c-1")


def test_what_all_can_be_said_in_camel_case_is_tried() -> None:
    fields = set(TenantRequest.__struct_encode_fields__)

    assert set(CamelIn.__struct_encode_fields__) == fields
    assert {*WHOLE, "template"} == fields


def test_a_task_that_we_wrote_can_be_posted() -> None:
    request = built("tenant", msgspec.json.encode({**WHOLE, "priority": "critical"}))
    task = a_task(request, channel=ChannelName("in_app"), part="0.in_app")

    written = Carrier(PRESETS["tenant"]).task(task).body

    assert accepted(written, Origin(task.request.tenant)).topic == "news/sport"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"schemaVersion": "9.0"}, "/schemaVersion"),
        ({"content": {"text": "x", "colour": "red"}}, "/content/colour"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_by_rest_nobody_is_left_in_the_belief_that_more_was_understood(
    change: Mapping[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read(msgspec.json.encode({**WHOLE, **change}))

    assert [flaw.pointer for flaw in refused.value.flaws] == [pointer]
    assert refused.value.message.startswith(f"{pointer}: ")


@pytest.mark.parametrize("preset", REQUESTS)
def test_every_preset_can_say_what_it_is_about(preset: str) -> None:
    body = msgspec.json.encode({**REQUESTS[preset], "topic": "news/sport"})

    request = built(preset, body)
    again = built(preset, Carrier(PRESETS[preset]).task(a_task(request)).body)

    assert request.topic == again.topic == "news/sport"
