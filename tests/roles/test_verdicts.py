"""What the preset `intents` says of a message that has gone out, by what is set of the account."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import msgspec
import pytest
from sqlalchemy import select

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.bootstrap.vendors import reporting
from sendwell.domain.ids import ChannelName, Node
from sendwell.domain.lifecycle import State
from sendwell.domain.policy import Policy
from sendwell.domain.presets import PRESETS
from sendwell.messages.status import Status
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Bus
from sendwell.ports.journal import Entry
from sendwell.runtime.announce import Announcements
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.outbox.tables import OUTBOX
from sendwell.settings import Credentials
from tests.services.made import made_file
from tests.simulators.sendgrid import SendGridSimulator
from tests.simulators.twilio import TwilioSimulator
from tests.unit.messages.builders import CHANNELS, a_move, a_request

INTENTS = PRESETS["intents"]
SMS, EMAIL = ChannelName("sms"), ChannelName("email")
TWILIO = TwilioSimulator().credentials
SENDGRID = SendGridSimulator().credentials
CALLED_BACK = {**TWILIO, "callback_url": "https://notify.example/webhooks/twilio/default"}
UNSIGNED = {name: said for name, said in SENDGRID.items() if name != "webhook_public_key"}


class House:
    """A process that has accounts, and a bus by the names of `intents`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.journal = SqlJournal(
            database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
        )

    async def told(self, account: Credentials, *states: State, channel: ChannelName) -> list[str]:
        """The streams on which somebody hears of a delivery that comes to these states."""
        await self.journal.accept([Entry(a_request(), is_named=True)])
        flow = Flow(self.database, SystemClock())
        outbox = Outbox(self.database, cast("Bus", None), ids=SystemIds(), node=Node(0))
        announcements = Announcements(
            INTENTS,
            outbox,
            self.journal,
            carrier=Carrier(INTENTS, secret=b"ours"),
            channels=CHANNELS,
            policy=lambda _: Policy(),
            reporting=reporting([account]),
        )
        flow.listen(Status, announcements.on_status)
        for state in states:
            moved = {"channel": channel, "part": f"0.{channel}", "provider": account.name}
            await flow.run([a_move(state, status=moved).status])
        rows = await self.database.rows(select(OUTBOX.c.letter).order_by(OUTBOX.c.number))
        return [msgspec.msgpack.decode(row.letter, type=Letter).stream.name for row in rows]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = SqliteDatabase(made_file(tmp_path / "all.sqlite"))
    yield House(database)
    await database.close()


def an_account(vendor: str, credentials: dict[str, object], account: str = "") -> Credentials:
    return Credentials(vendor, account, json.dumps(credentials))


@pytest.mark.parametrize(
    ("vendor", "credentials", "channel"),
    [("twilio", TWILIO, SMS), ("sendgrid", UNSIGNED, EMAIL), ("mailbox", {}, EMAIL)],
)
async def test_by_an_account_that_cannot_report_what_has_gone_out_is_delivered(
    vendor: str, credentials: dict[str, object], channel: ChannelName, house: House
) -> None:
    told = await house.told(an_account(vendor, credentials, "eu"), State.SENT, channel=channel)

    assert [f"notification.{channel}.delivered"] == told


@pytest.mark.parametrize(
    ("vendor", "credentials", "channel"),
    [("twilio", CALLED_BACK, SMS), ("sendgrid", SENDGRID, EMAIL)],
)
async def test_by_an_account_that_reports_the_receipt_has_the_word(
    vendor: str, credentials: dict[str, object], channel: ChannelName, house: House
) -> None:
    account = an_account(vendor, credentials)
    assert [] == await house.told(account, State.SENT, channel=channel)

    told = await house.told(account, State.DELIVERED, State.BOUNCED, channel=channel)

    assert [f"notification.{channel}.delivered", f"notification.{channel}.bounced"] == told
