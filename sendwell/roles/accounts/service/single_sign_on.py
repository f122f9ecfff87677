"""Signing in at the tenant's OIDC provider."""

import hmac
import secrets
from dataclasses import dataclass, replace
from typing import Any

import structlog

from sendwell.domain.environment import Environment
from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.roles.accounts.oidc import Attempt, Identity, OidcClient
from sendwell.roles.accounts.service.sessions import Granted, Sessions
from sendwell.roles.accounts.store.operators import Operator, OperatorStore
from sendwell.runtime.tokens import Purpose, Tokens

log = structlog.get_logger()

PATH = "/api/v1/sessions/oidc"
CALLBACK = f"{PATH}/callback"
SECONDS = 600
"""How long somebody may stay at the provider."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what it has to bring back."""

    url: str
    state: str


class SingleSignOn:
    """Operators are made by the tenant; the provider only says who they are.

    One is found by the address that the provider vouches for, and from the first time on has to be
    the same person there. Nothing is kept between departure and return: nonce and PKCE verifier
    follow from the signed state by the key it is signed with.
    """

    def __init__(
        self,
        client: OidcClient,
        operators: OperatorStore,
        sessions: Sessions,
        *,
        tokens: Tokens,
        clock: Clock,
        redirect: str,
    ) -> None:
        self._client = client
        self._operators = operators
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        self._redirect = redirect

    async def depart(self, tenant: TenantId, environment: Environment) -> Departure:
        """Off to the provider. Raises Unavailable."""
        claims = {"org": tenant, "env": environment.value, "jti": secrets.token_urlsafe(16)}
        state = self._tokens.sign(Purpose.SIGN_IN, claims, seconds=SECONDS)
        return Departure(await self._client.page(self._attempt(state)), state)

    async def come_back(self, *, state: str, kept: str, code: str) -> Granted:
        """A new session for who has come back with the state that this browser has kept.

        Raises Denied (is_unknown), Unavailable.
        """
        if not hmac.compare_digest(state.encode(), kept.encode()):
            raise Denied("This sign-in was begun elsewhere: begin it here.", is_unknown=True)
        claims = self._tokens.read(Purpose.SIGN_IN, state)
        identity = await self._client.identify(self._attempt(state), code)
        operator = await self._operator(claims, identity)
        return await self._sessions.start(operator, Environment(claims["env"]), way="oidc")

    async def _operator(self, claims: dict[str, Any], identity: Identity) -> Operator:
        if identity.email is None:
            raise Denied("The provider does not vouch for your address.", is_unknown=True)
        operator = await self._operators.by_email(claims["org"], identity.email)
        if operator is None or operator.is_disabled:
            raise Denied("You are no operator of this organization.", is_unknown=True)
        if operator.identity not in {None, identity.hash}:
            log.warning("oidc.other_identity", tenant=operator.tenant, operator=operator.id)
            raise Denied(
                "At the provider you are not who has signed in here by your address before. If that"
                " was you, ask an owner to have it forgotten: forget_identity.",
                is_unknown=True,
            )
        return operator if operator.identity else await self._bind(operator, identity)

    async def _bind(self, operator: Operator, identity: Identity) -> Operator:
        now = self._clock.now()
        bound = replace(operator, identity=identity.hash, changed_at=now)
        actor = f"operator:{operator.id}"
        deed = Deed(operator.tenant, actor, "operator.identity_bound", operator.id, now)
        await self._operators.change(operator, bound, deed)
        return bound

    def _attempt(self, state: str) -> Attempt:
        return Attempt(
            state,
            nonce=self._tokens.derive(Purpose.SIGN_IN, state, word="nonce"),
            verifier=self._tokens.derive(Purpose.SIGN_IN, state, word="verifier"),
            redirect=self._redirect,
        )
