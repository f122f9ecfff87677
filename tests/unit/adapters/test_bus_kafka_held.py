"""What waits in memory, partition by partition, until it is handed out again."""

import pytest

from sendwell.adapters.bus.kafka.held import Held
from sendwell.adapters.bus.kafka.records import Place, Record
from sendwell.ports.bus import Arrived, Stream

ONE: Place = ("topic", 1)
TWO: Place = ("topic", 2)
NOW = 1_000.0


def a_record(place: Place, offset: int) -> Record:
    arrived = Arrived(Stream(place[0]), "id", "key", b"", {}, place=f"{place}@{offset}")
    return Record(place, offset, arrived)


def offsets(batches: list[list[Record]]) -> list[list[int]]:
    return [[record.offset for record in batch] for batch in batches]


def test_each_partition_of_a_refused_batch_comes_again_alone() -> None:
    held = Held(most=500)

    held.refuse([a_record(ONE, 1), a_record(TWO, 7), a_record(ONE, 2)], NOW)

    assert list(held.due(NOW)) == []
    assert [[1, 2], [7]] == sorted(offsets(list(held.due(NOW + 0.1))))


def test_the_pause_of_a_partition_grows_with_each_refusal() -> None:
    held = Held(most=500)
    waits = []

    for _ in range(4):
        held.refuse([a_record(ONE, 1)], NOW)
        waits.append(held.wait(NOW, at_most=60))
        list(held.due(NOW + 60))

    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8])


def test_no_pause_is_longer_than_half_a_minute() -> None:
    held = Held(most=500)

    for _ in range(20):
        held.refuse([a_record(ONE, 1)], NOW)
        list(held.due(NOW + 60))
    held.refuse([a_record(ONE, 1)], NOW)

    assert held.wait(NOW, at_most=60) == pytest.approx(5)


def test_what_comes_again_says_how_often_it_came() -> None:
    held = Held(most=500)
    held.refuse([a_record(ONE, 1)], NOW)
    ((again,),) = held.due(NOW + 1)

    held.refuse([again], NOW)
    ((once_more,),) = held.due(NOW + 1)

    assert (1, 2) == (again.arrived.tries, once_more.arrived.tries)


def test_what_was_refused_stays_before_what_came_later() -> None:
    held = Held(most=500)
    held.keep([a_record(ONE, 3)])

    held.refuse([a_record(ONE, 1), a_record(ONE, 2)], NOW)

    assert [[1, 2, 3]] == offsets(list(held.due(NOW + 1)))


def test_a_batch_is_never_larger_than_asked_for_and_the_rest_follows() -> None:
    held = Held(most=2)
    held.keep(a_record(ONE, n) for n in range(3))

    first = offsets(list(held.due(NOW)))
    freed = held.free([ONE])
    rest = offsets(list(held.due(NOW)))

    assert ([[0, 1]], [], [[2]]) == (first, freed, rest)
    assert [ONE] == held.free([ONE])


def test_a_partition_that_was_taken_begins_anew() -> None:
    held = Held(most=500)
    for _ in range(5):
        held.refuse([a_record(ONE, 1)], NOW)
        list(held.due(NOW + 60))

    freed = held.free([ONE, TWO])
    held.refuse([a_record(ONE, 2)], NOW)

    assert [ONE] == freed
    assert held.wait(NOW, at_most=60) == pytest.approx(0.1)


def test_what_is_somebody_elses_is_forgotten_even_while_it_is_handed_out() -> None:
    held = Held(most=500)
    held.keep([a_record(ONE, 1), a_record(TWO, 1)])

    batches = []
    for batch in held.due(NOW):
        batches.append(batch)
        held.forget([ONE, TWO])

    assert len(batches) == 1
    assert ONE not in held
