"""SECRET_KEY is changed while work waits, one service after the other."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_services import SECRET, Roles, installed, relay
from tests.acceptance.test_services_later import has_come, until_handed_on
from tests.conformance.smtp_sink import SmtpSink
from tests.services.needs import needs
from tests.services.postgres import Postgres

pytestmark = needs("postgres")
NEW = "the next one for all services of this installation"
TWO: Roles = {
    "gateway": [
        "gateway", "accounts", "users", "templates", "orchestrator", "receipts", "tracker",
        "inbox", "mailbox",
    ],
    "email": ["delivery", "--channel", "email"],
}  # fmt: skip


@pytest.fixture
def bus(postgres_server: Postgres) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url


@pytest.mark.parametrize("preset", ["plain", "intents"])
async def test_what_waits_is_sent_and_told_while_one_half_has_the_new_secret(
    preset: str, bus: str, tmp_path: Path
) -> None:
    async with SmtpSink() as sink:
        environment = {
            "PRESET": preset,
            "BROKER_URL": bus,
            "CHANNEL_ENABLE_LIST": "email",
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
            "SECRET_KEY_ALSO": NEW,
        }
        changed = {"email": {"SECRET_KEY": NEW, "SECRET_KEY_ALSO": SECRET}}
        async with installed(
            tmp_path, environment, TWO, later={"email"}, changed=changed
        ) as installation:
            sent = await installation.send(to={"email": "ada@example.org"}, content="Hello")
            await until_handed_on(installation)

            await installation.add("email")

            await has_come(sink, 1)
            await installation.settled(sent, "SENT")
            assert (await installation.get("/ledger"))["difference"] == 0
