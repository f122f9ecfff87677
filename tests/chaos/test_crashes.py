"""A crash is one more kill: the process is there again, and the crash is counted."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from tests.chaos.cluster.fleet import Fleet, Member
from tests.chaos.cluster.servers import Mode, running
from tests.services.needs import needs

pytestmark = [*needs("postgres")]

USER = "member0"


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    with running(Mode.POSTGRES) as servers:
        servers.add_user(USER)
        member = Member(USER, tmp_path / "data", servers.environment(USER))
        fleet = Fleet([member], servers, Random(1))
        await fleet.start(member)
        yield fleet
        await fleet.end()


async def test_who_was_ended_by_signal_11_is_started_again_and_counted(fleet: Fleet) -> None:
    (member,) = fleet.members
    crashed = member.pid
    member.product.process.send_signal(signal.SIGSEGV)
    await member.product.process.wait()

    await fleet.whole()

    assert (1, [member]) == (fleet.crashes, fleet.up)
    assert member.pid != crashed
