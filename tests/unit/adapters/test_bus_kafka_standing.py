"""What the progress of a group says of those who read some of its partitions."""

from sendwell.adapters.bus.kafka.standing import Standing, behind
from sendwell.runtime.stillness import Stillness

MINE, THEIRS, OTHER = ("parcels", 0), ("parcels", 1), ("other", 0)


def test_what_others_have_to_take_is_not_waiting_for_us() -> None:
    found = behind({MINE: Standing(5, 0), THEIRS: Standing(3, 37)}, {MINE})

    assert {} == found


def test_what_is_left_of_ours_is_behind() -> None:
    second = ("parcels", 2)
    standings = {MINE: Standing(5, 0), THEIRS: Standing(3, 37), second: Standing(9, 2)}

    found = behind(standings, {MINE, second})

    assert {"parcels": "0@5 2@9", "parcels/2": "9"} == found


def test_what_others_do_does_not_change_our_mark() -> None:
    before = behind({MINE: Standing(5, 2), THEIRS: Standing(3, 37)}, {MINE})

    after = behind({MINE: Standing(5, 2), THEIRS: Standing(4, 37)}, {MINE})

    assert {"parcels": "0@5"} == before == after


def test_of_a_topic_of_which_we_own_nothing_everything_counts() -> None:
    standings = {MINE: Standing(5, 0), THEIRS: Standing(3, 37), OTHER: Standing(2, 0)}

    found = behind(standings, {OTHER})

    assert {"parcels": "0@5 1@3", "parcels/1": "3"} == found


def test_a_place_that_stands_still_beside_others_that_move_is_found_in_time() -> None:
    places = [("parcels", number) for number in range(12)]
    stillness = Stillness(3, turns=2)
    found = []

    for look in range(8):
        standings = {place: Standing(1_000 + look * 50, 5) for place in places}
        standings["parcels", 7] = Standing(1_000, 400 + look * 4)
        stillness.look(behind(standings, places))
        found.append(stillness.streams)

    assert [[]] * 6 + [["parcels/7"]] * 2 == found
