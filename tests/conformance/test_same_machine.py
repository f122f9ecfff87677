"""Whose lease ends at once when another process joins: those of who died on the same machine."""

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sendwell.adapters.sql import postgres_membership
from sendwell.adapters.sql.direct import DirectConnection
from sendwell.adapters.sql.migrations import migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.postgres_membership import PostgresMembership
from sendwell.adapters.system import SystemClock
from sendwell.bootstrap import TABLES
from tests.services.needs import needs

pytestmark = needs("postgres")


NOBODY = 2**22
"""A number that no process has: the most that Linux gives is one less."""


@pytest.fixture
async def direct(postgres_url: str) -> AsyncIterator[DirectConnection]:
    database = PostgresDatabase(postgres_url)
    owners = {"cluster": TABLES["cluster"]}
    await database.with_connection(lambda connection: migrate_on(connection, owners))
    direct = DirectConnection(postgres_url)
    yield direct
    await direct.close()
    await database.close()


async def join(direct: DirectConnection) -> PostgresMembership:
    return await PostgresMembership.join(
        direct, SystemClock(), seconds=600, lost=lambda: pytest.fail("lost its lease")
    )


async def held_by(direct: DirectConnection, holder: str) -> None:
    await direct.fetch("UPDATE lease SET holder=$1", holder)


def here(process: int, *, namespace: str = "") -> str:
    own = Path("/proc/self/ns/pid").readlink()
    return f"{socket.gethostname()} {namespace or own} {process}"


async def test_the_work_of_who_died_here_goes_on_at_once(direct: DirectConnection) -> None:
    dead = await join(direct)
    await held_by(direct, here(NOBODY))

    successor = await join(direct)

    assert (dead.holds(), successor.node) == (True, dead.node)  # it has not heard yet
    await successor.leave()
    await dead.leave()


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_container_of_the_same_host_name_is_somebody_else(
    direct: DirectConnection, *, is_there: bool
) -> None:
    first = await join(direct)
    await held_by(direct, here(os.getpid() if is_there else NOBODY, namespace="pid:[1]"))

    second = await join(direct)

    assert second.node != first.node
    await second.leave()
    await first.leave()


async def test_a_number_that_runs_here_is_alive(
    direct: DirectConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await join(direct)
    await held_by(direct, here(os.getppid()))

    second = await join(direct)

    assert second.node != first.node
    assert postgres_membership._machine() == here(0).removesuffix(" 0")
    await second.leave()
    await first.leave()
