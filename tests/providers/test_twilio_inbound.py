"""What people write, as Twilio hands it on."""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from sendwell.domain.errors import Denied, Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.stop_words import Meaning
from sendwell.messages.inbound import Inbound
from sendwell.providers.sms.twilio import Credentials, TwilioInbound
from tests.simulators.hooks import Hook
from tests.simulators.twilio import ACCOUNT, TOKEN, TwilioSimulator

NOW = 1_800_000_000_000_000
URL = "https://notify.example/webhooks/twilio/main/inbound"
NUMBER = "+14155550100"
CREDENTIALS = Credentials(account_sid=ACCOUNT, auth_token=TOKEN, sender="+15005550006")


def read(hook: Hook) -> list[Inbound]:
    reader = TwilioInbound(CREDENTIALS)
    return list(reader.read(url=hook.url, headers=hook.headers, body=hook.body, now=NOW))


def a_letter(text: str = "STOP", **more: str) -> Hook:
    return TwilioSimulator().inbound(text, url=URL, sender=NUMBER, **more)


def test_what_somebody_wrote_is_read_as_it_was_written() -> None:
    (written,) = read(a_letter("Stop, 🙏 & thanks=+1"))

    assert written.event_id.startswith("SM")
    assert (ChannelName("sms"), NUMBER, "Stop, 🙏 & thanks=+1", NOW, None) == (
        written.channel,
        written.sender,
        written.text,
        written.at,
        written.understood,
    )


@pytest.mark.parametrize(
    ("type_", "understood"),
    [
        ("STOP", Meaning.REVOKE),
        ("START", Meaning.RESUME),
        ("HELP", Meaning.HELP),
        ("OTHER", None),
    ],
)
def test_what_twilio_understood_by_itself_is_taken_over(
    type_: str, understood: Meaning | None
) -> None:
    (written,) = read(a_letter("a keyword of the account", OptOutType=type_))

    assert written.understood is understood


@pytest.mark.parametrize("sender", ["whatsapp:+14155550100", "72345", "", "Sendwell"])
def test_what_no_phone_number_wrote_is_left_out(sender: str) -> None:
    assert read(a_letter(From=sender)) == []


def test_a_message_that_is_json_is_read_as_well() -> None:
    body = json.dumps({"MessageSid": "SM1", "From": NUMBER, "Body": "STOP"}).encode()
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})

    (written,) = read(Hook(url, {"x-twilio-signature": signature}, body))

    assert (written.sender, written.text) == (NUMBER, "STOP")


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {}},
        {"headers": {"x-twilio-signature": "AAAA"}},
        {"url": f"{URL}?more=1"},
        {"body": b"Body=START&From=%2B14155550100&MessageSid=SM1"},
        {"body": b"\xff"},
    ],
    ids=str,
)
def test_what_twilio_has_not_signed_is_denied(changes: dict[str, Any]) -> None:
    letter = a_letter()
    hook = Hook(**{"url": letter.url, "headers": letter.headers, "body": letter.body, **changes})

    with pytest.raises(Denied):
        read(hook)


def test_a_message_without_a_name_is_refused() -> None:
    form = {"From": NUMBER, "Body": "STOP"}
    signature = RequestValidator(TOKEN).compute_signature(URL, form)

    with pytest.raises(Invalid, match="MessageSid"):
        read(Hook(URL, {"x-twilio-signature": signature}, urlencode(form).encode()))
