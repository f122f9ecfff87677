"""The one signer of tokens: what Sendwell says about who somebody is, for itself to read again.

HS256 under a key derived from SECRET_KEY (or TOKEN_KEY). A token is good for one purpose: it says
which in its header (`typ`), as audience and by the key, which is another for each. What was signed
by SECRET_KEY_ALSO is believed while the secret is being changed.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sendwell.domain.errors import Denied
from sendwell.ports.clock import Clock

if TYPE_CHECKING:
    from joserfc.jwk import OctKey

_ALGORITHM = "HS256"
_ISSUER = "sendwell"
_LONGEST = 4096
_LONGEST_HEAD = 200
_BEGIN = "ey"
"""Of every JSON object in base64url whose first name is a string without a space before it."""
_SECOND = 1_000_000


class Purpose(StrEnum):
    """What a token is good for; the value is its `typ`."""

    ACCESS = "at+jwt"
    REFRESH = "refresh+jwt"
    CLIENT = "client+jwt"
    SIGN_IN = "sign-in+jwt"
    PERSON = "person+jwt"


class Tokens:
    """Signs claims and reads them back. What that needs, 10 MB, is imported by the first token."""

    def __init__(self, secret: str, clock: Clock, *, also: str | None = None) -> None:
        self._secret = secret
        self._believed = (secret,) if also is None else (secret, also)
        self._clock = clock
        self._keys: dict[tuple[Purpose, str], OctKey] = {}

    def sign(self, purpose: Purpose, claims: Mapping[str, Any], *, seconds: int) -> str:
        """A token with these claims, for so long from now on."""
        now = self._clock.now() // _SECOND
        whole = {
            "iss": _ISSUER,
            "aud": purpose.value,
            "iat": now,
            "exp": now + seconds,
            **claims,
        }
        from joserfc import jwt

        header = {"alg": _ALGORITHM, "typ": purpose.value}
        return jwt.encode(header, whole, self._key(purpose, self._secret), [_ALGORITHM])

    def derive(self, purpose: Purpose, text: str, *, word: str) -> str:
        """43 characters that follow from a token of ours and the word, by the token's key.

        Raises Denied (is_unknown) as `read` does.
        """
        key, _ = self._opened(purpose, text)
        digest = hmac.new(key.raw_value, f"{word} {text}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def read(self, purpose: Purpose, text: str) -> dict[str, Any]:
        """The claims of a token of ours that is still good for this.

        Raises Denied (is_unknown) for any other: another algorithm or none, a header we do not
        write (`crit`, `jku`, `kid` …), another purpose, another issuer, one that has expired.
        """
        return self._opened(purpose, text)[1]

    def _opened(self, purpose: Purpose, text: str) -> tuple["OctKey", dict[str, Any]]:
        """The key that it was signed with, and its claims."""
        # First: what is in a stranger's header is not for the library to make sense of.
        is_like_ours = len(text) <= _LONGEST and _header(text) == {
            "alg": _ALGORITHM,
            "typ": purpose.value,
        }
        for secret in self._believed if is_like_ours else ():
            key = self._key(purpose, secret)
            if (claims := self._claims(purpose, text, key=key)) is not None:
                return key, claims
        raise Denied("This token is not valid here, or no longer.", is_unknown=True)

    def _claims(self, purpose: Purpose, text: str, *, key: "OctKey") -> dict[str, Any] | None:
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            token = jwt.decode(text, key, [_ALGORITHM])
        except (JoseError, ValueError):
            return None
        claims = token.claims
        is_ours = claims.get("iss") == _ISSUER and claims.get("aud") == purpose.value
        ends_at = claims.get("exp")
        is_alive = isinstance(ends_at, int) and ends_at * _SECOND > self._clock.now()
        return claims if is_ours and is_alive else None

    def _key(self, purpose: Purpose, secret: str) -> "OctKey":
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
        from joserfc.jwk import OctKey

        if (purpose, secret) not in self._keys:
            info = f"sendwell token {purpose.value}".encode()
            derivation = HKDF(SHA256(), length=32, salt=None, info=info)
            self._keys[purpose, secret] = OctKey.import_key(derivation.derive(secret.encode()))
        return self._keys[purpose, secret]


def is_like_token(text: str) -> bool:
    """Whether it is written as tokens are; what is not may be a key."""
    return _header(text) is not None


def claims_purpose(text: str, purpose: Purpose) -> bool:
    """Whether a token says that it is for this. Anybody can write that: it only finds a reader."""
    header = _header(text)
    return isinstance(header, dict) and header.get("typ") == purpose.value


def _header(text: str) -> Any:
    """What stands before the first point, where that is JSON and short."""
    head = text[:_LONGEST_HEAD].partition(".")[0]
    if not head.startswith(_BEGIN):
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return None
