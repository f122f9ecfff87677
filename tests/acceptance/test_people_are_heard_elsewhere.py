"""What a person changes in one process or service holds within 5 s for what another one holds."""

import time
from pathlib import Path

from tests.acceptance.product import running
from tests.acceptance.test_people_are_heard import (
    ADA,
    GOES,
    NEARLY_ALWAYS,
    NEVER,
    SOON_SECONDS,
    choose,
    held,
    hours,
    sent_at,
    timeline,
)
from tests.acceptance.test_services import Roles, installed
from tests.services.needs import needs
from tests.services.postgres import Postgres

pytestmark = needs("postgres")
APART: Roles = {
    "users": ["users"],
    "gateway": [
        "gateway", "accounts", "templates", "orchestrator", "delivery", "tracker", "receipts",
        "inbox", "mailbox",
    ],
}  # fmt: skip
WARM_UP = "bob"
"""Whoever is first waits for what is done once only."""
MAILBOX = {f"ROUTE_{name}": "mailbox" for name in ("EMAIL", "SMS", "PUSH", "WEBHOOK")}


async def test_a_person_changed_in_one_process_gets_what_another_holds(
    tmp_path: Path, made_postgres_url: str
) -> None:
    environment = {"DB_URL": made_postgres_url}
    async with (
        running(tmp_path, "--no-sample", environment=environment) as one,
        running(tmp_path, "--no-sample", environment=environment) as other,
    ):
        for user in WARM_UP, "ada":
            await choose(one, NEARLY_ALWAYS, user)
            ids = [await held(each, user_id=user) for each in (one, other)]

            await choose(one, NEVER, user)

            began = time.time()
            for id_ in ids:
                await one.settled(id_, "SENT", seconds=60)
        assert max([await sent_at(one.get, id_) for id_ in ids]) - began < SOON_SECONDS
        assert [await timeline(one.get, id_) for id_ in ids] == [GOES, GOES]


async def test_a_service_that_delivers_hears_of_people_whom_the_users_service_keeps(
    tmp_path: Path, postgres_server: Postgres
) -> None:
    with postgres_server.database() as bus:
        environment = {"BROKER_URL": bus, **MAILBOX}
        async with installed(tmp_path, environment, APART) as services:
            for user in WARM_UP, "ada":
                await services.put(f"/users/{user}", **ADA)
                await services.put(f"/users/{user}/preferences", **hours(NEARLY_ALWAYS))
                id_ = await services.send(user_id=user, content="Hello", channel="email")
                await services.settled(id_, "HELD")

                await services.put(f"/users/{user}/preferences", **hours(NEVER))

                began = time.time()
                await services.settled(id_, "SENT")
            assert await sent_at(services.get, id_) - began < SOON_SECONDS
            assert await timeline(services.get, id_) == GOES
