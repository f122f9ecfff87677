"""Services that run for the first time when there is work for them already."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.test_services import DIRECT, Installation, Roles, installed, relay
from tests.conformance.smtp_sink import SmtpSink
from tests.services.needs import needs
from tests.services.postgres import Postgres

PLAIN: Roles = {
    "gateway": ["gateway", "accounts", "users", "templates"],
    "orchestrator": ["orchestrator", "receipts"],
    "email": ["delivery", "--channel", "email"],
    "in_app": ["delivery", "--channel", "in_app"],
    "tracker": ["inbox", "tracker", "mailbox"],
}


@pytest.fixture
def rabbitmq_bus(rabbitmq_url: str) -> str:
    return rabbitmq_url


@pytest.fixture
def postgres_bus(postgres_server: Postgres) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url


@pytest.mark.parametrize(
    "bus",
    [
        pytest.param("rabbitmq_bus", marks=needs("rabbitmq")),
        pytest.param("postgres_bus", marks=needs("postgres")),
    ],
)
async def test_what_was_published_before_a_service_ever_ran_waits_for_it(
    bus: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with SmtpSink() as sink:
        environment = {
            "BROKER_URL": request.getfixturevalue(bus),
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        later = PLAIN.keys() - {"gateway"}
        async with installed(tmp_path, environment, PLAIN, later) as installation:
            await installation.put("/users/ada", email="ada@example.org", locale="en")

            sent = await installation.send(
                user_id="ada", channels=["in_app", "email"], content="Hello"
            )
            await until_handed_on(installation)
            await installation.add("orchestrator")
            await installation.add("email")
            await has_come(sink, 1)  # though nobody delivers in the app
            assert await unread(tmp_path, environment) == {
                "sendwell.history",
                "sendwell.task.in_app",
            }
            await installation.add("tracker", "in_app")

            found = await installation.settled(sent, "SENT", "DELIVERED", "PARTIAL")
            states = {each["channel"]: each["status"] for each in found["deliveries"]}
            assert states == {"in_app": "DELIVERED", "email": "SENT"}
            ledger = await installation.get("/ledger")
            assert (ledger["accepted"], ledger["difference"]) == (2, 0)


@pytest.mark.parametrize("bus", [pytest.param("rabbitmq_bus", marks=needs("rabbitmq"))])
async def test_tasks_that_name_one_recipient_need_nothing_that_was_told_before(
    bus: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    people = {f"person{number}@example.org" for number in range(3)}
    roles = {
        "gateway": [*PLAIN["gateway"], "orchestrator", "receipts", "tracker", "inbox"],
        "email": PLAIN["email"],
    }
    async with SmtpSink() as sink:
        environment = {
            "PRESET": "intents",
            "BROKER_URL": request.getfixturevalue(bus),
            "CHANNEL_ENABLE_LIST": "email",
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        async with installed(tmp_path, environment, roles, {"email"}) as installation:
            sent = await installation.send(
                to=[{"email": person} for person in sorted(people)], channel="email", content="Hi"
            )
            await until_handed_on(installation)
            await installation.add("email")
            await has_come(sink, len(people))

            found = await installation.settled(sent, "SENT")
            assert {mail.recipients[0] for mail in sink.mails} == people
            assert len(found["deliveries"]) == len(people)


@pytest.mark.parametrize("bus", [pytest.param("postgres_bus", marks=needs("postgres"))])
async def test_a_notification_to_many_people_gets_through_the_bus(
    bus: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    people = {f"person{number:03}@example.org" for number in range(320)}
    roles = {name: own for name, own in PLAIN.items() if name != "in_app"}
    async with SmtpSink() as sink:
        environment = {
            "BROKER_URL": request.getfixturevalue(bus),
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        async with installed(tmp_path, environment, roles) as installation:
            sent = await installation.send(
                to=[{"email": person} for person in sorted(people)],
                channel="email",
                content="A long letter. " * 3_300,
            )
            await has_come(sink, len(people))

            found = await installation.settled(sent, "SENT")
            assert {mail.recipients[0] for mail in sink.mails} == people
            assert len(found["deliveries"]) == len(people)


@pytest.mark.parametrize("bus", [pytest.param("rabbitmq_bus", marks=needs("rabbitmq"))])
async def test_a_channel_that_nobody_delivers_holds_up_no_other(
    bus: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    roles = {name: own for name, own in DIRECT.items() if name != "push"}
    async with SmtpSink() as sink:
        environment = {
            "PRESET": "direct",
            "BROKER_URL": request.getfixturevalue(bus),
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        async with installed(tmp_path, environment, roles) as installation:
            await installation.put("/users/ada", email="ada@example.org", locale="en")

            await installation.send(user_id="ada", channel="in_app", content="Hello")
            mailed = await installation.send(user_id="ada", channel="email", content="Hello")

            await installation.settled(mailed, "SENT")
            assert "outbox." not in installation.services["gateway"].complaints()


async def until_handed_on(installation: Installation) -> None:
    """The gateway keeps nothing back that it has accepted."""
    async with asyncio.timeout(30):
        while True:
            metrics = (await installation.client.get("/metrics")).text
            if "\nsendwell_unplanned_notifications 0" in metrics:
                return
            await asyncio.sleep(0.1)


async def unread(folder: Path, environment: Mapping[str, str]) -> set[str]:
    """The streams of which the doctor says that something waits there and nobody reads it."""
    told = await sendwell("doctor", "--data", str(folder), "--json", environment=environment)
    texts = [each["text"] for each in told.json["findings"] if each["topic"] == "bus"]
    return {text.split(" ")[3] for text in texts if text.endswith("nobody reads it.")}


async def has_come(sink: SmtpSink, count: int) -> None:
    async with asyncio.timeout(120):
        while len(sink.mails) < count:
            await asyncio.sleep(0.1)
