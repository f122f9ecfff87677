import msgspec
import pytest

from sendwell.domain.presets import PRESETS
from sendwell.messages.wire.events import EVENTS
from sendwell.messages.wire.examples import REQUESTS, example_event
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.messages.wire.schemas import schemas
from tests.unit.messages.contracts import LANES_REQUEST, TENANT_REQUEST
from tests.unit.messages.schema import valid

every_preset = pytest.mark.parametrize("preset", PRESETS)


@every_preset
def test_the_example_of_a_request_is_as_its_schema_says(preset: str) -> None:
    name = CONTRACTS[preset].message.__name__

    assert valid(REQUESTS[preset], name, schemas(preset))


@every_preset
def test_the_example_of_an_event_is_as_its_schema_says(preset: str) -> None:
    name = EVENTS[preset].__name__

    assert valid(msgspec.json.decode(example_event(preset)), name, schemas(preset))


@pytest.mark.parametrize(
    ("preset", "name", "request_"),
    [("tenant", "TenantRequest", TENANT_REQUEST), ("lanes", "PlainRequest", LANES_REQUEST)],
)
def test_the_message_of_the_contract_is_as_the_schema_says(
    preset: str, name: str, request_: bytes
) -> None:
    assert valid(msgspec.json.decode(request_), name, schemas(preset))
