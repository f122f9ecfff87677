"""Who has stopped where only the provider has heard it, and starts again."""

from pathlib import Path

from sendwell.domain.ids import UserId
from sendwell.domain.stop_words import Meaning
from sendwell.ports.http import HttpAnswer
from sendwell.ports.listener import Reply
from sendwell.providers.sms.twilio import understand
from sendwell.roles.users.service.stop_words import StopWords
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.people import Profile
from tests.roles.delivery_house import ACME, CLOCK, SMS, House, a_house

NUMBER = "+436641234567"
STOPPED = understand(HttpAnswer(400, {}, b'{"code": 21610, "message": "Unsubscribed recipient"}'))


async def test_who_stopped_at_the_provider_gets_messages_again_after_start(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        await house.users.put(ACME, UserId("ada"), Profile({SMS: NUMBER}))
        house.vendors[SMS].answers[NUMBER] = STOPPED
        async with house.at_work():
            ends = await house.ends(await house.plan(NUMBER, channel=SMS))
        stopped = await house.users.suppressed(ACME, [(SMS, NUMBER)])

        await says_start(house)

        assert ({NUMBER: "DEAD"}, ["stop_word"]) == (ends, [*stopped.values()])
        assert {} == await house.users.suppressed(ACME, [(SMS, NUMBER)])


async def test_a_number_that_was_listed_as_gone_is_listed_as_stopped_once_it_was_removed(
    tmp_path: Path,
) -> None:
    """As earlier versions listed it; what docs/how-to/suppressions.md says to do about that."""
    async with a_house(tmp_path) as house:
        await house.users.put(ACME, UserId("ada"), Profile({SMS: NUMBER}))
        await house.users.suppress(ACME, SMS, address=NUMBER, reason="address_gone", at=1)
        await says_start(house)
        before = await house.users.suppressed(ACME, [(SMS, NUMBER)])

        await house.users.unsuppress(ACME, SMS, address=NUMBER)
        house.vendors[SMS].answers[NUMBER] = STOPPED
        async with house.at_work():
            await house.ends(await house.plan(NUMBER, channel=SMS))

        after = await house.users.suppressed(ACME, [(SMS, NUMBER)])
        assert (["address_gone"], ["stop_word"]) == ([*before.values()], [*after.values()])


async def says_start(house: House) -> None:
    store = UserStore(house.database)
    stop_words = StopWords(store.holders, store.suppressions, house.users, clock=CLOCK)
    reply = Reply(None, SMS, NUMBER, Meaning.RESUME, CLOCK.now(), "twilio:SM1")
    await stop_words.hear(reply)
