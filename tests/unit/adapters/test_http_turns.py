import asyncio

from sendwell.adapters.http.turns import Turns


async def in_line(turns: Turns, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(turns.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_there_are_only_so_many_turns() -> None:
    turns = Turns(2)

    taken = [turns.take() for _ in range(3)]

    assert taken == [True, True, False]
    assert not turns.are_untaken


def test_a_turn_given_back_is_free_again() -> None:
    turns = Turns(1)
    turns.take()

    turns.give_back()

    assert turns.are_untaken
    assert turns.take()


async def test_turns_go_to_the_line_in_order_and_never_past_it() -> None:
    turns = Turns(1)
    turns.take()
    first, second = await in_line(turns, 2)

    turns.give_back()
    jumped = turns.take()
    await first

    assert not jumped
    assert not second.done()
    turns.give_back()
    await second


async def test_who_leaves_the_line_is_passed_over() -> None:
    turns = Turns(1)
    turns.take()
    first, second = await in_line(turns, 2)

    first.cancel()
    await asyncio.wait([first])
    turns.give_back()

    await second
    assert first.cancelled()


async def test_a_turn_given_to_one_who_leaves_at_that_moment_goes_on() -> None:
    turns = Turns(1)
    turns.take()
    first, second = await in_line(turns, 2)

    turns.give_back()
    first.cancel()

    await second
    assert first.cancelled()
    turns.give_back()
    assert turns.are_untaken
