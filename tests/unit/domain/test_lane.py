from sendwell.domain.lane import LANES, Lane


def test_a_smaller_number_is_served_sooner() -> None:
    assert sorted(Lane) == [Lane.CRITICAL, Lane.HIGH, Lane.MEDIUM, Lane.LOW]


def test_lanes_are_found_by_the_words_on_the_wire() -> None:
    assert list(LANES) == ["critical", "high", "medium", "low"]
    assert all(LANES[lane.label] is lane for lane in Lane)


def test_critical_and_high_are_urgent() -> None:
    assert [lane for lane in Lane if lane.is_urgent] == [Lane.CRITICAL, Lane.HIGH]
