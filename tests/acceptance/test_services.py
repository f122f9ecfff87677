"""Each role a service: its own process, port and database; together over a bus."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sendwell.settings import ROLES
from tests.acceptance.foreign import rabbit_client
from tests.acceptance.preloaded import Beginning
from tests.acceptance.processes import begin, make_tables
from tests.acceptance.product import ROOT
from tests.conformance.smtp_sink import SmtpSink
from tests.services.made import MadePostgres
from tests.services.needs import needs
from tests.services.ports import free_ports
from tests.simulators.sendgrid import SendGridSimulator

Roles = Mapping[str, Sequence[str]]
"""The services of an installation, and what each of them runs."""

SERVICES: Roles = {
    "accounts": ["accounts"],
    "users": ["users"],
    "templates": ["templates"],
    "inbox": ["inbox", "mailbox"],
    "tracker": ["tracker"],
    "receipts": ["receipts"],
    "orchestrator": ["orchestrator"],
    "email": ["delivery", "--channel", "email"],
    "in_app": ["delivery", "--channel", "in_app"],
    "gateway": ["gateway"],
}
DIRECT: Roles = {
    "gateway": [
        "gateway", "orchestrator", "accounts", "receipts", "tracker", "inbox", "mailbox",
    ],
    "users": ["users"],
    "email": ["delivery", "--channel", "email"],
    "push": ["delivery", "--channel", "push"],
    "templates": ["templates"],
}  # fmt: skip
"""The five of the preset `direct`."""
HOOK = "/webhooks/sendgrid/default"
SECRET = "the same for all services of this installation"


class Service:
    """One process of the installation."""

    def __init__(
        self,
        name: str,
        roles: Sequence[str],
        port: int,
        *,
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.data = folder / name
        self._has_begun = False
        self._log = folder / f"{name}.log"
        self._beginning = Beginning(
            arguments=["run", *roles, "--port", str(port), "--data", str(self.data)],
            environment={**os.environ, **environment},
            folder=ROOT,
            log=self._log,
        )

    async def start(self) -> None:
        make_tables(self.data, self._beginning.environment)
        self.process = await begin(self._beginning)
        self._has_begun = True

    async def is_ready(self, client: httpx2.AsyncClient) -> None:
        async with asyncio.timeout(150):
            while True:
                assert self.process.returncode is None, self._log.read_text()
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx2.TransportError:
                    await asyncio.sleep(0.1)

    def complaints(self) -> str:
        """What it has said lately that is no mere information; and whether it still runs."""
        lines = self._log.read_text().splitlines()
        bad = [line for line in lines if '"level":"info"' not in line][-15:]
        return "\n  ".join((f"{self._log.stem} ({self.process.returncode}):", *bad))

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(35):
            return await self.process.wait()

    async def kill(self) -> None:
        """Nothing happens when it has ended before, or never begun."""
        if not self._has_begun:
            return
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Installation:
    """All services."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self.services = services

    async def start(self, later: Collection[str] = ()) -> None:
        await self.add(*(name for name in self.services if name not in later))
        accounts = self.services.get("accounts") or self.services["gateway"]
        key = (accounts.data / "api-key").read_text().strip()
        self.client = httpx2.AsyncClient(
            base_url=self.services["gateway"].url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )

    async def add(self, *names: str) -> None:
        """Start these, and wait until they are ready."""
        for name in names:
            await self.services[name].start()
        async with httpx2.AsyncClient(timeout=30) as client:
            for name in names:
                await self.services[name].is_ready(client)

    async def put(self, path: str, **document: Any) -> None:
        answer = await self.client.put(f"/api/v1{path}", json=document)
        assert answer.is_success, answer.text

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/api/v1{path}")
        assert answer.is_success, answer.text
        return answer.json()

    @asynccontextmanager
    async def live(self, path: str) -> AsyncIterator[AsyncIterator[str]]:
        """The data of events as they come."""
        async with (
            asyncio.timeout(90),
            self.client.stream("GET", f"/api/v1{path}") as answer,
        ):
            assert answer.is_success
            lines = answer.aiter_lines()
            yield (line[6:] async for line in lines if line.startswith("data: "))

    async def send(self, **request: Any) -> str:
        answer = await self.client.post("/api/v1/notifications", json=request)
        assert answer.status_code == 202, answer.text
        id_: str = answer.json()["id"]
        return id_

    async def planned(self, id_: str, deliveries: int) -> None:
        async with asyncio.timeout(60):
            while True:
                answer = await self.client.get(f"/api/v1/notifications/{id_}")
                if answer.is_success and len(answer.json()["deliveries"]) == deliveries:
                    return
                await asyncio.sleep(0.05)

    async def settled(self, id_: str, *states: str) -> Any:
        found: Any = None
        try:
            async with asyncio.timeout(90):
                while True:
                    answer = await self.client.get(f"/api/v1/notifications/{id_}")
                    found = answer.json()
                    if answer.status_code == 200 and found["status"] in states:
                        return found
                    await asyncio.sleep(0.05)
        except TimeoutError:
            complaints = "\n".join(service.complaints() for service in self.services.values())
            raise AssertionError(f"it is not {states}: {found}\n{complaints}") from None

    async def stop(self) -> None:
        await self.client.aclose()
        codes = await asyncio.gather(*(each.stop() for each in self.services.values()))
        assert set(codes) == {0}


def relay(sink: SmtpSink) -> dict[str, Any]:
    """The credentials of that mail server."""
    return {"host": "127.0.0.1", "port": sink.port, "tls": "none", "from": "shop@example.org"}


@asynccontextmanager
async def installed(
    folder: Path,
    environment: Mapping[str, str],
    roles: Roles = SERVICES,
    later: Collection[str] = (),
    *,
    changed: Mapping[str, Mapping[str, str]] | None = None,
) -> AsyncIterator[Installation]:
    """All of it, but for the services that the test itself adds later.

    What is `changed` goes for one service alone.
    """
    ports = dict(zip(roles, free_ports(len(roles)), strict=True))
    shared = {"SECRET_KEY": SECRET, **urls(roles, ports), **environment}
    apart = changed or {}
    services = {
        name: Service(
            name, own, ports[name], folder=folder, environment={**shared, **apart.get(name, {})}
        )
        for name, own in roles.items()
    }
    installation = Installation(services)
    try:
        await installation.start(later)
        yield installation
        await installation.stop()
    finally:
        await asyncio.gather(*(service.kill() for service in services.values()))


def urls(services: Roles, ports: Mapping[str, int]) -> dict[str, str]:
    """Where each role is, and each service that delivers."""
    deliver = [name for name, roles in services.items() if "delivery" in roles]
    return {
        f"{role.upper()}_URL": f"http://127.0.0.1:{ports[name]}"
        for name, roles in reversed(list(services.items()))
        for role in roles
        if role in ROLES
    } | {"SERVICE_URLS": ",".join(f"http://127.0.0.1:{ports[name]}" for name in deliver)}


@pytest.fixture
def rabbitmq_bus(rabbitmq_url: str) -> dict[str, str]:
    """A database file each."""
    return {"BROKER_URL": rabbitmq_url}


@pytest.fixture
def postgres_bus(made_postgres: MadePostgres) -> Iterator[dict[str, str]]:
    """A PostgreSQL database each, and one for the bus."""
    with ExitStack() as stack:
        urls = {
            f"{role.upper()}_DB_URL": stack.enter_context(made_postgres.database())
            for role in {name: None for names in SERVICES.values() for name in names[:1]}
        }
        urls["MAILBOX_DB_URL"] = urls["INBOX_DB_URL"]
        bus = stack.enter_context(made_postgres.server.database())
        yield {**urls, "BROKER_URL": bus}


@pytest.fixture
def kafka_bus(kafka_url: str) -> dict[str, str]:
    """A database file each."""
    return {"BROKER_URL": kafka_url}


@pytest.mark.parametrize(
    "servers",
    [
        pytest.param("rabbitmq_bus", marks=needs("rabbitmq")),
        pytest.param("postgres_bus", marks=needs("postgres")),
    ],
)
async def test_from_http_to_smtp_and_back_by_a_signed_webhook(
    servers: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    first_is_taken = {"MAIL": ["250 2.1.0 Ok", *["421 4.3.2 Going down"] * 9]}
    async with SendGridSimulator() as sendgrid, SmtpSink(answers=first_is_taken) as sink:
        environment = {
            **request.getfixturevalue(servers),
            "PROVIDER_CREDENTIALS_SENDGRID": json.dumps(sendgrid.credentials),
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
            "ROUTE_EMAIL": "smtp,sendgrid",
            "PUBLIC_URL": "https://hooks.example.org",
        }
        async with installed(tmp_path, environment) as installation:
            await installation.put("/users/ada", email=sendgrid.address, locale="en")

            mailed = await installation.send(user_id="ada", channel="email", content="Hello")
            async with installation.live("/users/ada/inbox/stream?after=0") as events:
                stored = await installation.send(user_id="ada", channel="in_app", content="Hello")
                assert stored == json.loads(await anext(events))["notification"]
            await installation.settled(mailed, "SENT")
            await installation.settled(stored, "DELIVERED")
            assert [mail.recipients for mail in sink.mails] == [(sendgrid.address,)]

            failed_over = await installation.send(user_id="ada", channel="email", content="Hello")
            await installation.settled(failed_over, "SENT")
            for hook in sendgrid.receipts(f"https://hooks.example.org{HOOK}"):
                answer = await installation.client.post(
                    HOOK, content=hook.body, headers=dict(hook.headers)
                )
                assert answer.status_code == 204, answer.text
            await installation.settled(failed_over, "DELIVERED")

            later = await installation.send(
                user_id="ada",
                channels=["email", "in_app"],
                content="Tomorrow",
                send_at=datetime.fromtimestamp(time.time() + 86_400, UTC).isoformat(),
            )
            await installation.planned(later, 2)
            cancelled = await installation.client.post(f"/api/v1/notifications/{later}/cancel")
            assert cancelled.status_code == 200, cancelled.text
            found = await installation.settled(later, "CANCELLED")
            assert [each["status"] for each in found["deliveries"]] == ["CANCELLED"] * 2

            ledger = await installation.get("/ledger")
            told = (ledger["accepted"], ledger["sent"], ledger["delivered"], ledger["difference"])
            assert told == (5, 1, 2, 0)


@pytest.mark.parametrize("servers", [pytest.param("kafka_bus", marks=needs("kafka"))])
async def test_messages_wait_for_services_that_are_away(
    servers: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with SmtpSink() as sink:
        environment = {
            **request.getfixturevalue(servers),
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        async with installed(tmp_path, environment) as installation:
            services = installation.services
            await installation.put("/users/ada", email="ada@example.org", locale="en")
            away = [services[name] for name in ("users", "templates", "email", "orchestrator")]
            await asyncio.gather(*(service.kill() for service in away))

            sent = [
                await installation.send(user_id="ada", channels=["email", "push"], content=str(n))
                for n in range(20)
            ]
            for service in reversed(away):
                await service.start()

            for id_ in sent:
                await sent_by_email(installation, id_)
            assert len(sink.mails) == len(sent)


async def sent_by_email(installation: Installation, id_: str) -> None:
    """The push, for which there is no token, may have ended and been told of before."""
    async with asyncio.timeout(60):
        while True:
            found = await installation.settled(id_, "SENT", "PARTIAL", "FAILED", "DEAD")
            states = {each["channel"]: each["status"] for each in found["deliveries"]}
            if states.get("email") == "SENT":
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("servers", [pytest.param("rabbitmq_bus", marks=needs("rabbitmq"))])
async def test_the_five_services_of_the_direct_preset(
    servers: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    broker = request.getfixturevalue(servers)
    async with SmtpSink() as sink:
        environment = {
            **broker,
            "PRESET": "direct",
            "ROUTE_PUSH": "mailbox",
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        async with (
            installed(tmp_path, environment, DIRECT) as installation,
            rabbit_client(broker["BROKER_URL"]) as rabbit,
        ):
            told = {"organization_id": "default", "to": {"email": "ada@example.org"}}
            row = {**told, "notification_id": "by-queue", "content": "Hello"}
            await rabbit.publish("notifications.direct", "email", json.dumps(row).encode())

            by_rest = await installation.send(to={"email": "bob@example.org"}, content="Hello")

            await installation.settled(by_rest, "SENT")
            await installation.settled("by-queue", "SENT")
            assert {mail.recipients for mail in sink.mails} == {
                ("ada@example.org",),
                ("bob@example.org",),
            }
