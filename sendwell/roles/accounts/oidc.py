"""A client of an OpenID Connect provider (OpenID Connect Core 1.0): authorization code with PKCE.

The provider's answers are hostile until shown otherwise: its issuer has to be the one that is set,
and an ID token counts when it is signed by one of its keys with an algorithm for two keys, for us,
for this very sign-in, and is still good.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

import msgspec

from sendwell.domain.errors import Denied, Unavailable
from sendwell.ports.clock import Clock
from sendwell.ports.http import Http, HttpAnswer, HttpRequest

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Never HS256: with it a provider's public key could be taken for a shared secret."""
_SCOPE = "openid email profile"
_REMEMBERED_SECONDS = 3600.0
_KEYS_ASKED_EACH_SECONDS = 60.0
_LEEWAY_SECONDS = 60
_GOOD = 200


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """The provider, and as whom we are known there."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in: what ties the provider's answer to who has asked for it."""

    state: str
    nonce: str
    verifier: str
    redirect: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at the provider, and the address that it vouches for, if it does."""

    issuer: str
    subject: str
    email: str | None

    @property
    def hash(self) -> str:
        """By what an operator is bound to it."""
        return hashlib.sha256(f"{self.issuer}\0{self.subject}".encode()).hexdigest()


class _Endpoints(msgspec.Struct, frozen=True):
    """What we need of the provider's metadata (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Answer(msgspec.Struct, frozen=True):
    id_token: str


class OidcClient:
    """Signs people in at one provider. Its metadata and keys are remembered for an hour."""

    def __init__(self, provider: OidcProvider, http: Http, clock: Clock) -> None:
        self._provider = provider
        self._http = http
        self._clock = clock
        self._endpoints: tuple[float, _Endpoints] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def page(self, attempt: Attempt) -> str:
        """Where the browser has to go. Raises Unavailable."""
        endpoints = await self._discover()
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": attempt.redirect,
            "scope": _SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in endpoints.authorization_endpoint else "?"
        return f"{endpoints.authorization_endpoint}{joint}{urlencode(query)}"

    async def identify(self, attempt: Attempt, code: str) -> Identity:
        """Who came back with that code.

        Raises Denied (is_unknown) for a code or an ID token that is not good, and Unavailable.
        """
        endpoints = await self._discover()
        answer = await self._redeem(endpoints, attempt, code)
        if answer.status != _GOOD:
            raise _denied()
        try:
            text = msgspec.json.decode(answer.body, type=_Answer).id_token
        except msgspec.DecodeError as error:
            raise _denied() from error
        claims = await self._claims(endpoints, text)
        self._check(claims, attempt)
        email = claims.get("email")
        is_vouched = claims.get("email_verified") is True and isinstance(email, str)
        return Identity(endpoints.issuer, str(claims["sub"]), email if is_vouched else None)

    async def _redeem(self, endpoints: _Endpoints, attempt: Attempt, code: str) -> HttpAnswer:
        own = self._provider
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect,
            "code_verifier": attempt.verifier,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if "client_secret_basic" in endpoints.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(own.client_id)}:{quote_plus(own.client_secret)}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": own.client_id, "client_secret": own.client_secret}
        body = urlencode(form).encode()
        return await self._exchange(HttpRequest("POST", endpoints.token_endpoint, headers, body))

    async def _claims(self, endpoints: _Endpoints, text: str) -> Mapping[str, Any]:
        """What the token claims. With a key that we do not know, the keys are asked for again."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        for is_last in (False, True):
            keys = await self._key_set(endpoints, is_new=is_last)
            try:
                return jwt.decode(text, keys, _ALGORITHMS).claims
            except (JoseError, ValueError) as error:
                if is_last:
                    raise _denied() from error
        raise AssertionError

    def _check(self, claims: Mapping[str, Any], attempt: Attempt) -> None:
        """Raise Denied unless it is for us and for this sign-in (Core 3.1.3.7)."""
        now = self._clock.now() // 1_000_000
        own = self._provider
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        ends_at, began_at = claims.get("exp"), claims.get("iat")
        is_good = (
            claims.get("iss") == own.issuer
            and own.client_id in audiences
            and (len(audiences) == 1 or claims.get("azp") == own.client_id)
            and claims.get("azp", own.client_id) == own.client_id
            and isinstance(ends_at, int | float)
            and ends_at > now - _LEEWAY_SECONDS
            and isinstance(began_at, int | float)
            and began_at < now + _LEEWAY_SECONDS
            and bool(claims.get("sub"))
            and hmac.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode())
        )
        if not is_good:
            raise _denied()

    async def _discover(self) -> _Endpoints:
        if self._endpoints and self._endpoints[0] > self._clock.elapsed():
            return self._endpoints[1]
        issuer = self._provider.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = msgspec.json.decode(await self._read(url), type=_Endpoints)
        except msgspec.DecodeError as error:
            raise _unavailable("its metadata cannot be read") from error
        if found.issuer != issuer:
            raise _unavailable("its metadata names another issuer")
        self._endpoints = (self._clock.elapsed() + _REMEMBERED_SECONDS, found)
        return found

    async def _key_set(self, endpoints: _Endpoints, *, is_new: bool) -> "KeySet":
        """The provider's keys; `is_new`: asked for just now, but not more than once a minute."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        if self._keys is not None:
            age = self._clock.elapsed() - self._keys[0]
            if age < (_KEYS_ASKED_EACH_SECONDS if is_new else _REMEMBERED_SECONDS):
                return self._keys[1]
        try:
            keys = KeySet.import_key_set(msgspec.json.decode(await self._read(endpoints.jwks_uri)))
        except (msgspec.DecodeError, JoseError, ValueError, TypeError, KeyError) as error:
            raise _unavailable("its keys cannot be read") from error
        self._keys = (self._clock.elapsed(), keys)
        return keys

    async def _read(self, url: str) -> bytes:
        answer = await self._exchange(HttpRequest("GET", url, {"accept": "application/json"}))
        if answer.status != _GOOD:
            raise _unavailable(f"it answers {answer.status}")
        return answer.body

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        answer = await self._http.exchange(request)
        if isinstance(answer, HttpAnswer):
            return answer
        raise _unavailable(answer.fault.text)


def _denied() -> Denied:
    return Denied("The provider does not say that this is you: sign in again.", is_unknown=True)


def _unavailable(why: str) -> Unavailable:
    return Unavailable(f"Nobody can sign in by OIDC now: {why}.")
