import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sendwell.domain.errors import Invalid
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Refused, Unknown
from sendwell.messages.requested import Content
from sendwell.ports.http import HttpAnswer, HttpRequest
from sendwell.ports.vendor import Means
from sendwell.providers.email.sendgrid import VENDOR, Credentials, request, understand
from tests.providers.accounts import a_provider
from tests.providers.builders import an_outgoing
from tests.simulators.sendgrid import SendGridSimulator
from tests.simulators.server import json_reply
from tests.simulators.troubles import Cut, Reply

P384 = base64.b64encode(
    ec.generate_private_key(ec.SECP384R1())
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
CREDENTIALS = Credentials(api_key="SG.key", sender="Sendwell <hello@sendwell.example>")


@pytest.fixture
async def sendgrid() -> AsyncIterator[SendGridSimulator]:
    async with SendGridSimulator() as simulator:
        yield simulator


async def test_the_reference_is_the_id_that_the_mail_has_there(
    sendgrid: SendGridSimulator, means: Means
) -> None:
    provider = a_provider("sendgrid", sendgrid, means)

    outcome = await provider.send(an_outgoing())

    assert Accepted(sendgrid.mails[0].id) == outcome
    assert sendgrid.mails[0].to == "ada@example.org"


async def test_a_202_counts_from_its_head_on(sendgrid: SendGridSimulator, means: Means) -> None:
    sendgrid.fail_next(Cut(Reply(202, b"...", {"x-message-id": "the-mail"})))

    outcome = await a_provider("sendgrid", sendgrid, means).send(an_outgoing())

    assert outcome == Accepted("the-mail")


async def test_half_a_refusal_is_no_refusal(sendgrid: SendGridSimulator, means: Means) -> None:
    sendgrid.fail_next(Cut(Reply(400, b'{"errors": [...')))

    outcome = await a_provider("sendgrid", sendgrid, means).send(an_outgoing())

    assert isinstance(outcome, Unknown)


async def test_both_attempts_carry_the_same_message_id(
    sendgrid: SendGridSimulator, means: Means
) -> None:
    provider = a_provider("sendgrid", sendgrid, means)

    await provider.send(an_outgoing(attempt=1))
    await provider.send(an_outgoing(attempt=2))

    first, second = (mail.body["headers"]["Message-ID"] for mail in sendgrid.mails)
    assert first == second == f"<{an_outgoing().key}@sendwell.example>"


def test_text_comes_before_html() -> None:
    made = request(an_outgoing(), CREDENTIALS)

    assert isinstance(made, HttpRequest)
    parts = msgspec.json.decode(made.body)["content"]
    assert [part["type"] for part in parts] == ["text/plain", "text/html"]


def test_the_sender_may_have_a_name() -> None:
    made = request(an_outgoing(), CREDENTIALS)

    assert isinstance(made, HttpRequest)
    sender = {"email": "hello@sendwell.example", "name": "Sendwell"}
    assert sender == msgspec.json.decode(made.body)["from"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(Content(text="Hello"), "no_subject"), (Content(subject="Hello", text=""), "no_content")],
)
def test_a_mail_that_sendgrid_could_not_take_is_refused(content: Content, code: str) -> None:
    made = request(an_outgoing(content=content), CREDENTIALS)

    assert isinstance(made, Refused)
    assert made.fault.code == code


@pytest.mark.parametrize(
    ("status", "field", "code", "blame"),
    [
        (400, "personalizations.0.to.0.email", "invalid_personalizations_to_email", Blame.ADDRESS),
        (400, "from.email", "invalid_from_email", Blame.ACCOUNT),
        (400, "content.0.value", "invalid_content_value", Blame.CONTENT),
        (400, "subject", "invalid_subject", Blame.CONTENT),
        (400, "personalizations.0.custom_args", "invalid_personalizations_custom_args", Blame.US),
        (400, None, "invalid_request", Blame.US),
        (401, None, "http_401", Blame.ACCOUNT),
        (403, "from", "http_403", Blame.ACCOUNT),
        (404, None, "http_404", Blame.ACCOUNT),
        (413, None, "http_413", Blame.CONTENT),
    ],
)
def test_a_refusal_says_whose_fault_it_is(
    status: int, field: str | None, *, code: str, blame: Blame
) -> None:
    reply = json_reply(status, {"errors": [{"message": "Not this way.", "field": field}]})

    outcome = understand(HttpAnswer(status, {}, reply.body))

    assert isinstance(outcome, Refused)
    assert (outcome.fault.code, outcome.fault.blame) == (code, blame)


async def test_credits_that_are_used_up_come_back_by_themselves(
    sendgrid: SendGridSimulator, means: Means
) -> None:
    sendgrid.credits = 1
    provider = a_provider("sendgrid", sendgrid, means)

    outcomes = [await provider.send(an_outgoing()) for _ in range(2)]

    fault = Fault("credits_exceeded", "Maximum credits exceeded", Blame.PROVIDER)
    assert [Accepted(sendgrid.mails[0].id), Deferred(fault, timedelta(minutes=15))] == outcomes


async def test_a_key_that_is_none_is_the_accounts_fault(
    sendgrid: SendGridSimulator, means: Means
) -> None:
    provider = a_provider("sendgrid", sendgrid, means, api_key="SG.another")

    outcome = await provider.send(an_outgoing())

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ACCOUNT


async def test_a_wrong_address_is_the_addresses_fault(
    sendgrid: SendGridSimulator, means: Means
) -> None:
    provider = a_provider("sendgrid", sendgrid, means)

    outcome = await provider.send(an_outgoing(address="nobody at home"))

    text = '"nobody at home" is not a "email"'
    fault = Fault("invalid_personalizations_to_email", text, Blame.ADDRESS)
    assert outcome == Refused(fault)


async def test_a_sender_that_is_not_verified_is_the_accounts_fault(
    sendgrid: SendGridSimulator, means: Means
) -> None:
    provider = a_provider("sendgrid", sendgrid, means, **{"from": "other@sendwell.example"})

    outcome = await provider.send(an_outgoing())

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ACCOUNT
    assert sendgrid.mails == []


@pytest.mark.parametrize(
    "credentials",
    [
        '{"api_key": "SG.key"}',
        '{"api_key": "SG.key", "from": "nobody"}',
        '{"api_key": "SG.key", "from": "a@b.example", "webhook_public_key": "AAAA"}',
        '{"api_key": "SG.key", "from": "a@b.example", "apikey": "SG.key"}',
        f'{{"api_key": "SG.key", "from": "a@b.example", "webhook_public_key": "{P384}"}}',
    ],
)
def test_credentials_that_cannot_work_are_refused_at_once(credentials: str) -> None:
    with pytest.raises(Invalid, match="sendgrid") as refused:
        VENDOR.parse(credentials)

    assert "SG.key" not in str(refused.value)
