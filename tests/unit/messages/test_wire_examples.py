import msgspec
import pytest

from sendwell.domain.presets import PRESETS
from sendwell.messages.wire.events import EVENTS
from sendwell.messages.wire.examples import REQUESTS, example_event
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.messages.wire.schemas import schemas
from tests.unit.messages.schema import valid
from tests.unit.messages.seeds import SEED_000, SEED_003

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
    ("preset", "name", "seed"),
    [("tenant", "TenantRequest", SEED_000), ("lanes", "PlainRequest", SEED_003)],
)
def test_the_message_of_the_contract_is_as_the_schema_says(
    preset: str, name: str, seed: bytes
) -> None:
    assert valid(msgspec.json.decode(seed), name, schemas(preset))
