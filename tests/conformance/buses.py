"""The adapters of the Bus port. Each states its cases in a file of its own, as `CASES`."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.conformance import bus_kafka, bus_postgres, bus_rabbitmq
from tests.conformance.bus_case import BusCase
from tests.services.needs import needs

CASES: Sequence[BusCase] = (*bus_postgres.CASES, *bus_rabbitmq.CASES, *bus_kafka.CASES)


def on_servers(cases: Iterable[BusCase]) -> list[Any]:
    """The cases as parameters of the fixture `broker`."""
    return [pytest.param(case, id=case.name, marks=needs(case.server)) for case in cases]
