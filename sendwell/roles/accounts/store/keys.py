"""API keys as rows: everything but the key itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, insert, select, update

from sendwell.domain.environment import Environment
from sendwell.domain.errors import Conflict
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import ADMINISTRATOR, Permission, Permissions
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Unit, Write, core
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.tables import API_KEY


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is kept. Without scopes it may do all that can be done within its tenant."""

    id: str
    tenant: TenantId
    name: str
    hash: str
    created_at: int
    environment: Environment = Environment.LIVE
    scopes: Permissions | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None
    created_by: str | None = None
    rotated_at: int | None = None
    """When another one came in its place."""

    def is_good(self, now: int) -> bool:
        """Whether it may still be used."""
        has_expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not has_expired


def added(key: StoredKey) -> Unit:
    """The write that stores a new key."""
    row = insert(API_KEY).values(
        id=key.id,
        tenant=key.tenant,
        name=key.name,
        hash=key.hash,
        created_at=key.created_at,
        environment=key.environment.value,
        scopes=_text(key.scopes),
        expires_at=key.expires_at,
        created_by=key.created_by,
    )
    return [Write(core, [row])]


class KeyStore:
    """API keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, id_: str) -> StoredKey | None:
        """The key with that id, whoever's it is."""
        return await self._first(select(API_KEY).where(API_KEY.c.id == id_))

    async def of(self, tenant: TenantId, id_: str) -> StoredKey | None:
        """The tenant's key with that id."""
        return await self._first(
            select(API_KEY).where(API_KEY.c.tenant == tenant, API_KEY.c.id == id_)
        )

    async def all(self, tenant: TenantId) -> list[StoredKey]:
        """All of the tenant's keys, the newest first."""
        rows = await self._database.rows(
            select(API_KEY)
            .where(API_KEY.c.tenant == tenant)
            .order_by(API_KEY.c.created_at.desc(), API_KEY.c.id)
        )
        return [_key(row) for row in rows]

    async def has_platform_key(self) -> bool:
        """Whether somebody can administrate the tenants."""
        rows = await self._database.rows(
            select(API_KEY.c.id)
            .where(API_KEY.c.scopes == _text(ADMINISTRATOR), API_KEY.c.revoked_at.is_(None))
            .limit(1)
        )
        return bool(rows)

    async def add(self, key: StoredKey, *deeds: Deed) -> None:
        """Store a new key, on the record if there is one."""
        records = [write for deed in deeds for write in recorded(deed)]
        await self._database.commit([*added(key), *records])

    async def rotate(self, old: StoredKey, new: StoredKey, deed: Deed) -> None:
        """Store the new key; the old one ends when its `expires_at` says. On the record.

        Raises Conflict when the old one was rotated or revoked before, or has ended.
        """
        await self._database.commit([Write(_end, [old]), *added(new), *recorded(deed)])

    async def revoke(self, key: StoredKey, now: int, deed: Deed) -> None:
        """From now on nobody may use it, on the record."""
        change = (
            update(API_KEY)
            .where(API_KEY.c.tenant == key.tenant, API_KEY.c.id == key.id)
            .values(revoked_at=now)
        )
        await self._database.commit([Write(core, [change]), *recorded(deed)])

    async def note_use(self, id_: str, now: int) -> None:
        """It was used just now."""
        await self._database.execute(
            update(API_KEY).where(API_KEY.c.id == id_).values(last_used_at=now)
        )

    async def _first(self, asked: Select[Any]) -> StoredKey | None:
        rows = await self._database.rows(asked)
        return _key(rows[0]) if rows else None


def _end(connection: Connection, keys: Sequence[StoredKey]) -> None:
    """Let keys end when they say, unless they were revoked or rotated already, or have ended."""
    for key in keys:
        ended = connection.execute(
            update(API_KEY)
            .where(
                API_KEY.c.tenant == key.tenant,
                API_KEY.c.id == key.id,
                API_KEY.c.revoked_at.is_(None),
                API_KEY.c.rotated_at.is_(None),
                API_KEY.c.expires_at.is_(None) | (API_KEY.c.expires_at > key.rotated_at),
            )
            .values(expires_at=key.expires_at, rotated_at=key.rotated_at)
        )
        if ended.rowcount == 0:
            raise Conflict(
                "This key was rotated or revoked already, or its time is over.", code="key_ended"
            )


def _text(scopes: Permissions | None) -> str | None:
    return None if scopes is None else msgspec.json.encode(sorted(scopes)).decode()


def _key(row: Row[Any]) -> StoredKey:
    scopes: list[str] | None = msgspec.json.decode(row.scopes) if row.scopes else None
    return StoredKey(
        row.id,
        row.tenant,
        row.name,
        row.hash,
        row.created_at,
        Environment(row.environment),
        None if scopes is None else frozenset(map(Permission, scopes)),
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
        row.created_by,
        row.rotated_at,
    )
