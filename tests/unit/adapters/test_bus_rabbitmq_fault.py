"""What the driver raises when a connection is lost, and what is a defect."""

import asyncio

import pytest

from sendwell.adapters.bus.rabbitmq.fault import unavailable
from sendwell.domain.errors import Unavailable


@pytest.mark.parametrize(
    "error",
    [Exception(), asyncio.CancelledError(), ConnectionResetError(104, "reset by peer")],
)
async def test_a_lost_connection_is_unavailable_however_the_driver_says_it(
    error: BaseException,
) -> None:
    with pytest.raises(Unavailable, match=r"^It is away: "), unavailable("It is away"):
        raise error


def test_a_defect_stays_one() -> None:
    with pytest.raises(KeyError), unavailable("It is away"):
        raise KeyError("x")
