"""Webhooks by HTTP, signed as a vendor signs them."""

import base64
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.providers.sms.twilio import Credentials, TwilioCallbacks
from sendwell.roles.receipts.api import MOST_BYTES, Integration, Webhooks
from tests.roles.calling import a_client, an_app
from tests.roles.receipt_house import SAMPLE, TWILIO, House, a_delivery

CREDENTIALS = Credentials(account_sid="AC" + "0" * 32, auth_token="a secret", sender="+15550100")
PUBLIC_URL = "https://notify.example.org"
WEBHOOK = "/webhooks/twilio/main"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = SqliteDatabase(tmp_path / "sendwell.db")
    yield House(database)
    await database.close()


@asynccontextmanager
async def a_vendor(house: House) -> AsyncIterator[AsyncClient]:
    integrations = {(TWILIO, "main"): Integration(TWILIO, TwilioCallbacks(CREDENTIALS))}
    async with house.receipts() as receipts:
        webhooks = Webhooks(receipts, integrations, public_url=PUBLIC_URL, clock=house.clock)
        app = an_app(SAMPLE, hot=webhooks.routes())
        async with a_client(app, base_url="http://spoofed.example") as client:
            yield client


async def call(
    client: AsyncClient, status: Status, *, signed: str = PUBLIC_URL, **form: str
) -> Response:
    """A status callback, as Twilio signs it for the URL it was told."""
    fields = {"MessageSid": str(status.reference), "MessageStatus": "delivered", **form}
    key = f"{status.notification}.{status.part}"
    path = f"{WEBHOOK}?{urlencode({'sendwell_key': key})}"
    text = f"{signed}{path}" + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.digest(CREDENTIALS.auth_token.encode(), text.encode(), "sha1")
    headers = {
        "x-twilio-signature": base64.b64encode(digest).decode(),
        "x-forwarded-host": "evil.example",
    }
    return await client.post(path, data=fields, headers=headers)


async def test_a_signed_webhook_is_answered_once_its_receipt_is_on_disk(house: House) -> None:
    sent = a_delivery()
    await house.send(sent)
    async with a_vendor(house) as client:
        answer = await call(client, sent)

        assert (answer.status_code, answer.content) == (204, b"")
        assert await house.state(sent) == State.DELIVERED


@pytest.mark.parametrize("signed", ["https://evil.example", "http://spoofed.example"])
async def test_a_signature_for_another_url_than_ours_is_refused(signed: str, house: House) -> None:
    sent = a_delivery()
    await house.send(sent)
    async with a_vendor(house) as client:
        answer = await call(client, sent, signed=signed)

    assert answer.status_code == 403
    assert answer.json()["code"] == "denied"
    assert await house.state(sent) == State.SENT
    assert await house.recorded() == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (WEBHOOK, b"MessageSid=SM1&MessageStatus=delivered", 403),
        ("/webhooks/twilio/unknown", b"", 404),
        ("/webhooks/unknown/main", b"", 404),
        (WEBHOOK, b"x" * (MOST_BYTES + 1), 413),
    ],
)
async def test_what_is_not_a_signed_webhook_stores_nothing(
    path: str, body: bytes, status: int, house: House
) -> None:
    async with a_vendor(house) as client:
        answer = await client.post(path, content=body)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert await house.recorded() == []


async def test_a_body_that_never_says_how_long_it_is_is_cut_off(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536

    async with a_vendor(house) as client:
        answer = await client.post(WEBHOOK, content=endless())

    assert answer.status_code == 413


async def test_a_signed_body_that_makes_no_sense_is_invalid(house: House) -> None:
    async with a_vendor(house) as client:
        answer = await call(client, a_delivery(), MessageSid="")

    assert answer.status_code == 400
