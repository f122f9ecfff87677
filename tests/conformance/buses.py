"""The adapters of the Bus port. Each states its cases in a file of its own, as `CASES`."""

from collections.abc import Sequence

from tests.conformance import bus_kafka, bus_postgres, bus_rabbitmq
from tests.conformance.bus_case import BusCase

CASES: Sequence[BusCase] = (*bus_postgres.CASES, *bus_rabbitmq.CASES, *bus_kafka.CASES)
