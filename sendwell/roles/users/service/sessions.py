"""From a person's token to who is asking."""

from collections import OrderedDict
from typing import NamedTuple

from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import Caller
from sendwell.roles.users.store.log_in import LogInStore
from sendwell.runtime.tokens import Purpose, Tokens

REMEMBERED_SECONDS = 60.0
"""For so long a session that was ended in another process may still be good here."""
_MOST_REMEMBERED = 10_000
_Key = tuple[TenantId, UserId]


class Known(NamedTuple):
    """Who is asking, and for how many seconds that may be remembered."""

    caller: Caller
    seconds: float


class _Since(NamedTuple):
    """From when on a person's sessions count; None: they have no password."""

    sessions: int | None
    until: float


class Sessions:
    """Reads tokens, and remembers for a minute from when on a person's sessions count."""

    def __init__(self, store: LogInStore, tokens: Tokens, clock: Clock) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._since: OrderedDict[_Key, _Since] = OrderedDict()
        self._edition = 0

    async def known(self, token: str) -> Known:
        """Whose token it is. Raises Denied (is_unknown) unless it is good here and now."""
        claims = self._tokens.read(Purpose.PERSON, token)
        tenant, user = TenantId(claims["org"]), UserId(claims["sub"])
        since = await self._counting_since(tenant, user)
        if claims["since"] != since.sessions:
            raise Denied("This session is over: log in again.", is_unknown=True)
        left = min(claims["exp"] - self._clock.now() / 1e6, since.until - self._clock.elapsed())
        name = f"person:{user}"
        caller = Caller(tenant, name, permissions=frozenset(), credential=name, person=user)
        return Known(caller, left)

    def forget(self, tenant: TenantId, user: UserId) -> None:
        """The person's sessions have ended here."""
        self._edition += 1
        self._since.pop((tenant, user), None)

    async def _counting_since(self, tenant: TenantId, user: UserId) -> _Since:
        now, key = self._clock.elapsed(), (tenant, user)
        known = self._since.get(key)
        if known is not None and known.until > now:
            return known
        edition = self._edition
        found = await self._store.find(tenant, user)
        since = _Since(None if found is None else found.sessions_from, now + REMEMBERED_SECONDS)
        if edition == self._edition:  # else they may have ended while they were read
            self._keep(key, since)
        return since

    def _keep(self, key: _Key, since: _Since) -> None:
        self._since[key] = since
        self._since.move_to_end(key)
        if len(self._since) > _MOST_REMEMBERED:
            self._since.popitem(last=False)
