from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sendwell.domain.breaker import Breaker, BreakerPolicy, Phase
from sendwell.domain.errors import Invalid

SECOND = 1_000_000
REST = 60 * SECOND


def a_breaker(*failed_at: int, policy: BreakerPolicy | None = None) -> Breaker:
    breaker = Breaker(policy or BreakerPolicy())
    for now in failed_at:
        breaker = breaker.after_failure(now)
    return breaker


def test_five_failures_in_a_row_open_it_for_sixty_seconds() -> None:
    breaker = a_breaker(1, 2, 3, 4, 5)

    assert breaker.phase(5) is Phase.OPEN
    assert breaker.reopens_at == 5 + REST
    assert not breaker.allows(4 + REST)
    assert breaker.allows(5 + REST)


def test_four_failures_do_not_open_it() -> None:
    breaker = a_breaker(1, 2, 3, 4)

    assert breaker.phase(4) is Phase.CLOSED
    assert breaker.allows(4)


def test_a_success_between_starts_the_count_anew() -> None:
    breaker = a_breaker(1, 2, 3, 4).after_success(5)

    for now in (6, 7, 8, 9):
        breaker = breaker.after_failure(now)

    assert breaker.phase(9) is Phase.CLOSED


def test_failures_older_than_the_window_do_not_count() -> None:
    breaker = a_breaker(0, 1, 2, 3)

    assert breaker.after_failure(REST).phase(REST) is Phase.CLOSED
    assert breaker.after_failure(REST - 1).phase(REST - 1) is Phase.OPEN


def test_a_held_delivery_learns_how_long_it_waits() -> None:
    breaker = a_breaker(1, 2, 3, 4, 5)

    assert timedelta(0) == a_breaker().wait(5)
    assert timedelta(seconds=20) == breaker.wait(5 + 40 * SECOND)
    assert timedelta(0) == breaker.wait(5 + 61 * SECOND)


def test_after_its_rest_it_lets_one_probe_through() -> None:
    now = 5 + REST
    breaker = a_breaker(1, 2, 3, 4, 5)

    probing = breaker.after_start(now)

    assert breaker.phase(now) is Phase.HALF_OPEN
    assert probing.phase(now) is Phase.HALF_OPEN
    assert not probing.allows(now)


def test_it_lets_as_many_probes_through_as_the_policy_says() -> None:
    now = 1 + REST
    breaker = a_breaker(1, policy=BreakerPolicy(failures=1, probes=2))

    one = breaker.after_start(now)
    two = one.after_start(now)

    assert one.allows(now)
    assert not two.allows(now)


def test_a_probe_that_succeeds_closes_it() -> None:
    now = 5 + REST
    probing = a_breaker(1, 2, 3, 4, 5).after_start(now)

    assert Breaker() == probing.after_success(now + 1)


def test_a_probe_that_fails_opens_it_for_another_rest() -> None:
    now = 5 + REST
    probing = a_breaker(1, 2, 3, 4, 5).after_start(now)

    breaker = probing.after_failure(now + 7)

    assert breaker.phase(now + 7) is Phase.OPEN
    assert breaker.reopens_at == now + 7 + REST


def test_a_probe_that_is_never_heard_of_again_costs_one_rest() -> None:
    now = 5 + REST
    probing = a_breaker(1, 2, 3, 4, 5).after_start(now)

    assert not probing.allows(now + REST - 1)
    assert probing.allows(now + REST)
    assert not probing.after_start(now + REST).allows(now + REST)


def test_a_probe_that_was_given_up_makes_room_for_another() -> None:
    now = 5 + REST
    probing = a_breaker(1, 2, 3, 4, 5).after_start(now)

    left = probing.after_leave(now + 1)

    assert left.phase(now + 1) is Phase.HALF_OPEN
    assert left.allows(now + 1)
    assert not left.after_start(now + 1).allows(now + 1)


def test_giving_up_an_attempt_changes_nothing_while_all_is_well() -> None:
    breaker = a_breaker(1)

    assert breaker is breaker.after_leave(2)


def test_what_was_in_flight_when_it_opened_changes_nothing() -> None:
    breaker = a_breaker(1, 2, 3, 4, 5)

    assert breaker is breaker.after_failure(6)
    assert breaker is breaker.after_success(6)


def test_a_provider_is_left_alone_for_as_long_as_it_has_asked() -> None:
    now = 5 + REST
    probing = a_breaker(1, 2, 3, 4, 5).after_start(now)

    for breaker in (a_breaker(), probing):
        asked = breaker.after_wish(now, timedelta(hours=1))

        assert asked.phase(now) is Phase.OPEN
        assert timedelta(hours=1) == asked.wait(now)
        assert asked is asked.after_wish(now, timedelta(minutes=59))


def test_starting_and_succeeding_change_nothing_while_all_is_well() -> None:
    breaker = a_breaker()

    assert breaker is breaker.after_start(1).after_success(2)


def test_a_policy_that_makes_no_sense_is_refused_with_every_flaw() -> None:
    with pytest.raises(Invalid) as refusal:
        BreakerPolicy(failures=0, window=timedelta(0), rest=timedelta(0), probes=0)

    pointers = [flaw.pointer for flaw in refusal.value.flaws]
    assert pointers == ["/failures", "/window", "/rest", "/probes"]


class ABreakerInUse(RuleBasedStateMachine):
    """Attempts begin, end in any order and get lost, while a second, naive account is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = BreakerPolicy(
            failures=3, window=timedelta(seconds=10), rest=timedelta(seconds=5), probes=2
        )
        self.breaker = Breaker(self.policy)
        self.now = 1_000 * SECOND
        self.in_flight = 0
        self.failed_at: list[int] = []
        self.opened_at: int | None = None
        self.probes_since: list[int] = []

    @rule(seconds=st.integers(0, 12))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @precondition(lambda self: self.breaker.allows(self.now))
    @rule()
    def an_attempt_begins(self) -> None:
        self.breaker = self.breaker.after_start(self.now)
        self.in_flight += 1
        if self.opened_at is not None:
            self.probes_since.append(self.now)

    @precondition(lambda self: self.in_flight)
    @rule()
    def an_attempt_is_lost(self) -> None:
        self.in_flight -= 1

    @precondition(lambda self: self.breaker.allows(self.now))
    @rule()
    def an_attempt_begins_and_is_given_up(self) -> None:
        self.breaker = self.breaker.after_start(self.now).after_leave(self.now)

    @precondition(lambda self: self.in_flight)
    @rule()
    def an_attempt_succeeds(self) -> None:
        self.in_flight -= 1
        is_resting = self.breaker.phase(self.now) is Phase.OPEN
        self.breaker = self.breaker.after_success(self.now)
        if not is_resting:
            self.failed_at, self.opened_at, self.probes_since = [], None, []

    @precondition(lambda self: self.in_flight)
    @rule()
    def an_attempt_fails(self) -> None:
        self.in_flight -= 1
        phase = self.breaker.phase(self.now)
        self.breaker = self.breaker.after_failure(self.now)
        self.failed_at.append(self.now)
        in_window = [at for at in self.failed_at if at > self.now - 10 * SECOND]
        if phase is Phase.HALF_OPEN or (phase is Phase.CLOSED and len(in_window) >= 3):
            self.failed_at, self.opened_at, self.probes_since = [], self.now, []

    @invariant()
    def it_is_closed_exactly_until_failures_in_a_row_open_it(self) -> None:
        assert (self.opened_at is None) == (self.breaker.phase(self.now) is Phase.CLOSED)

    @invariant()
    def nothing_goes_out_while_it_rests(self) -> None:
        if self.opened_at is not None and self.now < self.opened_at + 5 * SECOND:
            assert not self.breaker.allows(self.now)

    @invariant()
    def no_more_probes_go_out_in_one_rest_than_allowed(self) -> None:
        """Full pairs are a rest apart; a half pair may be completed at any time."""
        pairs = zip(self.probes_since[1::2], self.probes_since[2::2], strict=False)
        assert all(later - last >= 5 * SECOND for last, later in pairs)

    @invariant()
    def it_never_stays_shut_for_longer_than_one_rest(self) -> None:
        assert self.breaker.wait(self.now) <= self.policy.rest
        assert self.breaker.allows(self.now) == (not self.breaker.wait(self.now))

    @invariant()
    def it_remembers_no_more_failures_than_it_needs(self) -> None:
        assert len(self.breaker.failed_at) < self.policy.failures


TestABreakerInUse = ABreakerInUse.TestCase
