"""Twilio as far as we use it: messages, its error codes, opt-outs, signed status callbacks.

The rules are those of the official contract; the numbers that fail are Twilio's own magic numbers
(https://www.twilio.com/docs/iam/test-credentials).
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urlencode

from twilio.request_validator import RequestValidator

from tests.contracts.schemas import twilio_form, twilio_message
from tests.simulators.hooks import Hook, send
from tests.simulators.server import Call, Simulator, json_reply
from tests.simulators.troubles import Reply

ACCOUNT = "AC" + "5e" * 16
TOKEN = "simulated-auth-token"
SENDER = "+15005550006"
CALLBACK_HOST = "https://notify.example"

REFUSED = {
    "+15005550001": (21211, "Invalid 'To' Phone Number: +15005550001"),
    "+15005550002": (21612, "Message cannot be sent with the current combination of To and From."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region."),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient +15005550004"),
    "+15005550009": (21614, "'To' number +15005550009 is not a valid mobile number"),
}
REFUSED_FROM = {
    "+15005550001": (21212, "Invalid From Number (caller ID): +15005550001"),
    "+15005550007": (21606, "The 'From' phone number is not a valid sender."),
    "+15005550008": (
        21611,
        "This 'From' number has exceeded the maximum number of queued messages.",
    ),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was taken."""

    sid: str
    form: Mapping[str, str]


class TwilioSimulator(Simulator):
    """`messages` are those taken; `opted_out` numbers are refused; `fates` say how others end."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self.opted_out: set[str] = set()
        self.fates: dict[str, tuple[str, str | None]] = {}
        self.address = "+15005550010"

    @property
    def credentials(self) -> dict[str, Any]:
        """PROVIDER_CREDENTIALS_TWILIO for this simulator."""
        return {
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "from": SENDER,
            "base_url": self.base_url,
        }

    def answer(self, call: Call) -> Reply:
        form = dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        problem = _problem(call, form, self.opted_out)
        if problem:
            status, code, text = problem
            more = f"https://www.twilio.com/docs/errors/{code}"
            return json_reply(
                status, {"code": code, "message": text, "more_info": more, "status": status}
            )
        message = Message("SM" + secrets.token_hex(16), form)
        self.messages.append(message)
        return json_reply(201, {"sid": message.sid, "status": "queued", "error_code": None})

    def receipts(self, url: str | None = None) -> list[Hook]:
        """The status callbacks of all messages: to `url`, else to each message's StatusCallback."""
        return [
            self.callback(message, status, url=url, code=code)
            for message in self.messages
            for status, code in self._story(message)
        ]

    def callback(
        self, message: Message, status: str, *, url: str | None = None, code: str | None = None
    ) -> Hook:
        """One signed status callback."""
        target = urldefrag(url or message.form["StatusCallback"]).url
        form = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "From": message.form.get("From", SENDER),
            "MessageSid": message.sid,
            "MessageStatus": status,
            "SmsSid": message.sid,
            "SmsStatus": status,
            "To": message.form["To"],
            **({} if code is None else {"ErrorCode": code}),
        }
        return _signed(target, form)

    def inbound(self, text: str, *, url: str, sender: str, **more: str) -> Hook:
        """One signed message that somebody wrote to our number."""
        sid = "SM" + secrets.token_hex(16)
        form = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "Body": text,
            "From": sender,
            "FromCountry": "US",
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": SENDER,
            "ToCountry": "US",
            **more,
        }
        return _signed(url, form)

    async def send_receipts(self, url: str | None = None) -> list[int]:
        """Post them all; the statuses that came back."""
        return await send(self.receipts(url))

    def _story(self, message: Message) -> Sequence[tuple[str, str | None]]:
        end = self.fates.get(message.form["To"], ("delivered", None))
        return [("sent", None), end]


def _signed(url: str, form: Mapping[str, str]) -> Hook:
    return Hook(
        url=url,
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
            "x-twilio-signature": RequestValidator(TOKEN).compute_signature(url, form),
        },
        body=urlencode(form).encode(),
    )


def _problem(
    call: Call, form: Mapping[str, str], opted_out: set[str]
) -> tuple[int, int, str] | None:
    user = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    if call.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
        return 404, 20404, f"The requested resource {call.path} was not found"
    if call.headers.get("authorization") != f"Basic {user}":
        return 401, 20003, "Authenticate"
    if flaws := twilio_message().flaws(twilio_form(form)):
        return 400, 21604, f"{flaws}"
    if not form.get("Body"):
        return 400, 21602, "Message body is required."
    if len(form["Body"]) > 1600:
        return 400, 21617, "The concatenated message body exceeds the 1600 character limit."
    refused = REFUSED.get(form["To"]) or REFUSED_FROM.get(form.get("From", ""))
    if form["To"] in opted_out:
        refused = (21610, "Attempt to send to unsubscribed recipient")
    return (400, *refused) if refused else None
