"""An OpenID Connect provider on loopback: discovery, authorization code with PKCE, keys."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.simulators.server import Call, Simulator, json_reply
from tests.simulators.troubles import Reply

CLIENT_ID = "sendwell"
CLIENT_SECRET = "a secret & more"


class OidcSimulator(Simulator):
    """Everybody who comes to its page is `person` at once.

    `claims` are put over those of the next ID tokens; `key` signs them.
    """

    def __init__(self, clock_seconds: Any) -> None:
        super().__init__()
        self.person: dict[str, Any] = {
            "sub": "grace-1",
            "email": "grace@example.org",
            "email_verified": True,
        }
        self.claims: dict[str, Any] = {}
        self.issuer: str | None = None
        self._clock_seconds = clock_seconds
        self._codes: dict[str, Mapping[str, str]] = {}
        self.key = _new_key()
        self.known_keys = [self.key]
        self.algorithm = "RS256"

    def change_key(self) -> None:
        """From now on another key signs, and both are told."""
        self.key = _new_key()
        self.known_keys.append(self.key)

    def answer(self, call: Call) -> Reply:
        parts = urlsplit(call.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match call.method, parts.path:
            case "GET", "/.well-known/openid-configuration":
                return json_reply(200, self._metadata())
            case "GET", "/authorize":
                return self._authorize(query)
            case "GET", "/keys":
                return json_reply(200, KeySet(list(self.known_keys)).as_dict(private=False))
            case "POST", "/token":
                return self._token(call)
        return Reply(404)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer or self.base_url,
            "authorization_endpoint": f"{self.base_url}/authorize",
            "token_endpoint": f"{self.base_url}/token",
            "jwks_uri": f"{self.base_url}/keys",
        }

    def _authorize(self, query: Mapping[str, str]) -> Reply:
        is_good = (
            query["response_type"] == "code"
            and query["client_id"] == CLIENT_ID
            and "openid" in query["scope"].split()
            and query["code_challenge_method"] == "S256"
        )
        if not is_good:
            return Reply(400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return Reply(302, b"", {"location": f"{query['redirect_uri']}?{back}"})

    def _token(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        if _client(call) != (CLIENT_ID, CLIENT_SECRET):
            return json_reply(401, {"error": "invalid_client"})
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return json_reply(400, {"error": "invalid_grant"})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if _text(digest) != asked["code_challenge"]:
            return json_reply(400, {"error": "invalid_grant"})
        return json_reply(
            200, {"access_token": "x", "token_type": "Bearer", "id_token": self._id_token(asked)}
        )

    def _id_token(self, asked: Mapping[str, str]) -> str:
        now = int(self._clock_seconds())
        claims = {
            "iss": self.base_url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.claims,
        }
        header = {"alg": self.algorithm, "kid": self.key.kid}
        if self.algorithm == "HS256":
            return _signed_with(self.key.as_pem(private=False), header, claims)
        return jwt.encode(header, claims, self.key)


def _client(call: Call) -> tuple[str, str]:
    text = base64.b64decode(call.headers["authorization"].removeprefix("Basic ")).decode()
    id_, _, secret = text.partition(":")
    return unquote_plus(id_), unquote_plus(secret)


def _signed_with(public: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A forgery: what everybody can read is taken as a shared secret. No library does that."""
    parts = [_text(json.dumps(each).encode()) for each in (header, claims)]
    signed = ".".join(parts)
    return f"{signed}.{_text(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})
