"""What people agreed to and took back: rows that are appended and never changed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, func, insert, select

from sendwell.domain.consent import Fact
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.database import Database
from sendwell.roles.users.tables import CONSENT


class Occasion(NamedTuple):
    """How a choice came to us, and from whom."""

    source: str
    """By what way: api, import, person, paper …"""
    actor: str
    """Who told us: a key, an operator, the person."""
    wording: str | None = None
    """The words that were agreed to."""
    evidence: str | None = None
    """What proves it: the number of a form, a link to a recording."""


BY_API = Occasion("api", "")


class Consent(NamedTuple):
    """One fact on record."""

    number: int
    at: int
    fact: Fact
    occasion: Occasion


class Chooser(Protocol):
    """Whoever changes choices."""

    @property
    def tenant(self) -> TenantId:
        """Whose person."""
        ...

    @property
    def user(self) -> UserId:
        """Which person."""
        ...

    @property
    def at(self) -> int:
        """When, in microseconds."""
        ...

    @property
    def occasion(self) -> Occasion:
        """How it came to us."""
        ...


class Entry(NamedTuple):
    """A fact to be put on record."""

    tenant: TenantId
    user: UserId
    at: int
    fact: Fact
    occasion: Occasion

    @classmethod
    def of(cls, chooser: Chooser, fact: Fact) -> "Entry":
        """The entry for a fact of that change."""
        return cls(chooser.tenant, chooser.user, chooser.at, fact, chooser.occasion)


class ConsentStore:
    """The record of consent on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, tenant: TenantId, user: UserId, *, before: int | None, limit: int
    ) -> list[Consent]:
        """A person's facts, the newest first, from below that number on."""
        question = select(CONSENT).where(CONSENT.c.tenant == tenant, CONSENT.c.user_id == user)
        if before is not None:
            question = question.where(CONSENT.c.number < before)
        rows = await self._database.rows(question.order_by(CONSENT.c.number.desc()).limit(limit))
        return [
            Consent(
                row.number,
                row.at,
                Fact(row.is_given, row.channel, row.category, row.topic),
                Occasion(row.source, row.actor, *_decode(row.body)),
            )
            for row in rows
        ]

    async def since(self, tenant: TenantId, user: UserId, at: int) -> list[Fact]:
        """The facts that are later than that (microseconds)."""
        rows = await self._database.rows(
            select(CONSENT).where(
                CONSENT.c.tenant == tenant, CONSENT.c.user_id == user, CONSENT.c.at > at
            )
        )
        return [Fact(row.is_given, row.channel, row.category, row.topic) for row in rows]


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Put them on record, numbered on for each person. The people's rows are locked already."""
    if not entries:
        return
    numbers = _last_numbers(connection, entries)
    rows = []
    for each in entries:
        who = (each.tenant, each.user)
        numbers[who] = numbers.get(who, 0) + 1
        rows.append(_row(each, numbers[who]))
    connection.execute(insert(CONSENT), rows)


def _last_numbers(
    connection: Connection, entries: Sequence[Entry]
) -> dict[tuple[TenantId, UserId], int]:
    by_tenant: dict[TenantId, set[UserId]] = {}
    for each in entries:
        by_tenant.setdefault(each.tenant, set()).add(each.user)
    last: dict[tuple[TenantId, UserId], int] = {}
    for tenant, users in by_tenant.items():
        rows = connection.execute(
            select(CONSENT.c.user_id, func.max(CONSENT.c.number).label("last"))
            .where(CONSENT.c.tenant == tenant, CONSENT.c.user_id.in_(users))
            .group_by(CONSENT.c.user_id)
        )
        last |= {(tenant, row.user_id): row.last for row in rows}
    return last


def _row(entry: Entry, number: int) -> Mapping[str, object]:
    occasion = entry.occasion
    return {
        "tenant": entry.tenant,
        "user_id": entry.user,
        "number": number,
        "at": entry.at,
        **entry.fact._asdict(),
        "source": occasion.source,
        "actor": occasion.actor,
        "body": _encode((occasion.wording, occasion.evidence)),
    }


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str | None, str | None]).decode
