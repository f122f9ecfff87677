"""Who sits at the browser: a sealed cookie that nobody else can read, make or prolong.

The API key in it is encrypted (AES-256-GCM under a key derived from the secret), so that neither
the browser's disk nor a proxy's log holds it in clear. Nothing is kept on the server.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from sendwell.ports.clock import Clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LIFETIME = timedelta(hours=12)
_LIFETIME_US = int(LIFETIME.total_seconds() * 1e6)
_NONCE_BYTES = 12
_LONGEST_SEALED = 2048
_SEALS = b"sendwell web session 1"
_FORMS = b"sendwell web form 1"


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """One browser. Without `key` nobody has signed in, and only sample mode lets them do things."""

    id: str
    ends_at: int
    """Microseconds since 1970, UTC."""
    key: str | None = None


class Sessions:
    """Makes sessions, and reads them back from what the browser returns.

    Those of the secret `also` are read, too. What that needs, 7 MB, is imported when somebody opens
    a page.
    """

    def __init__(self, secret: str, clock: Clock, *, also: str | None = None) -> None:
        self._own = _Keys(secret)
        self._believed = [self._own, *([] if also is None else [_Keys(also)])]
        self._clock = clock

    def start(self, key: str | None = None) -> Session:
        """A new session, for 12 hours."""
        return Session(secrets.token_urlsafe(16), self._clock.now() + _LIFETIME_US, key)

    def seal(self, session: Session) -> str:
        """The session as a cookie's value."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._own.cipher.encrypt(nonce, msgspec.json.encode(session), _SEALS)
        return _text(nonce + sealed)

    def open(self, sealed: str | None) -> Session | None:
        """The session of a cookie that `seal` made; None for any other or when it has ended."""
        if not sealed or len(sealed) > _LONGEST_SEALED:
            return None
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if _text(raw) != sealed:
            return None  # the bits that base64 leaves unused are not as we left them
        plain = self._opened(raw)
        if plain is None:
            return None
        session = msgspec.json.decode(plain, type=Session)
        return session if session.ends_at > self._clock.now() else None

    def form_token(self, session: Session) -> str:
        """What a form of this session carries, so that no other site's form is taken for ours."""
        return self._own.form_token(session)

    def is_form_token(self, session: Session, token: str) -> bool:
        """Whether it is this session's, in constant time."""
        told = token.encode()
        tokens = (keys.form_token(session).encode() for keys in self._believed)
        return any(hmac.compare_digest(each, told) for each in tokens)

    def _opened(self, raw: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        for keys in self._believed:
            with suppress(ValueError, InvalidTag):
                return keys.cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _SEALS)
        return None


class _Keys:
    """What follows from one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def form_token(self, session: Session) -> str:
        return hmac.new(self._form_key, session.id.encode(), hashlib.sha256).hexdigest()

    @cached_property
    def cipher(self) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(_derived(self._secret, _SEALS))

    @cached_property
    def _form_key(self) -> bytes:
        return _derived(self._secret, _FORMS)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _derived(secret: str, purpose: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
