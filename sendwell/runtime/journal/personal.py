"""Finds in the journal what is one person's."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, select

from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName, Position
from sendwell.messages import requested as codec
from sendwell.messages.requested import Requested, To
from sendwell.ports.database import Database
from sendwell.ports.keepers import Whom
from sendwell.runtime.journal.tables import REQUESTED
from sendwell.runtime.reading import read_portion

_FEW = 200
"""Rows that are the person's, each of them decoded: so many in a step where they are short."""
_MANY = 2_000
"""Rows that are only looked through, in the same way."""

_EMAIL = ChannelName("email")
_FIELDS = {name: channel.address_field for name, channel in all_channels().items()}
_ALONE, _AMONG = "alone", "among"


class Theirs(NamedTuple):
    """A notification, and which of its recipients the person is."""

    request: Requested
    places: tuple[int, ...]


class Personal:
    """What was asked for a person: by id, by one of their addresses, alone or among others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self, whom: Whom, after: str | None) -> tuple[Sequence[Theirs], str | None]:
        """The next of them, oldest first, and where to go on.

        First those that name the person alone, by an index; then everything that names no single
        person is looked through, for lists of recipients and bare addresses have no index.
        """
        phase, _, text = (after or f"{_ALONE}:0").partition(":")
        position = Position(int(text))
        if phase == _ALONE:
            return await self._alone(whom, position)
        return await self._among(whom, position)

    async def _alone(self, whom: Whom, after: Position) -> tuple[Sequence[Theirs], str | None]:
        bodies, last = await self._read(whom, REQUESTED.c.user_id == whom.user_id, after, _FEW)
        found = [Theirs(codec.decode(body), (0,)) for body in bodies]
        return found, f"{_AMONG}:0" if last is None else f"{_ALONE}:{last}"

    async def _among(self, whom: Whom, after: Position) -> tuple[Sequence[Theirs], str | None]:
        bodies, last = await self._read(whom, REQUESTED.c.user_id.is_(None), after, _MANY)
        marks = _marks(whom)
        requests = (codec.decode(body) for body in bodies if _mentions(body, marks))
        found = [Theirs(each, places) for each in requests if (places := _places(each, whom))]
        return found, None if last is None else f"{_AMONG}:{last}"

    async def _read(
        self, whom: Whom, whose: ColumnElement[bool], after: Position, limit: int
    ) -> tuple[Sequence[bytes], int | None]:
        rows, last = await read_portion(
            self._database,
            select(REQUESTED.c.body).where(
                REQUESTED.c.tenant == whom.tenant, whose, REQUESTED.c.position > after
            ),
            key=REQUESTED.c.position,
            long=REQUESTED.c.body,
            limit=limit,
        )
        return [row.body for row in rows], last


def _marks(whom: Whom) -> list[bytes]:
    """By what JSON that may be about the person is recognised, in lower case."""
    names = (whom.user_id, *(address for _, address in whom.addresses))
    return [msgspec.json.encode(name).lower() for name in names]


def _mentions(text: bytes, marks: Collection[bytes]) -> bool:
    """Whether any of the marks stands in the JSON."""
    lower = text.lower()
    return any(mark in lower for mark in marks)


def _places(request: Requested, whom: Whom) -> tuple[int, ...]:
    return tuple(place for place, to in enumerate(request.to) if _is_theirs(to, whom))


def _is_theirs(to: To, whom: Whom) -> bool:
    """A recipient with an id is whoever has that id, whatever address stands beside it."""
    if to.user_id is not None:
        return to.user_id == whom.user_id
    return any(_is_same(channel, address, to) for channel, address in whom.addresses)


def _is_same(channel: ChannelName, address: str, to: To) -> bool:
    field = _FIELDS.get(channel)
    given: str | None = getattr(to, field) if field else None
    if given is None:
        return False
    return given.lower() == address.lower() if channel == _EMAIL else given == address
