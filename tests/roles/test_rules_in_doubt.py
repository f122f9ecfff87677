"""A service that hears of a change of rules asks the accounts role at once."""

import asyncio
import time
from collections.abc import Callable

import msgspec

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.peers.tenants import RemoteTenants
from sendwell.adapters.system import SystemClock
from sendwell.domain.policy import Policy
from sendwell.ports.questions import Tenants
from tests.simulators.server import Call, Simulator
from tests.simulators.troubles import Reply

TIMES = 20
UNHEARD_SECONDS = 2 * TIMES
"""What as many changes take where each waits for the next look."""


class AccountsService(Simulator):
    """It says who there is: nobody."""

    credentials = address = None

    def answer(self, call: Call) -> Reply:
        del call
        return Reply(200, msgspec.json.encode(Tenants({}, Policy(), "first")))


async def test_a_service_that_hears_of_a_change_asks_for_the_rules_at_once() -> None:
    clock = SystemClock()
    http = HttpClient(policy=Trusted(), clock=clock)
    async with AccountsService() as accounts:
        peer = Peer("accounts", accounts.base_url, http=http, token="t", clock=clock)
        tenants = RemoteTenants(peer, clock=clock, otherwise=Policy())
        await tenants.start()
        running = asyncio.create_task(tenants.run())

        began = time.monotonic()
        for number in range(TIMES):
            tenants.doubt()
            await accounts.until(more_calls(accounts, than=number + 1))
        took = time.monotonic() - began

        assert took < UNHEARD_SECONDS / 2
        running.cancel()
        await asyncio.wait([running])
        await http.close()


def more_calls(accounts: AccountsService, *, than: int) -> Callable[[], bool]:
    return lambda: len(accounts.calls) > than
