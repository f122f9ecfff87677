"""The simulators are like the vendors: the vendors' own libraries work with them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from python_http_client.exceptions import ForbiddenError  # type: ignore[import-untyped]
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.simulators import sendgrid as stories
from tests.simulators.sendgrid import API_KEY, SENDER, SendGridSimulator
from tests.simulators.server import Call, Simulator
from tests.simulators.troubles import Reply
from tests.simulators.twilio import ACCOUNT, TOKEN, TwilioSimulator
from tests.simulators.twilio import SENDER as NUMBER


class Listener(Simulator):
    """Somebody who takes webhooks."""

    def answer(self, call: Call) -> Reply:
        return Reply(204 if call.path == "/hooks" else 404)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener() as simulator:
        yield simulator


def twilios_own(simulator: TwilioSimulator) -> Client:
    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = simulator.base_url
    return client


async def test_twilios_library_sends_through_the_simulator() -> None:
    async with TwilioSimulator() as twilio:
        create = twilios_own(twilio).messages.create

        sent = await asyncio.to_thread(create, to="+15005550010", from_=NUMBER, body="Hello")

        assert [sent.sid] == [message.sid for message in twilio.messages]


async def test_twilios_library_understands_a_simulated_refusal() -> None:
    async with TwilioSimulator() as twilio:
        create = twilios_own(twilio).messages.create

        with pytest.raises(TwilioRestException) as refused:
            await asyncio.to_thread(create, to="+15005550001", from_=NUMBER, body="Hello")

        assert refused.value.code == 21211
        assert twilio.messages == []


async def test_sendgrids_library_sends_through_the_simulator() -> None:
    async with SendGridSimulator() as sendgrid:
        client = SendGridAPIClient(API_KEY, host=sendgrid.base_url)
        mail = Mail(SENDER, "ada@example.org", "Hello", "Hello Ada")

        answer = await asyncio.to_thread(client.send, mail)

        assert answer.headers["X-Message-Id"] == sendgrid.mails[0].id


async def test_sendgrids_library_understands_a_simulated_refusal() -> None:
    async with SendGridSimulator() as sendgrid:
        client = SendGridAPIClient(API_KEY, host=sendgrid.base_url)
        mail = Mail("other@example.org", "ada@example.org", "Hello", "Hello Ada")

        with pytest.raises(ForbiddenError) as refused:
            await asyncio.to_thread(client.send, mail)

        assert b"verified Sender Identity" in refused.value.body
        assert sendgrid.mails == []


async def test_status_callbacks_come_in_order_and_are_signed_for_their_url(
    listener: Listener,
) -> None:
    url = f"{listener.base_url}/hooks"
    async with TwilioSimulator() as twilio:
        create = twilios_own(twilio).messages.create
        twilio.fates["+15005550010"] = ("undelivered", "30005")
        await asyncio.to_thread(
            create, to="+15005550010", from_=NUMBER, body="Hello", status_callback=url
        )

        statuses = await twilio.send_receipts()

        assert statuses == [204, 204]
        assert [b"MessageStatus=sent" in call.body for call in listener.calls] == [True, False]
        assert b"ErrorCode=30005" in listener.calls[1].body
        validator = RequestValidator(TOKEN)
        assert not validator.validate(url, {}, listener.calls[0].headers["x-twilio-signature"])


async def test_one_event_webhook_tells_of_all_mails(listener: Listener) -> None:
    async with SendGridSimulator() as sendgrid:
        client = SendGridAPIClient(API_KEY, host=sendgrid.base_url)
        sendgrid.fates["eve@example.org"] = stories.BOUNCED
        for name in ("ada", "eve"):
            mail = Mail(SENDER, f"{name}@example.org", "Hello", "Hello")
            await asyncio.to_thread(client.send, mail)

        statuses = await sendgrid.send_receipts(f"{listener.base_url}/hooks")

        assert statuses == [204]
        assert [listener.calls[0].body.count(word) for word in (b"processed", b"5.1.1")] == [2, 1]


async def test_waiting_ends_as_soon_as_it_holds_or_in_time(listener: Listener) -> None:
    sendgrid = SendGridSimulator()
    waiting = asyncio.create_task(listener.until(lambda: len(listener.calls) == 1))

    async with sendgrid:
        await sendgrid.send_receipts(f"{listener.base_url}/elsewhere")

    await waiting
    with pytest.raises(TimeoutError):
        await listener.until(lambda: len(listener.calls) == 2, seconds=0.01)
