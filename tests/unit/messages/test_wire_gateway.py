"""What the reader makes of a message, the gateway takes as it takes a call by REST."""

import msgspec
import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.policy import Policy
from sendwell.messages.requested import Requested, To
from sendwell.messages.wire.derived import is_derived
from sendwell.messages.wire.examples import REQUESTS
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.reader import Reader
from sendwell.roles.gateway.request import Builder, Origin
from sendwell.roles.gateway.wire import read
from tests.unit.messages.builders import CHANNELS, NOW
from tests.unit.messages.contracts import LANES_REQUEST, TENANT_REQUEST

ACME = TenantId("acme")


def built(preset: str, body: bytes) -> Requested:
    found = Reader(preset, CHANNELS, otherwise=ACME).read(Incoming(body), now=NOW)
    assert isinstance(found, Asked), found
    origin = Origin(found.tenant, found.source, found.traceparent)
    return Builder(CHANNELS, clock=SystemClock(), ids=SystemIds()).build(
        read(found.body), origin, Policy()
    )


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
