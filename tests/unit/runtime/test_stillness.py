"""When a stream of a bus stands still."""

from sendwell.runtime.stillness import Stillness


def test_a_stream_that_has_not_moved_in_three_looks_stands_still() -> None:
    stillness = Stillness(3)

    found = []
    for _ in range(4):
        stillness.look({"parcels": "7"})
        found.append(stillness.streams)

    assert [[], [], [], ["parcels"]] == found


def test_one_that_stands_still_beside_busy_ones_is_found() -> None:
    stillness = Stillness(3)

    for done in range(5):
        stillness.look({"critical": "7", "low": str(done)})

    assert ["critical"] == stillness.streams


def test_where_nothing_waits_nothing_stands_still() -> None:
    stillness = Stillness(3)

    for _ in range(5):
        stillness.look({})

    assert [] == stillness.streams


def test_what_has_moved_once_is_looked_at_anew() -> None:
    stillness = Stillness(2)
    for _ in range(3):
        stillness.look({"parcels": "7"})

    stillness.look({"parcels": "8"})

    assert [] == stillness.streams


def test_a_stream_that_was_empty_meanwhile_is_looked_at_anew() -> None:
    stillness = Stillness(2)
    stillness.look({"parcels": "7"})
    stillness.look({"parcels": "7"})
    stillness.look({})

    stillness.look({"parcels": "7"})
    stillness.look({"parcels": "7"})

    assert [] == stillness.streams
