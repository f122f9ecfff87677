"""Which dead letters are of recipients whom another delivery has reached, or may yet."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from sendwell.domain.grouping import group
from sendwell.domain.ids import Part, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.domain.replay import choose_again, reached_by
from sendwell.messages.requested import Requested
from sendwell.ports.database import Database
from sendwell.ports.journal import Journal
from sendwell.ports.work import Work
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.runtime.among import among
from sendwell.runtime.recipients import is_to

_TOGETHER = 50
"""Notifications: each may have a thousand recipients with a letter."""
_Letters = Sequence[Row[Any]]
_Standing = dict[Part, State]


class Reached:
    """Looks where the other deliveries of their notifications stand, open and ended."""

    def __init__(self, database: Database, journal: Journal, work: Work) -> None:
        self._database = database
        self._journal = journal
        self._work = work

    async def by_others(self, tenant: TenantId, letters: _Letters) -> dict[int, list[str]]:
        """By the letters' ids the deliveries that have reached the same recipients, or may yet.

        Of those only that were not replayed, and of whose channels one is enough.
        """
        waiting = [letter for letter in letters if letter.replayed_as is None]
        others = {
            letter.id: [str(part) for part in reached_by(_recipient(letter), standing)]
            async for own, standing in self._by_notification(tenant, waiting)
            for letter in own
        }
        positions = {letter.position for letter in waiting if others[letter.id]}
        in_turn = await self._journal.tried_in_turn(list(positions)) if positions else ()
        return {letter.id: others[letter.id] for letter in waiting if letter.position in in_turn}

    async def choose_again(
        self, tenant: TenantId, letters: _Letters, requests: Mapping[Position, Requested]
    ) -> list[Row[Any]]:
        """Those to send again where all of them are: of what is tried in turn only what the rule
        chooses.
        """
        in_turn = [each for each in letters if requests[each.position].falls_back]
        spared = {letter.id for letter in in_turn}
        async for own, standing in self._by_notification(tenant, in_turn):
            chosen = set(choose_again([Part.parse(letter.part) for letter in own], standing))
            spared -= {letter.id for letter in own if Part.parse(letter.part) in chosen}
        return [letter for letter in letters if letter.id not in spared]

    async def _by_notification(
        self, tenant: TenantId, letters: _Letters
    ) -> AsyncIterator[tuple[list[Row[Any]], _Standing]]:
        groups = group(letters, by=lambda letter: Position(letter.position))
        positions = list(groups)
        for start in range(0, len(positions), _TOGETHER):
            some = positions[start : start + _TOGETHER]
            meant = {_recipient(letter) for position in some for letter in groups[position]}
            standing = await self._standing(tenant, some, meant)
            for position in some:
                yield groups[position], standing[position]

    async def _standing(
        self, tenant: TenantId, positions: Sequence[Position], recipients: Collection[int]
    ) -> dict[Position, _Standing]:
        standing: dict[Position, _Standing] = {position: {} for position in positions}
        for status in await self._work.open(tenant, positions, recipients=recipients):
            standing[status.position][Part.parse(status.part)] = status.state
        ended = await self._journal.ended_parts(positions, recipients=recipients)
        for (position, part), state in ended.items():
            standing[position][Part.parse(part)] = state
        for position, replay in await self._replays(tenant, positions, recipients):
            standing[position].setdefault(replay, State.PENDING)
        return standing

    async def _replays(
        self, tenant: TenantId, positions: Sequence[Position], recipients: Collection[int]
    ) -> list[tuple[Position, Part]]:
        """What was sent again of these: where tasks go by a bus, nothing else here tells of it
        until its taker has said so.
        """
        rows = await self._database.rows(
            select(DEAD_LETTER.c.position, DEAD_LETTER.c.replayed_as).where(
                DEAD_LETTER.c.tenant == tenant,
                among(DEAD_LETTER.c.position, positions, self._database),
                is_to(DEAD_LETTER.c.part, recipients, self._database),
                DEAD_LETTER.c.replayed_as.is_not(None),
            )
        )
        return [(row.position, Part.parse(row.replayed_as)) for row in rows]


def _recipient(letter: Row[Any]) -> int:
    return Part.parse(letter.part).recipient
