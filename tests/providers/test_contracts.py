"""Every request that a vendor's file can build is one that the vendor's own contract allows."""

import base64
import time
from functools import cache
from urllib.parse import parse_qsl

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from sendwell.messages.outgoing import Outgoing
from sendwell.ports.http import HttpRequest
from sendwell.providers.email import sendgrid
from sendwell.providers.push import fcm
from sendwell.providers.sms import twilio
from sendwell.providers.webhook import standard
from tests.contracts.schemas import fcm_message, sendgrid_mail, twilio_form, twilio_message
from tests.providers.builders import contents, emails, outgoings, phones, some_text, texts, tokens
from tests.simulators.fcm import FcmSimulator
from tests.simulators.twilio import ACCOUNT

NOW = 1_800_000_000_000_000


@cache
def firebase_project() -> fcm.Credentials:
    return msgspec.convert(FcmSimulator().credentials, fcm.Credentials)


senders = st.sampled_from(["+15005550006", "SENDWELL", "MG" + "0a" * 16])
callbacks = st.sampled_from([None, "https://notify.example/hook", "https://n.example/hook?a=b"])


@given(
    outgoings(emails, contents(subject=some_text, text=some_text)),
    st.sampled_from(["hello@sendwell.example", '"Sendwell, Inc." <hello@sendwell.example>']),
)
def test_sendgrid_takes_every_mail_we_build(outgoing: Outgoing, sender: str) -> None:
    credentials = sendgrid.Credentials(api_key="SG.key", sender=sender)

    made = sendgrid.request(outgoing, credentials)

    assert isinstance(made, HttpRequest)
    assert made.url == "https://api.sendgrid.com/v3/mail/send"
    assert sendgrid_mail().flaws(msgspec.json.decode(made.body)) == []


@given(outgoings(phones, contents(text=some_text)), senders, callbacks)
def test_twilio_takes_every_message_we_build(
    outgoing: Outgoing, sender: str, callback: str | None
) -> None:
    credentials = twilio.Credentials(
        account_sid=ACCOUNT, auth_token="token", sender=sender, callback_url=callback
    )

    made = twilio.request(outgoing, credentials)

    assert isinstance(made, HttpRequest)
    assert made.url == f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    form = dict(parse_qsl(made.body.decode(), keep_blank_values=True, strict_parsing=True))
    assert form["Body"] == outgoing.content.text
    assert twilio_message().flaws(twilio_form(form)) == []
    assert 1 <= int(form.get("ValidityPeriod", "1")) <= 36_000


@given(outgoings(tokens, contents(body=texts) | contents(data=st.just({"a": "b"}))))
def test_fcm_takes_every_message_we_build(outgoing: Outgoing) -> None:
    made = fcm.request(outgoing, firebase_project(), now=NOW)

    if isinstance(made, HttpRequest):
        assert fcm_message().flaws(msgspec.json.decode(made.body)) == []
    else:
        assert made.fault.code == "no_content"


@given(outgoings(st.just("https://hooks.example/in"), contents()))
def test_a_receiver_of_standard_webhooks_takes_every_call_we_build(outgoing: Outgoing) -> None:
    new, old = (f"whsec_{base64.b64encode(byte * 32).decode()}" for byte in (b"n", b"o"))
    credentials = standard.Credentials(secrets=(new, old))

    made = standard.request(outgoing, credentials, now=time.time_ns() // 1000)

    assert isinstance(made, HttpRequest)
    assert len(made.body) <= standard.LARGEST_BYTES
    for secret in (new, old):
        payload = Webhook(secret).verify(made.body, dict(made.headers))
        assert payload["type"]
        assert payload["data"]["metadata"] == msgspec.json.decode(outgoing.metadata)
