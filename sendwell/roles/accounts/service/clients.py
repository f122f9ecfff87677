"""API clients: a key's short-lived tokens by OAuth2 client credentials (RFC 6749, section 4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sendwell.domain.errors import Denied, Invalid
from sendwell.domain.permissions import WITHIN_TENANT, Permission
from sendwell.roles.accounts.service.credentials import Credentials
from sendwell.runtime.tokens import Purpose, Tokens

LIFETIME_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class ClientToken:
    """A token and what it is good for."""

    text: str
    scopes: Sequence[str]


class Clients:
    """Every API key is a client: its id is the `client_id`, the key itself the secret."""

    def __init__(self, credentials: Credentials, tokens: Tokens) -> None:
        self._credentials = credentials
        self._tokens = tokens

    async def grant(self, client_id: str, secret: str, *, scopes: Sequence[str]) -> ClientToken:
        """A token for these scopes, or for all that the key has.

        Raises Denied (is_unknown) for an unknown client, Invalid for scopes that the key lacks.
        """
        key = await self._credentials.key(secret)
        if key.id != client_id:
            raise Denied("There is no such client, or its secret is another.", is_unknown=True)
        held = WITHIN_TENANT if key.scopes is None else key.scopes
        wanted = frozenset(scopes) or held
        if not wanted <= held:
            lacking = ", ".join(sorted(wanted - held))
            raise Invalid(f"The client has not got the scope {lacking}.")
        granted = sorted(map(Permission, wanted))
        claims = {"org": key.tenant, "sub": key.id, "scope": " ".join(granted)}
        token = self._tokens.sign(Purpose.CLIENT, claims, seconds=LIFETIME_SECONDS)
        return ClientToken(token, granted)
