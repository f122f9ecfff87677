"""API keys: made, shown once, rotated, revoked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sendwell.domain.environment import Environment
from sendwell.domain.errors import Denied, Flaw, Invalid, NotFound
from sendwell.domain.permissions import SCOPES, Permissions, grantable, parse_scopes
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.keys import Key, new_key
from sendwell.roles.accounts.service.accounts import Accounts
from sendwell.roles.accounts.store.keys import KeyStore, StoredKey


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new key is to be. Without scopes it may do everything within its tenant."""

    name: str
    scopes: Sequence[str] | None = None
    environment: Environment = Environment.LIVE
    lifetime: timedelta | None = None


class Keys:
    """A tenant's keys. Every change is on the record."""

    def __init__(self, store: KeyStore, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    async def all(self, caller: Caller) -> list[StoredKey]:
        """The tenant's keys, the newest first; ended ones too."""
        return await self._store.all(caller.tenant)

    async def create(self, caller: Caller, wanted: Wanted) -> tuple[StoredKey, Key]:
        """A new key; it can't be read again. Raises Invalid for scopes that may not be given."""
        scopes = _scopes(wanted.scopes, _grantable(caller, wanted.environment))
        now, key = self._clock.now(), new_key()
        made = StoredKey(
            key.id,
            caller.tenant,
            wanted.name,
            key.hash,
            now,
            wanted.environment,
            scopes,
            expires_at=None if wanted.lifetime is None else now + _microseconds(wanted.lifetime),
            created_by=caller.name,
        )
        await self._accounts.ensure_environment(caller.tenant, wanted.environment)
        await self._store.add(made, self._deed(caller, "key.created", made))
        return made, key

    async def rotate(
        self, caller: Caller, id_: str, *, overlap: timedelta
    ) -> tuple[StoredKey, Key]:
        """A new key in place of one that goes on working for the overlap, but no longer than it
        would have. The new one lasts as long as the old one was to last from the beginning.

        Raises NotFound, Denied for a key that may do more than the caller, and Conflict for one
        that has been rotated or revoked before.
        """
        old = await self._of(caller, id_)
        _check_reach(old, _grantable(caller, old.environment))
        now, key = self._clock.now(), new_key()
        made = replace(
            old,
            id=key.id,
            hash=key.hash,
            created_at=now,
            expires_at=None if old.expires_at is None else now + old.expires_at - old.created_at,
            last_used_at=None,
            created_by=caller.name,
        )
        ends_at = now + _microseconds(overlap)
        if old.expires_at is not None:
            ends_at = min(ends_at, old.expires_at)
        ending = replace(old, expires_at=ends_at, rotated_at=now)
        await self._store.rotate(ending, made, self._deed(caller, "key.rotated", old, new=made.id))
        self._accounts.forget(f"key:{old.id}")
        return made, key

    async def revoke(self, caller: Caller, id_: str) -> None:
        """Nobody may use it: here from now on, in other processes within 60 s. Raises NotFound."""
        key = await self._of(caller, id_)
        if key.revoked_at is None:
            deed = self._deed(caller, "key.revoked", key)
            await self._store.revoke(key, self._clock.now(), deed)
        self._accounts.forget(f"key:{key.id}")

    async def _of(self, caller: Caller, id_: str) -> StoredKey:
        """The tenant's key. Raises Denied for one that may do more than the caller."""
        key = await self._store.of(caller.tenant, id_)
        if key is None:
            raise NotFound(f"There is no API key {id_}.")
        _check_reach(key, caller.permissions)
        return key

    def _deed(self, caller: Caller, action: str, key: StoredKey, **details: str) -> Deed:
        told = {"environment": key.environment.value, **details}
        return Deed(caller.tenant, caller.name, action, key.id, self._clock.now(), told)


def _grantable(caller: Caller, environment: Environment) -> Permissions:
    """A key for tests reaches no operators, whatever its scopes."""
    if environment is Environment.TEST:
        return caller.permissions
    return grantable(caller.role, caller.permissions)


def _check_reach(key: StoredKey, within: Permissions) -> None:
    if not (SCOPES if key.scopes is None else key.scopes) <= within:
        raise Denied("This key may do more than you may.")


def _scopes(wanted: Sequence[str] | None, within: Permissions) -> Permissions | None:
    if wanted is not None:
        return parse_scopes(wanted, within=within)
    if within >= SCOPES:
        return None
    why = "Say which scopes: a key without them could do more than you may."
    raise Invalid(why, flaws=[Flaw("/scopes", why)])


def _microseconds(time: timedelta) -> int:
    return time // timedelta(microseconds=1)
