"""From a key or a token to who is asking."""

from typing import Any, NamedTuple

from sendwell.domain.environment import SAMPLE, Environment, inhabitant, is_test, organization
from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import (
    LIVE_ONLY,
    ROLES,
    WITHIN_TENANT,
    Permission,
    Permissions,
)
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.keys import is_same, parse_key
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.store.keys import StoredKey
from sendwell.roles.accounts.store.operators import Operator
from sendwell.runtime.tokens import Purpose, Tokens, is_like_token

REMEMBERED_SECONDS = 60.0
_USE_NOTED_EACH = 3600 * 1_000_000
"""So coarse that a busy key costs no write worth speaking of."""


class Known(NamedTuple):
    """Who is asking, and for how many seconds that may be remembered."""

    caller: Caller
    seconds: float


class Credentials:
    """Looks keys and tokens up in the store; remembers nothing.

    Those of the sample are good only where it is let in: who has its public key can make others.
    """

    def __init__(
        self, store: AccountStore, tokens: Tokens | None, clock: Clock, *, lets_sample_in: bool
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._lets_sample_in = lets_sample_in

    async def look_up(self, text: str) -> Known:
        """Whose it is. Raises Denied (is_unknown) unless it is good here and now."""
        if self._tokens is None or not is_like_token(text):
            return Known(await self._by_key(text), REMEMBERED_SECONDS)
        purpose, claims = _read(self._tokens, text)
        by_token = self._by_session if purpose is Purpose.ACCESS else self._by_client
        left = claims["exp"] - self._clock.now() / 1e6
        return Known(await by_token(claims), min(left, REMEMBERED_SECONDS))

    async def key(self, text: str) -> StoredKey:
        """The key in full, when it is good. Raises Denied (is_unknown)."""
        key = parse_key(text)
        stored = await self._store.keys.find(key.id) if key is not None else None
        is_right = key is not None and stored is not None and is_same(key, stored.hash)
        if stored is None or not is_right or not stored.is_good(self._clock.now()):
            raise Denied("This API key is not valid here.", is_unknown=True)
        self._refuse_sample(stored.tenant)
        return stored

    async def _by_key(self, text: str) -> Caller:
        stored = await self.key(text)
        now = self._clock.now()
        if now - (stored.last_used_at or 0) > _USE_NOTED_EACH:
            await self._store.keys.note_use(stored.id, now)
        return caller_of_key(stored)

    async def _by_client(self, claims: dict[str, Any]) -> Caller:
        """A client's token is as good as the key that it was given for."""
        stored = await self._store.keys.of(claims["org"], claims["sub"])
        if stored is None or not stored.is_good(self._clock.now()):
            raise _ended()
        self._refuse_sample(stored.tenant)
        granted = frozenset(Permission(scope) for scope in claims["scope"].split())
        return caller_of_key(stored, within=granted)

    async def _by_session(self, claims: dict[str, Any]) -> Caller:
        tenant = TenantId(claims["org"])
        session = await self._store.sessions.find(tenant, claims["sid"])
        operator = await self._store.operators.find(tenant, claims["sub"])
        if session is None or operator is None or session.operator != operator.id:
            raise _ended()
        if not session.is_of(operator, self._clock.now()):
            raise _ended()
        self._refuse_sample(tenant)
        return caller_of_operator(operator, session.id, Environment(claims["env"]))

    def _refuse_sample(self, tenant: TenantId) -> None:
        if organization(tenant) == SAMPLE and not self._lets_sample_in:
            raise Denied(
                "The sample's keys are good only where the sample runs, for one is public. Take a"
                " key of your own organization: that of `default` is in the file api-key of the"
                " data folder.",
                is_unknown=True,
            )


def caller_of_key(key: StoredKey, *, within: Permissions | None = None) -> Caller:
    """Whoever holds the key, as far as it is allowed `within`."""
    held = WITHIN_TENANT if key.scopes is None else key.scopes
    tenant = inhabitant(key.tenant, key.environment)
    return Caller(
        tenant,
        key.name,
        permissions=_in_environment(tenant, held if within is None else held & within),
        credential=f"key:{key.id}",
    )


def caller_of_operator(operator: Operator, session: str, environment: Environment) -> Caller:
    """The operator in one of the tenant's environments."""
    tenant = inhabitant(operator.tenant, environment)
    return Caller(
        tenant,
        f"operator:{operator.id}",
        permissions=_in_environment(tenant, ROLES[operator.role]),
        credential=f"session:{session}",
        operator=operator.id,
        role=operator.role,
    )


def _in_environment(tenant: TenantId, held: Permissions) -> Permissions:
    return held - LIVE_ONLY if is_test(tenant) else held


def _read(tokens: Tokens, text: str) -> tuple[Purpose, dict[str, Any]]:
    try:
        return Purpose.ACCESS, tokens.read(Purpose.ACCESS, text)
    except Denied:
        return Purpose.CLIENT, tokens.read(Purpose.CLIENT, text)


def _ended() -> Denied:
    return Denied("This token has been revoked: sign in again.", is_unknown=True)
