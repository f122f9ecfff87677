import asyncio
from ipaddress import ip_address

import pytest

from sendwell.adapters.addresses import dial_in_turn
from sendwell.domain.outbound import Address

DEAD = [ip_address(f"192.0.2.{number}") for number in range(1, 9)]
ALIVE = ip_address("198.51.100.1")


async def dial(address: Address) -> Address:
    if address in DEAD:
        await asyncio.Event().wait()
    return address


def within(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


@pytest.mark.parametrize(("dead", "seconds"), [(1, 60.0), (8, 4.0)])
async def test_dead_addresses_leave_time_for_the_one_behind_them(dead: int, seconds: float) -> None:
    deadline = within(seconds)

    assert ALIVE == await dial_in_turn([*DEAD[:dead], ALIVE], dial, deadline=deadline)
    assert within(0) < deadline


async def test_the_first_that_takes_it_is_the_one() -> None:
    asked = []

    async def hear(address: Address) -> Address:
        asked.append(address)
        return address

    await dial_in_turn([ALIVE, *DEAD], hear, deadline=within(60))

    assert asked == [ALIVE]


async def test_what_is_raised_is_what_the_last_one_failed_with() -> None:
    async def refuse(address: Address) -> Address:
        raise ConnectionRefusedError(str(address))

    with pytest.raises(ConnectionRefusedError, match=str(ALIVE)):
        await dial_in_turn([*DEAD, ALIVE], refuse, deadline=within(60))


async def test_the_last_one_has_until_the_deadline() -> None:
    with pytest.raises(TimeoutError):
        await dial_in_turn(DEAD[:1], dial, deadline=within(0.01))
