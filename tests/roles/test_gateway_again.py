"""What was accepted before is answered as it was, also where nobody would accept it today."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sendwell.channels import all_channels
from sendwell.domain.errors import Conflict, Flaw, Invalid, Untimely
from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_of
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.reader import Reader
from sendwell.roles.gateway.checks import channels_of
from sendwell.roles.gateway.consume import BusIntake
from sendwell.roles.gateway.wire import NotificationIn
from sendwell.runtime.reception import Came
from tests.roles.gateway_house import ORIGIN, House, a_gateway


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_gateway(tmp_path, patience_seconds=60) as house:
        house.clock.stand_still()
        house.journal.goes_on.set()
        yield house


def a_body(house: House, **more: Any) -> bytes:
    """A request that expires in a minute."""
    expires_at = rfc3339_of(house.clock.now() + 60_000_000)
    given = {"to": {"email": "ada@example.org"}, "content": "Hello", "expires_at": expires_at}
    return msgspec.json.encode({**given, **more})


async def test_the_same_key_and_body_get_the_first_answer_after_the_expiry(house: House) -> None:
    body = a_body(house)
    first = await house.gateway.accept(body, ORIGIN, key="k-1")
    house.clock.passed = 61

    again = await house.gateway.accept(body, ORIGIN, key="k-1")

    assert (first.id, first.is_duplicate) == (again.id, False)
    assert again.is_duplicate


async def test_another_body_under_a_known_key_is_told_so_although_it_has_expired(
    house: House,
) -> None:
    await house.gateway.accept(a_body(house), ORIGIN, key="k-1")
    other = a_body(house, content="Good-bye")
    house.clock.passed = 61

    with pytest.raises(Invalid) as refused:
        await house.gateway.accept(other, ORIGIN, key="k-1")

    assert refused.value.code == "idempotency_key_reused"


async def test_an_id_that_was_accepted_is_a_duplicate_after_the_expiry(house: House) -> None:
    body = a_body(house, id="order-7")
    await house.gateway.accept(body, ORIGIN)
    house.clock.passed = 61

    again = await house.gateway.accept(body, ORIGIN)

    assert (again.id, again.is_duplicate) == ("order-7", True)


@pytest.mark.parametrize("more", [{}, {"id": "order-7"}, {"idempotency_key": "k-1"}])
async def test_what_was_never_accepted_is_refused(house: House, more: dict[str, str]) -> None:
    body = a_body(house, **more)
    house.clock.passed = 61

    with pytest.raises(Invalid, match="Is in the past"):
        await house.gateway.accept(body, ORIGIN)


@pytest.mark.parametrize("wrong", [{"content": {}}, {"to": {"email": "nobody"}}])
async def test_what_can_never_have_been_right_is_refused_whatever_its_key_and_id(
    house: House, wrong: dict[str, Any]
) -> None:
    await house.gateway.accept(a_body(house, id="order-7"), ORIGIN, key="k-1")

    with pytest.raises(Invalid) as refused:
        await house.gateway.accept(a_body(house, id="order-7", **wrong), ORIGIN, key="k-1")

    assert refused.value.flaws


async def test_a_topic_that_nobody_reads_any_more_makes_no_difference(house: House) -> None:
    first = a_body(house, id="order-7")
    await house.gateway.accept(first, ORIGIN)

    again = await house.gateway.accept(a_body(house, id="order-7", to={"topic": "news"}), ORIGIN)

    assert again.is_duplicate


@pytest.mark.parametrize(("channel", "is_known"), [("sms", True), ("fax", False)])
async def test_only_a_channel_that_there_is_may_have_been_switched_off(
    channel: str, is_known: bool
) -> None:
    given = NotificationIn(user_id="user-001", content="Hello", channels=[channel])

    with pytest.raises(Invalid) as refused:
        channels_of(given, {ChannelName("email")})

    assert isinstance(refused.value, Untimely) == is_known


async def test_a_batch_that_comes_again_after_the_expiry_is_known_item_by_item(
    house: House,
) -> None:
    bodies = [a_body(house, content=text) for text in ("one", "two")]
    first = await house.gateway.accept_many(bodies, ORIGIN, key="import-7")
    new = a_body(house, content="three")
    house.clock.passed = 61

    again = await house.gateway.accept_many([*bodies, new], ORIGIN, key="import-7")

    assert [answer.is_duplicate for answer in again] == [True, True, False]
    assert [answer.id for answer in again] == [*(answer.id for answer in first), None]
    assert again[2].refusal is not None


async def test_a_bus_message_that_comes_again_after_its_expiry_is_not_refused(
    house: House,
) -> None:
    intake = BusIntake(
        house.gateway,
        Reader("lanes", all_channels(), otherwise=ORIGIN.tenant),
        knows=lambda _: True,
        clock=house.clock,
    )
    accepted, new = (Came(Incoming(a_body(house, id=name)), name) for name in ("n-1", "n-2"))
    first = await intake.accept([accepted])
    house.clock.passed = 61

    again = await intake.accept([accepted, new])

    assert [*first, again[0]] == [None, None]
    assert again[1] is not None


async def test_in_a_batch_the_key_of_an_item_stands_before_its_share_of_the_calls_key(
    house: House,
) -> None:
    bodies = [a_body(house, idempotency_key="own-1"), a_body(house)]

    first = await house.gateway.accept_many(bodies, ORIGIN, key="import-7")
    own = await house.gateway.accept(bodies[0], ORIGIN)
    share = await house.gateway.accept_many(bodies[::-1], ORIGIN, key="import-7")

    assert [answer.is_duplicate for answer in first] == [False, False]
    assert (own.id, own.is_duplicate) == (first[0].id, True)
    assert [answer.is_duplicate for answer in share] == [False, True]


async def test_one_request_has_one_key(house: House) -> None:
    body = a_body(house, idempotency_key="own-1")

    with pytest.raises(Conflict) as refused:
        await house.gateway.accept(body, ORIGIN, key="other")

    why = "Differs from the header Idempotency-Key."
    assert refused.value.flaws == (Flaw("/idempotency_key", why),)
