"""Signing in with a password, and what keeps one signed in."""

import uuid
from dataclasses import dataclass
from typing import Any

from sendwell.domain.environment import Environment, organization
from sendwell.domain.errors import Denied, Flaw, Invalid, Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.passwords import check_password
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.ports.passwords import Passwords
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.service.accounts import Accounts
from sendwell.roles.accounts.service.operators import Operators
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.store.operators import Operator, login_of
from sendwell.roles.accounts.store.sessions import Session
from sendwell.runtime.login_tries import Try
from sendwell.runtime.tokens import Purpose, Tokens

ACCESS_SECONDS = 24 * 3600
_REFRESH_SECONDS = 30 * 24 * 3600
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Login:
    """Who somebody says they are, where they want to work, and from which address they say it."""

    tenant: TenantId
    email: str
    password: str
    environment: Environment
    address: str


@dataclass(frozen=True, slots=True)
class Granted:
    """What whoever has signed in is given."""

    access_token: str
    refresh_token: str
    operator: Operator
    environment: Environment


class Sessions:
    """Starts, prolongs and ends sessions; starts and ends are on the record."""

    def __init__(
        self,
        store: AccountStore,
        accounts: Accounts,
        *,
        operators: Operators,
        passwords: Passwords,
        tokens: Tokens,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._operators = operators
        self._passwords = passwords
        self._tokens = tokens
        self._clock = clock

    async def sign_in(self, login: Login) -> Granted:
        """A new session.

        Raises Denied (is_unknown) for whatever is wrong, in the same words and after the same work;
        Unavailable (is_too_many) when it was tried too often to be looked at now.
        """
        try_ = await self._begin(login.tenant, login.email, login.address)
        operator = await self._store.operators.by_email(login.tenant, login.email)
        hashed = None if operator is None or operator.is_disabled else operator.password
        if not await self._passwords.is_right(login.password, hashed) or operator is None:
            raise Denied("Organization, address or password are not right.", is_unknown=True)
        await self._store.tries.succeed(try_._replace(now=self._clock.now()))
        if hashed is not None and self._passwords.is_outdated(hashed):
            await self._store.operators.rehash(operator, await self._passwords.hash(login.password))
        return await self.start(operator, login.environment, way="password")

    async def start(self, operator: Operator, environment: Environment, *, way: str) -> Granted:
        """A new session of somebody who has shown who they are, in this way."""
        now = self._clock.now()
        session = Session(
            operator.tenant,
            uuid.uuid4().hex,
            operator.id,
            operator.generation,
            rotation=1,
            created_at=now,
            used_at=now,
            ends_at=now + _REFRESH_SECONDS * _SECOND,
        )
        deed = self._deed(session, f"operator:{operator.id}", "session.started", way=way)
        await self._store.sessions.add(session, deed)
        return self._granted(operator, session, environment, rotation=1)

    async def refresh(self, text: str) -> Granted:
        """New tokens for a refresh token, which counts once.

        One that comes a second time has been copied: then the session ends for everybody. Raises
        Denied (is_unknown).
        """
        claims = self._tokens.read(Purpose.REFRESH, text)
        session = await self._store.sessions.find(claims["org"], claims["sid"])
        operator = await self._store.operators.find(claims["org"], claims["sub"])
        now = self._clock.now()
        if session is None or operator is None or not session.is_of(operator, now):
            raise _over()
        ends_at = now + _REFRESH_SECONDS * _SECOND
        is_current = claims["rotation"] == session.rotation
        if not is_current or not await self._store.sessions.rotate(
            session, ends_at=ends_at, now=now
        ):
            await self._end(session, f"operator:{operator.id}", why="refresh_token_reused")
            raise _over()
        environment = Environment(claims["env"])
        return self._granted(operator, session, environment, rotation=session.rotation + 1)

    async def end(self, caller: Caller) -> None:
        """The caller's session has ended. Raises Denied for who has none."""
        kind, _, id_ = caller.credential.partition(":")
        if kind != "session":
            raise Denied("Only an operator who has signed in can sign out.")
        session = await self._store.sessions.find(organization(caller.tenant), id_)
        if session is not None:
            await self._end(session, caller.name, why="signed_out")

    async def change_password(
        self, caller: Caller, current: str, password: str, *, address: str
    ) -> None:
        """One's own new password; ends all sessions.

        Raises Denied without a session, Invalid for a wrong current one, and Unavailable as
        `sign_in` does: who has found a session must not find out its password.
        """
        operator = await self.operator(caller)
        check_password(password)
        try_ = await self._begin(operator.tenant, operator.card.email, address)
        if not await self._passwords.is_right(current, operator.password):
            why = "This is not your password."
            raise Invalid(why, flaws=[Flaw("/current", why)])
        await self._store.tries.succeed(try_._replace(now=self._clock.now()))
        await self._operators.renew_password(caller, operator, password)

    async def operator(self, caller: Caller) -> Operator:
        """Who the caller is. Raises Denied for who has no session."""
        found = None
        if caller.operator is not None:
            tenant = organization(caller.tenant)
            found = await self._store.operators.find(tenant, caller.operator)
        if found is None:
            raise Denied("Only an operator who has signed in is somebody here.")
        return found

    async def _begin(self, tenant: TenantId, email: str, address: str) -> Try:
        """A try that may be made now, and counts. Raises Unavailable (is_too_many)."""
        try_ = Try(tenant, login_of(tenant, email), address, self._clock.now())
        if wait := await self._store.tries.begin(try_):
            raise Unavailable(
                "There were too many tries to sign in. Wait a while.",
                retry_after=wait,
                is_too_many=True,
            )
        return try_

    async def _end(self, session: Session, actor: str, *, why: str) -> None:
        deed = self._deed(session, actor, "session.ended", why=why)
        await self._store.sessions.revoke(session, self._clock.now(), deed)
        self._accounts.forget(f"session:{session.id}")

    def _granted(
        self, operator: Operator, session: Session, environment: Environment, *, rotation: int
    ) -> Granted:
        claims: dict[str, Any] = {
            "org": operator.tenant,
            "sub": operator.id,
            "sid": session.id,
            "env": environment.value,
        }
        return Granted(
            self._tokens.sign(Purpose.ACCESS, claims, seconds=ACCESS_SECONDS),
            self._tokens.sign(
                Purpose.REFRESH, {**claims, "rotation": rotation}, seconds=_REFRESH_SECONDS
            ),
            operator,
            environment,
        )

    def _deed(self, session: Session, actor: str, action: str, **details: str) -> Deed:
        now = self._clock.now()
        return Deed(session.tenant, actor, action, session.id, now, details)


def _over() -> Denied:
    return Denied("This session is over: sign in again.", is_unknown=True)
