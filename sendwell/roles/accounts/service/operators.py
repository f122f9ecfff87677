"""Operators: who administrates a tenant, as what, and by which password."""

import uuid
from dataclasses import dataclass, replace

from sendwell.domain.errors import Denied, NotFound
from sendwell.domain.ids import TenantId
from sendwell.domain.passwords import check_password
from sendwell.domain.permissions import Role, may_appoint
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.ports.passwords import Passwords
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.service.accounts import Accounts
from sendwell.roles.accounts.store.operators import Card, Operator, OperatorStore


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is to become an operator. Without a password they sign in by OIDC."""

    email: str
    name: str
    role: Role
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different about an operator; None leaves it as it is."""

    name: str | None = None
    role: Role | None = None
    is_disabled: bool | None = None
    forgets_identity: bool = False
    """Who signs in next by OIDC at the operator's address is them from then on."""


class Operators:
    """A tenant's operators. Every change is on the record.

    A new password, another role, being disabled and a forgotten identity end all their sessions:
    here at once, in other processes within 60 s.
    """

    def __init__(
        self, store: OperatorStore, accounts: Accounts, passwords: Passwords, clock: Clock
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._passwords = passwords
        self._clock = clock

    async def all(self, caller: Caller) -> list[Operator]:
        """The tenant's operators, the oldest first."""
        return await self._store.all(caller.tenant)

    async def operator(self, caller: Caller, id_: str) -> Operator:
        """One of them. Raises NotFound."""
        found = await self._store.find(caller.tenant, id_)
        if found is None:
            raise NotFound(f"There is no operator {id_}.")
        return found

    async def create(self, caller: Caller, newcomer: Newcomer) -> Operator:
        """A new operator. Raises Denied, Invalid, and Conflict for an address that has one."""
        _check_appointment(caller, newcomer.role)
        made = await self.prepare(caller.tenant, newcomer)
        deed = self.deed(caller, "operator.created", made, role=made.role.value)
        await self._store.add(made, deed)
        return made

    async def prepare(self, tenant: TenantId, newcomer: Newcomer) -> Operator:
        """The operator as it would be stored. Raises Invalid for a password that is none."""
        now = self._clock.now()
        return Operator(
            tenant,
            uuid.uuid4().hex,
            Card(newcomer.email, newcomer.name),
            newcomer.role,
            now,
            now,
            password=await self._hashed(newcomer.password),
        )

    async def change(self, caller: Caller, id_: str, wanted: Change) -> Operator:
        """Change name, role, whether they may sign in, or who they are at the OIDC provider.

        Raises NotFound, Denied, and Conflict when the tenant would be left without an owner.
        """
        before = await self.operator(caller, id_)
        after = replace(
            before,
            card=replace_name(before.card, wanted.name),
            role=wanted.role or before.role,
            is_disabled=before.is_disabled if wanted.is_disabled is None else wanted.is_disabled,
            identity=None if wanted.forgets_identity else before.identity,
        )
        _check_appointment(caller, before.role, after.role)
        if after == before:
            return before
        if _way_in(after) != _way_in(before):
            after = replace(after, generation=before.generation + 1)
        details = {"role": after.role.value, "disabled": str(after.is_disabled).lower()}
        if after.identity != before.identity:
            details["identity"] = "forgotten"
        return await self._store_change(caller, before, after, "operator.changed", **details)

    async def set_password(self, caller: Caller, id_: str, password: str) -> None:
        """Somebody's new password. Raises NotFound, Denied, Invalid."""
        before = await self.operator(caller, id_)
        _check_appointment(caller, before.role)
        await self.renew_password(caller, before, password)

    async def renew_password(self, caller: Caller, before: Operator, password: str) -> None:
        """From now on only the new password counts, and all sessions have ended."""
        hashed = await self._hashed(password)
        after = replace(before, password=hashed, generation=before.generation + 1)
        await self._store_change(caller, before, after, "operator.password_changed")

    def deed(self, caller: Caller, action: str, operator: Operator, **details: str) -> Deed:
        """What goes on the record: ids only."""
        now = self._clock.now()
        return Deed(operator.tenant, caller.name, action, operator.id, now, details)

    async def _store_change(
        self, caller: Caller, before: Operator, after: Operator, action: str, **details: str
    ) -> Operator:
        after = replace(after, changed_at=max(self._clock.now(), before.changed_at + 1))
        await self._store.change(before, after, self.deed(caller, action, after, **details))
        self._accounts.forget(after.id)
        return after

    async def _hashed(self, password: str | None) -> str | None:
        if password is None:
            return None
        check_password(password)
        return await self._passwords.hash(password)


def replace_name(card: Card, name: str | None) -> Card:
    """The card with another name, if one is given."""
    return card if name is None else Card(card.email, name)


def _way_in(operator: Operator) -> tuple[object, ...]:
    return operator.role, operator.is_disabled, operator.identity


def _check_appointment(caller: Caller, *roles: Role) -> None:
    if not may_appoint(caller.role, *roles):
        raise Denied("Only an owner may make, change or disable owners.")
