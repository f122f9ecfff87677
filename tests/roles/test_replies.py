"""What people write back, by HTTP as a vendor posts it: heeded once, kept where it is doubtful."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.stop_words import Meaning
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.ports.listener import Reply
from sendwell.providers.sms.twilio import Credentials, TwilioCallbacks, TwilioInbound
from sendwell.roles.receipts.api import Integration, Webhooks
from sendwell.roles.receipts.replies import Replies
from sendwell.roles.receipts.store import ReceiptStore
from tests.roles.calling import a_client, an_app
from tests.roles.receipt_house import SAMPLE, TWILIO, House
from tests.simulators.hooks import Hook
from tests.simulators.twilio import ACCOUNT, TOKEN, TwilioSimulator

CREDENTIALS = Credentials(account_sid=ACCOUNT, auth_token=TOKEN, sender="+15005550006")
HOME = "https://notify.example.org"
PATH = "/webhooks/twilio/main/inbound"
NUMBER = "+14155550100"


@dataclass
class Listening:
    """Remembers what it heard, unless it cannot right now."""

    heard: list[Reply] = field(default_factory=list)
    tenants: list[TenantId] = field(default_factory=list)
    is_down: bool = False

    async def hear(self, reply: Reply) -> Sequence[TenantId]:
        if self.is_down:
            raise Unavailable("The users role does not answer.")
        self.heard.append(reply)
        return self.tenants


@dataclass
class Door:
    """Where Twilio posts, and what became of it."""

    house: House
    client: httpx2.AsyncClient
    listening: Listening
    kept: list[Quarantine]

    async def post(self, hook: Hook) -> int:
        answer = await self.client.post(PATH, content=hook.body, headers=dict(hook.headers))
        return answer.status_code

    async def write(self, text: str) -> int:
        return await self.post(a_letter(text))


def a_letter(text: str, *, path: str = PATH) -> Hook:
    return TwilioSimulator().inbound(text, url=f"{HOME}{path}", sender=NUMBER)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    database = SqliteDatabase(tmp_path / "sendwell.db")
    house, listening, kept = House(database), Listening(), list[Quarantine]()

    async def keep(doubtful: Sequence[Quarantine]) -> None:
        kept.extend(doubtful)

    replies = Replies(ReceiptStore(database), listening, keep=keep, clock=house.clock)
    integrations = {
        (TWILIO, "main"): Integration(
            TWILIO, TwilioCallbacks(CREDENTIALS), inbound=TwilioInbound(CREDENTIALS)
        ),
        (TWILIO, "deaf"): Integration(TWILIO, TwilioCallbacks(CREDENTIALS)),
    }
    async with house.receipts() as receipts:
        webhooks = Webhooks(
            receipts, integrations, public_url=HOME, clock=house.clock, replies=replies
        )
        async with a_client(an_app(SAMPLE, hot=webhooks.routes())) as client:
            yield Door(house, client, listening, kept)
    await database.close()


@pytest.mark.parametrize(
    ("text", "meaning"), [("STOP PLEASE", Meaning.REVOKE), ("Unstop", Meaning.RESUME)]
)
async def test_a_word_of_the_law_is_heeded(door: Door, text: str, meaning: Meaning) -> None:
    assert await door.write(text) == 204

    (reply,) = door.listening.heard
    assert (None, "sms", NUMBER, meaning) == (
        reply.tenant,
        reply.channel,
        reply.address,
        reply.meaning,
    )
    assert reply.evidence.startswith("twilio:SM")


@pytest.mark.parametrize("text", ["don't stop", "see you at 5", "HELP"])
async def test_what_is_no_wish_to_stop_is_only_on_record(door: Door, text: str) -> None:
    assert await door.write(text) == 204

    assert (door.listening.heard, door.kept) == ([], [])
    assert ["replied"] == [row.said for row in await door.house.recorded()]


async def test_a_message_that_is_posted_again_changes_nothing(door: Door) -> None:
    letter = a_letter("START")

    answers = [await door.post(letter) for _ in range(3)]

    assert answers == [204] * 3
    assert len(door.listening.heard) == 1


async def test_what_could_not_be_stored_is_heeded_when_it_comes_again(door: Door) -> None:
    letter = a_letter("STOP")
    door.listening.is_down = True
    refused = await door.post(letter)
    door.listening.is_down = False

    taken = await door.post(letter)

    assert (refused, taken, len(door.listening.heard)) == (503, 204, 1)


async def test_what_is_doubtful_is_kept_for_those_whose_person_wrote_it(door: Door) -> None:
    door.listening.tenants = [TenantId("acme"), TenantId("other")]

    await door.write("why did you stop?")

    assert ["acme", "other"] == [each.tenant for each in door.kept]
    assert {"doubtful_reply"} == {each.reason.value for each in door.kept}
    assert {b"why did you stop?"} == {each.body for each in door.kept}
    assert len({(each.stream, each.place) for each in door.kept}) == 2


async def test_what_is_doubtful_and_nobodys_is_kept_for_operators(door: Door) -> None:
    await door.write("why did you stop?")

    assert [None] == [each.tenant for each in door.kept]


async def test_what_is_signed_for_another_path_is_denied(door: Door) -> None:
    letter = a_letter("START", path="/webhooks/twilio/main")

    assert await door.post(letter) == 403
    assert door.listening.heard == []


@pytest.mark.parametrize("integration", ["twilio/deaf", "twilio/nowhere", "nobody/main"])
async def test_who_hands_on_no_messages_has_no_door(door: Door, integration: str) -> None:
    path = f"/webhooks/{integration}/inbound"
    letter = a_letter("STOP", path=path)

    answer = await door.client.post(path, content=letter.body, headers=dict(letter.headers))

    assert answer.status_code == 404
