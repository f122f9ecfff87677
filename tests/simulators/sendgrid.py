"""SendGrid as far as we use it: mail send by the official contract, and signed event webhooks."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.contracts.schemas import sendgrid_mail
from tests.simulators.hooks import Hook, send
from tests.simulators.server import Call, Simulator, json_reply
from tests.simulators.troubles import Reply

API_KEY = "SG.simulated"
SENDER = "hello@sendwell.example"
LARGEST_BYTES = 30 * 1024 * 1024

DELIVERED = {"event": "delivered", "response": "250 OK"}
BOUNCED = {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 no such user"}
BLOCKED = {"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 not today"}
DROPPED = {"event": "dropped", "reason": "Bounced Address"}
DEFERRED = {"event": "deferred", "response": "450 try again later", "attempt": "1"}
COMPLAINED = {"event": "spamreport"}
OPENED = {"event": "open", "useragent": "Mozilla/5.0", "ip": "192.0.2.1"}
CLICKED = {"event": "click", "url": "https://sendwell.example/", "ip": "192.0.2.1"}
UNSUBSCRIBED = {"event": "unsubscribe"}
PROCESSED = {"event": "processed"}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was taken."""

    id: str
    body: dict[str, Any]

    @property
    def to(self) -> str:
        """Its one recipient."""
        address: str = self.body["personalizations"][0]["to"][0]["email"]
        return address


class SendGridSimulator(Simulator):
    """`mails` are those taken; `fates` say by address which event a mail ends with.

    `credits` is how many more it takes, today or this month; None: any number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Mail] = []
        self.fates: dict[str, Mapping[str, Any]] = {}
        self.credits: int | None = None
        self.address = "ada@example.org"
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def credentials(self) -> dict[str, Any]:
        """PROVIDER_CREDENTIALS_SENDGRID for this simulator."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {
            "api_key": API_KEY,
            "from": SENDER,
            "webhook_public_key": base64.b64encode(public).decode(),
            "base_url": self.base_url,
        }

    def answer(self, call: Call) -> Reply:
        if call.path != "/v3/mail/send":
            return _problem(404, "not found")
        if call.headers.get("authorization") != f"Bearer {API_KEY}":
            return _problem(401, "The provided authorization grant is invalid, expired, or revoked")
        if len(call.body) > LARGEST_BYTES:
            return _problem(413, "content too large")
        try:
            body = json.loads(call.body)
        except ValueError:
            return _problem(400, "Bad Request")
        return self._take(body)

    def _take(self, body: Any) -> Reply:
        for field, why in sendgrid_mail().flaws(body):
            return _problem(400, why, field)
        if not body.get("subject") or not body.get("content"):
            return _problem(400, "The subject and the content are required.", "subject")
        if body["from"]["email"] != SENDER:
            text = "The from address does not match a verified Sender Identity."
            return _problem(403, text, "from")
        if self.credits is not None:
            if not self.credits:
                return _problem(401, "Maximum credits exceeded")
            self.credits -= 1
        mail = Mail(secrets.token_urlsafe(16), body)
        self.mails.append(mail)
        return Reply(202, b"", {"x-message-id": mail.id})

    def receipts(self, url: str) -> list[Hook]:
        """One call with the events of all mails, processed first."""
        events = [
            self.event(mail, story)
            for mail in self.mails
            for story in (PROCESSED, self.fates.get(mail.to, DELIVERED))
        ]
        return [self.hook(url, events)]

    def event(self, mail: Mail, story: Mapping[str, Any]) -> dict[str, Any]:
        """One event as SendGrid words it; the same mail and story give the same sg_event_id."""
        named = f"{mail.id}-{story['event']}"
        return {
            "email": mail.to,
            "timestamp": int(time.time()),
            "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
            "sg_event_id": base64.urlsafe_b64encode(named.encode()).decode(),
            "sg_message_id": f"{mail.id}.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0",
            **mail.body["personalizations"][0].get("custom_args", {}),
            **story,
        }

    def hook(self, url: str, events: Any, *, at: int | None = None) -> Hook:
        """A signed call; `at` is the second it claims to be signed."""
        body = json.dumps(events).encode()
        timestamp = str(int(time.time()) if at is None else at)
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "content-type": "application/json",
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
            "x-twilio-email-event-webhook-timestamp": timestamp,
        }
        return Hook(url, headers, body)

    async def send_receipts(self, url: str) -> list[int]:
        """Post them all; the statuses that came back."""
        return await send(self.receipts(url))


def _problem(status: int, message: str, field: str | None = None) -> Reply:
    return json_reply(status, {"errors": [{"message": message, "field": field, "help": None}]})
