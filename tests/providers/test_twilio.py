from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from sendwell.domain.errors import Invalid
from sendwell.domain.outcome import Accepted, Blame, Deferred, Refused
from sendwell.domain.suppression import Source
from sendwell.messages.requested import Content
from sendwell.ports.http import HttpAnswer, HttpRequest
from sendwell.ports.vendor import Means
from sendwell.providers.sms.twilio import VENDOR, Credentials, request, understand
from tests.providers.accounts import a_provider
from tests.providers.builders import an_outgoing
from tests.simulators.server import json_reply
from tests.simulators.twilio import ACCOUNT, TwilioSimulator

SERVICE = "MG" + "0b" * 16
CREDENTIALS = Credentials(account_sid=ACCOUNT, auth_token="token", sender="+15005550006")


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioSimulator]:
    async with TwilioSimulator() as simulator:
        yield simulator


def form_of(made: HttpRequest | Refused) -> dict[str, list[str]]:
    assert isinstance(made, HttpRequest)
    return parse_qs(made.body.decode())


async def test_the_reference_is_the_messages_sid(twilio: TwilioSimulator, means: Means) -> None:
    provider = a_provider("twilio", twilio, means)

    outcome = await provider.send(an_outgoing(address="+15005550010"))

    assert Accepted(twilio.messages[0].sid) == outcome
    assert twilio.messages[0].form["Body"] == "Your code is 1234."


@pytest.mark.parametrize(
    ("number", "code", "blame"),
    [
        ("+15005550001", "21211", Blame.ADDRESS),
        ("+15005550002", "21612", Blame.ACCOUNT),
        ("+15005550003", "21408", Blame.ACCOUNT),
        ("+15005550004", "21610", Blame.ADDRESS),
        ("+15005550009", "21614", Blame.ADDRESS),
    ],
)
async def test_a_magic_number_is_refused_with_its_code(
    number: str, code: str, blame: Blame, *, twilio: TwilioSimulator, means: Means
) -> None:
    provider = a_provider("twilio", twilio, means)

    outcome = await provider.send(an_outgoing(address=number))

    assert isinstance(outcome, Refused)
    assert (outcome.fault.code, outcome.fault.blame) == (code, blame)
    assert number not in outcome.fault.text


async def test_who_replied_stop_is_not_written_to_again(
    twilio: TwilioSimulator, means: Means
) -> None:
    provider = a_provider("twilio", twilio, means)
    twilio.opted_out.add("+15005550010")

    outcome = await provider.send(an_outgoing(address="+15005550010"))

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ADDRESS
    assert outcome.fault.said_by is Source.STOP_WORD


async def test_a_full_queue_is_a_matter_of_time(twilio: TwilioSimulator, means: Means) -> None:
    provider = a_provider("twilio", twilio, means, **{"from": "+15005550008"})

    outcome = await provider.send(an_outgoing(address="+15005550010"))

    assert isinstance(outcome, Deferred)
    assert outcome.fault.code == "21611"


@pytest.mark.parametrize("sender", ["+15005550001", "+15005550007"])
async def test_a_wrong_sender_is_the_accounts_fault(
    sender: str, twilio: TwilioSimulator, means: Means
) -> None:
    provider = a_provider("twilio", twilio, means, **{"from": sender})

    outcome = await provider.send(an_outgoing(address="+15005550010"))

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ACCOUNT


async def test_a_wrong_token_is_the_accounts_fault(twilio: TwilioSimulator, means: Means) -> None:
    provider = a_provider("twilio", twilio, means, auth_token="wrong")

    outcome = await provider.send(an_outgoing(address="+15005550010"))

    assert isinstance(outcome, Refused)
    assert (outcome.fault.code, outcome.fault.blame) == ("20003", Blame.ACCOUNT)


async def test_a_text_that_is_too_long_is_the_contents_fault(
    twilio: TwilioSimulator, means: Means
) -> None:
    provider = a_provider("twilio", twilio, means)
    content = Content(text="x" * 1601)

    outcome = await provider.send(an_outgoing(address="+15005550010", content=content))

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.CONTENT


@pytest.mark.parametrize(
    ("code", "status", "blame"),
    [(63017, 400, Blame.PROVIDER), (20429, 403, Blame.PROVIDER), (14107, 400, Blame.ADDRESS)],
)
def test_a_limit_told_by_code_is_a_matter_of_time(code: int, status: int, blame: Blame) -> None:
    reply = json_reply(status, {"code": code, "message": "Slow down", "status": status})

    outcome = understand(HttpAnswer(status, {}, reply.body))

    assert isinstance(outcome, Deferred)
    assert outcome.fault.blame is blame


def test_a_messaging_service_sends_instead_of_a_number() -> None:
    credentials = Credentials(account_sid=ACCOUNT, auth_token="token", sender=SERVICE)

    form = form_of(request(an_outgoing(address="+15005550010"), credentials))

    assert form["MessagingServiceSid"] == [SERVICE]
    assert "From" not in form


@pytest.mark.parametrize(
    ("expires_in_seconds", "validity"),
    [(None, None), (-5, ["1"]), (300, ["300"]), (10**6, ["36000"])],
)
def test_an_expiry_is_the_validity_period(
    expires_in_seconds: int | None, validity: list[str] | None
) -> None:
    outgoing = an_outgoing(address="+15005550010", expires_in_seconds=expires_in_seconds)

    form = form_of(request(outgoing, CREDENTIALS))

    assert form.get("ValidityPeriod") == validity


@pytest.mark.parametrize(
    "credentials",
    [
        '{"account_sid": "AC1", "auth_token": "secret", "from": "+15005550006"}',
        '{"account_sid": "' + ACCOUNT + '", "auth_token": "secret"}',
    ],
)
def test_credentials_that_cannot_work_are_refused_at_once(credentials: str) -> None:
    with pytest.raises(Invalid, match="twilio") as refused:
        VENDOR.parse(credentials)

    assert "secret" not in str(refused.value)
