"""What the suites of the ports share."""

from collections.abc import AsyncIterator

import pytest

from tests.conformance.bus_house import Broker
from tests.conformance.buses import CASES, on_servers


@pytest.fixture(params=on_servers(CASES))
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    """Each adapter of the Bus port, on its real server."""
    case = request.param
    server = request.getfixturevalue(f"{case.server}_server")
    server.start()  # an earlier test may have left it dead
    async with case.opens(server) as makes:
        there = Broker(case, server, makes)
        yield there
        await there.close()
