"""People log in, and stay so for a day."""

from dataclasses import dataclass, field

from sendwell.channels import all_channels
from sendwell.domain.errors import Denied, Flaw, Invalid, NotFound, Unavailable
from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.passwords import check_password
from sendwell.ports.clock import Clock
from sendwell.ports.passwords import Passwords
from sendwell.ports.tenants import Caller
from sendwell.roles.users.service.sessions import Known, Sessions
from sendwell.roles.users.store.log_in import LogInRecord, LogInStore
from sendwell.runtime.deeds import Deeds
from sendwell.runtime.login_tries import Try
from sendwell.runtime.tokens import Purpose, Tokens

TOKEN_SECONDS = 24 * 3600
_EMAIL = ChannelName("email")
_NOBODY = UserId("")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who somebody says they are, by id or by e-mail address, and from where they say it."""

    tenant: TenantId
    password: str = field(repr=False)
    address: str
    user: UserId | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What whoever has logged in is given."""

    tenant: TenantId
    user: UserId
    token: str = field(repr=False)


class LogIn:
    """Implements the port Persons for the process that knows them.

    A person has no password until somebody gives them one. Passwords that are set or taken away
    are on record.
    """

    def __init__(
        self,
        store: LogInStore,
        *,
        passwords: Passwords,
        tokens: Tokens,
        deeds: Deeds,
        clock: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._tokens = tokens
        self._deeds = deeds
        self._clock = clock
        self._sessions = Sessions(store, tokens, clock)

    async def log_in(self, attempt: Attempt) -> LoggedIn:
        """A new session.

        Raises Denied (is_unknown) for whatever is wrong, in the same words and after the same work;
        Unavailable (is_too_many) when it was tried too often to be looked at now.
        """
        user = await self._user(attempt)
        try_ = await self._begin(attempt.tenant, _login(attempt, user), attempt.address)
        known = await self._store.find(attempt.tenant, user or _NOBODY)
        hashed = known.password_hash if known is not None else None
        if not await self._passwords.is_right(attempt.password, hashed) or known is None:
            raise Denied("Organization, person or password are not right.", is_unknown=True)
        await self._store.tries.succeed(try_._replace(now=self._clock.now()))
        await self._renew_hash(known, attempt.password)
        claims = {"org": known.tenant, "sub": known.user, "since": known.sessions_from}
        token = self._tokens.sign(Purpose.PERSON, claims, seconds=TOKEN_SECONDS)
        return LoggedIn(known.tenant, known.user, token)

    async def log_out(self, caller: Caller) -> None:
        """All sessions of the caller have ended. Raises Denied for who is no person."""
        if caller.person is None:
            raise Denied("Only a person who has logged in can log out.")
        whose = pseudonym(caller.tenant, caller.person)
        await self._deeds.record(caller, "person.logged_out", whose, {})
        await self._store.end_sessions(caller.tenant, caller.person, self._clock.now())
        self._sessions.forget(caller.tenant, caller.person)

    async def set_password(
        self, caller: Caller, user: UserId, password: str, *, current: str | None, address: str
    ) -> None:
        """The person logs in with this password from now on; all their sessions end.

        A person has to know the current one: raises Invalid for a wrong one, and Unavailable as
        `log_in` does. Raises NotFound where there is no such person.
        """
        check_password(password)
        if caller.person is not None:
            await self._check_current(caller.tenant, caller.person, current or "", address)
        if not await self._store.knows(caller.tenant, user):
            raise _no(user)
        hashed = await self._passwords.hash(password)
        given = LogInRecord(caller.tenant, user, hashed, self._clock.now())
        whose = pseudonym(caller.tenant, user)
        await self._deeds.record(caller, "person.password_set", whose, {})
        is_stored = await self._store.set_password(given)
        self._sessions.forget(caller.tenant, user)
        if not is_stored:
            raise _no(user)

    async def remove_password(self, caller: Caller, user: UserId) -> None:
        """The person cannot log in any more. Raises NotFound where they could not before."""
        if await self._store.find(caller.tenant, user) is None:
            raise NotFound(f"There is no person {user} who could log in.")
        whose = pseudonym(caller.tenant, user)
        await self._deeds.record(caller, "person.password_removed", whose, {})
        await self._store.remove(caller.tenant, user)
        self._sessions.forget(caller.tenant, user)

    async def caller(self, token: str) -> Caller:
        """As promised by the port."""
        return (await self._sessions.known(token)).caller

    async def known(self, token: str) -> Known:
        """The caller, and for how many seconds that may be remembered elsewhere."""
        return await self._sessions.known(token)

    async def _user(self, attempt: Attempt) -> UserId | None:
        if attempt.user is not None or attempt.email is None:
            return attempt.user
        rules = all_channels()[_EMAIL]
        if rules.flaw_in_address(attempt.email):
            return None
        return await self._store.by_email(attempt.tenant, rules.normalise(attempt.email))

    async def _check_current(
        self, tenant: TenantId, person: UserId, current: str, address: str
    ) -> None:
        """Whoever has found a session must not find out its password."""
        try_ = await self._begin(tenant, _by_id(person), address)
        known = await self._store.find(tenant, person)
        hashed = known.password_hash if known is not None else None
        if not await self._passwords.is_right(current, hashed):
            why = "This is not your password."
            raise Invalid(why, flaws=[Flaw("/current", why)])
        await self._store.tries.succeed(try_._replace(now=self._clock.now()))

    async def _begin(self, tenant: TenantId, login: str, address: str) -> Try:
        """A try that may be made now, and counts. Raises Unavailable (is_too_many)."""
        try_ = Try(tenant, login, address, self._clock.now())
        if wait := await self._store.tries.begin(try_):
            raise Unavailable(
                "There were too many tries to log in. Wait a while.",
                retry_after=wait,
                is_too_many=True,
            )
        return try_

    async def _renew_hash(self, known: LogInRecord, password: str) -> None:
        if self._passwords.is_outdated(known.password_hash):
            await self._store.rehash(known, await self._passwords.hash(password))


def _login(attempt: Attempt, user: UserId | None) -> str:
    """One name for a person, however they are called: else there would be two tries for one."""
    return f"email:{(attempt.email or '').lower()}" if user is None else _by_id(user)


def _no(user: UserId) -> NotFound:
    return NotFound(f"There is no person {user}. Store one with PUT /api/v1/users/{user}.")


def _by_id(user: UserId) -> str:
    return f"user:{user}"
