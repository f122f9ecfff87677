"""Lines that are merged are stored a few at a time: what is there of each person is read for it."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import cast

import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.domain.ids import TenantId, UserId
from sendwell.roles.users.api.person_lines import read_person
from sendwell.roles.users.reading.intake import Kind, Mode, Progress
from sendwell.roles.users.service.imports import Imports
from sendwell.roles.users.service.users import Users
from sendwell.roles.users.store.imports import OPEN, ImportRecord, ImportStore, Step

ACME = TenantId("acme")


@dataclass
class Stored:
    """Takes all steps."""

    mode: Mode
    sizes: list[int] = field(default_factory=list)

    async def find(self, tenant: TenantId, id_: str) -> ImportRecord:
        return ImportRecord(
            tenant, id_, OPEN, Kind.NDJSON, {}, Progress(), None, 0, 0, 0, "test", 0, 0, self.mode
        )

    async def take(self, step: Step) -> bool:
        self.sizes.append(len(step.batch.good))
        return True


class Nobody:
    """Remembers no people."""

    async def imported(self, tenant: TenantId, users: Collection[UserId]) -> None:
        return None

    def author(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(("mode", "sizes"), [(Mode.MERGE, [200, 200, 50]), (Mode.REPLACE, [450])])
async def test_fewer_at_once_where_they_are_merged(mode: Mode, sizes: list[int]) -> None:
    stored = Stored(mode)
    imports = Imports(
        cast("ImportStore", stored),
        users=cast("Users", Nobody()),
        clock=SystemClock(),
        ids=SystemIds(),
    )

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"user_id":"ada"}\n' * 450

    await imports.take(ACME, "one", pieces(), offset=0, is_last=True, read=read_person, by="test")

    assert stored.sizes == sizes
