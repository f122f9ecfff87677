"""FCM v1 and Google's token endpoint as far as we use them."""

import json
import secrets
import time
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.contracts.schemas import fcm_message
from tests.simulators.server import Call, Simulator, json_reply
from tests.simulators.troubles import Reply

PROJECT = "sendwell-simulated"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EMAIL = f"sender@{PROJECT}.iam.gserviceaccount.com"
LARGEST_BYTES = 4096
SHORTEST_TOKEN = 100
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FcmSimulator(Simulator):
    """`messages` are those taken, by name; `unregistered` and `foreign` tokens are refused.

    Troubles meet the sends, or the grants of access tokens when `troubled_path` is `/token`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, dict[str, Any]] = {}
        self.unregistered: set[str] = set()
        self.foreign: set[str] = set()
        self.access_tokens: set[str] = set()
        self.granted = 0
        self.is_granting = True
        self.troubled_path = "/v1/"
        self.lifetime_seconds = 3599
        self.now: Callable[[], float] = time.time
        self.address = "device-token-" + "a" * 120

    @property
    def service_account(self) -> dict[str, Any]:
        """The key file."""
        private = _key().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "simulated",
            "private_key": private.decode(),
            "client_email": EMAIL,
            "token_uri": f"{self.base_url}/token",
        }

    @property
    def credentials(self) -> dict[str, Any]:
        """PROVIDER_CREDENTIALS_FCM for this simulator."""
        return {"service_account": self.service_account, "base_url": self.base_url}

    def is_send(self, call: Call) -> bool:
        return call.path.startswith(self.troubled_path)

    def revoke(self) -> None:
        """No access token that was granted so far is good any more."""
        self.access_tokens.clear()

    def on_screen(self, token: str) -> list[str]:
        """The titles a device shows: a later message replaces the one with the same tag."""
        shown = {
            message["android"]["notification"]["tag"]: message["notification"]["title"]
            for message in self.messages.values()
            if message["token"] == token and "notification" in message
        }
        return list(shown.values())

    def answer(self, call: Call) -> Reply:
        if call.path == "/token":
            return self._grant(call)
        if call.path != f"/v1/projects/{PROJECT}/messages:send":
            return _problem(404, "NOT_FOUND", "Requested entity was not found.")
        if call.headers.get("authorization", "").removeprefix("Bearer ") not in self.access_tokens:
            text = "Request had invalid authentication credentials."
            return _problem(401, "UNAUTHENTICATED", text)
        return self._take(json.loads(call.body))

    def _grant(self, call: Call) -> Reply:
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if not self.is_granting or not self._is_ours(form):
            text = "Invalid JWT Signature."
            return json_reply(400, {"error": "invalid_grant", "error_description": text})
        token = secrets.token_urlsafe(32)
        self.access_tokens.add(token)
        self.granted += 1
        lifetime = self.lifetime_seconds
        return json_reply(
            200, {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}
        )

    def _is_ours(self, form: dict[str, str]) -> bool:
        try:
            key = RSAKey.import_key(_key().public_key())
            claims = jwt.decode(form["assertion"], key, algorithms=["RS256"]).claims
        except (JoseError, KeyError):
            return False
        lasts = claims["exp"] - claims["iat"]
        return (
            form["grant_type"] == GRANT
            and lasts <= 3600 < time.time()
            and claims
            == {
                "iss": EMAIL,
                "scope": SCOPE,
                "aud": f"{self.base_url}/token",
                "iat": claims["iat"],
                "exp": claims["exp"],
            }
        )

    def _take(self, body: Any) -> Reply:
        if flaws := fcm_message().flaws(body):
            return _bad_request(flaws)
        message = body["message"]
        if refusal := self._refusal_of(message["token"]) or _refusal(message):
            return refusal
        name = f"projects/{PROJECT}/messages/{secrets.token_hex(8)}"
        self.messages[name] = message
        return json_reply(200, {"name": name})

    def _refusal_of(self, token: str) -> Reply | None:
        if token in self.unregistered:
            text = "Requested entity was not found."
            return _problem(404, "NOT_FOUND", text, code="UNREGISTERED")
        if token in self.foreign:
            text = "SenderId mismatch"
            return _problem(403, "PERMISSION_DENIED", text, code="SENDER_ID_MISMATCH")
        if len(token) < SHORTEST_TOKEN:
            text = "The registration token is not a valid FCM registration token"
            return _problem(400, "INVALID_ARGUMENT", text, code="INVALID_ARGUMENT")
        return None


def _refusal(message: dict[str, Any]) -> Reply | None:
    if reserved := [name for name in message.get("data", {}) if _is_reserved(name)]:
        return _bad_request([("message.data", f"Invalid data payload key: {reserved[0]}")])
    if _size(message) > LARGEST_BYTES:
        return _problem(400, "INVALID_ARGUMENT", "Message is too big", code="INVALID_ARGUMENT")
    return None


def _is_reserved(name: str) -> bool:
    return name in {"from", "message_type"} or name.startswith(("google.", "gcm.notification."))


def _size(message: dict[str, Any]) -> int:
    texts = [*message.get("data", {}).items(), *message.get("notification", {}).items()]
    return sum(len(name.encode()) + len(text.encode()) for name, text in texts)


def _problem(status: int, canonical: str, text: str, *, code: str | None = None) -> Reply:
    details = [] if code is None else [{"@type": FCM_ERROR, "errorCode": code}]
    return _error(status, canonical, text, details=details)


def _bad_request(flaws: list[tuple[str, str]]) -> Reply:
    violations = [{"field": field, "description": why} for field, why in flaws]
    details = [{"@type": BAD_REQUEST, "fieldViolations": violations}]
    return _error(400, "INVALID_ARGUMENT", flaws[0][1], details=details)


def _error(status: int, canonical: str, text: str, *, details: list[dict[str, Any]]) -> Reply:
    error = {"code": status, "message": text, "status": canonical, "details": details}
    return json_reply(status, {"error": error})
