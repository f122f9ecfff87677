import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import ChannelName, Part
from sendwell.domain.lifecycle import FINAL, MOVES, OPEN, WAITING, State, derive, may, move

LATE_RECEIPTS = {
    (State.SENT, State.DELIVERED),
    (State.SENT, State.BOUNCED),
    (State.SENT, State.COMPLAINED),
    (State.DELIVERED, State.BOUNCED),
    (State.DELIVERED, State.COMPLAINED),
}
states = st.sampled_from(State)
parts = st.builds(
    Part,
    st.integers(0, 2),
    st.sampled_from([ChannelName("email"), ChannelName("push")]),
    st.integers(0, 1),
    st.integers(0, 2),
)


@pytest.mark.parametrize(
    "path",
    [
        "PENDING PROCESSING SENT DELIVERED",
        "PENDING PROCESSING SENT DELIVERED COMPLAINED",
        "PENDING PROCESSING SENT BOUNCED",
        "PENDING PROCESSING FAILED RETRYING PROCESSING FAILED DEAD",
        "PENDING SCHEDULED HELD HELD PROCESSING SENT",
        "PENDING SCHEDULED CANCELLED",
        "PENDING HELD EXPIRED",
        "PENDING SUPPRESSED",
        "PENDING FAILED DEAD",
        "PENDING PROCESSING FAILED RETRYING SUPPRESSED",
    ],
)
def test_the_paths_of_the_glossary_are_open(path: str) -> None:
    steps = [State(name) for name in path.split()]

    for now, then in itertools.pairwise(steps):
        assert then is move(now, then)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (State.PENDING, State.SENT),
        (State.PENDING, State.DELIVERED),
        (State.PROCESSING, State.CANCELLED),
        (State.PROCESSING, State.DEAD),
        (State.FAILED, State.PROCESSING),
        (State.RETRYING, State.SENT),
        (State.DEAD, State.RETRYING),
        (State.SENT, State.FAILED),
    ],
)
def test_a_move_that_the_table_does_not_list_is_refused(now: State, then: State) -> None:
    assert not may(now, then)
    with pytest.raises(Conflict, match=f"from {now} to {then}"):
        move(now, then)


def test_the_table_knows_every_state() -> None:
    assert set(State) == set(MOVES)


def test_every_state_is_either_open_or_final() -> None:
    assert set(State) == OPEN | FINAL
    assert not OPEN & FINAL
    assert WAITING < OPEN


def test_a_final_state_is_left_only_towards_what_a_late_receipt_says() -> None:
    moves = {(now, then) for now in FINAL for then in MOVES[now]}

    assert moves == LATE_RECEIPTS


def test_every_open_state_leads_to_an_end() -> None:
    for state in OPEN:
        assert _reachable(state) & FINAL


def test_every_state_can_be_reached() -> None:
    assert set(State) == _reachable(State.PENDING) | {State.PENDING}


def _reachable(state: State) -> set[State]:
    found: set[State] = set()
    ahead = [state]
    while ahead:
        new = MOVES[ahead.pop()] - found
        found |= new
        ahead += new
    return found


class ADelivery(RuleBasedStateMachine):
    """Whatever is asked of a delivery, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.PENDING
        self.history = [State.PENDING]

    @rule(then=states)
    def anything_is_asked_of_it(self, then: State) -> None:
        before = self.state
        try:
            self.state = move(self.state, then)
        except Conflict:
            assert before is self.state
            assert then not in MOVES[before]
        else:
            self.history.append(then)

    @precondition(lambda self: bool(MOVES[self.state]))
    @rule(data=st.data())
    def it_goes_on(self, data: st.DataObject) -> None:
        then = data.draw(st.sampled_from(sorted(MOVES[self.state])))
        self.state = move(self.state, then)
        self.history.append(then)

    @invariant()
    def once_final_it_is_never_open_again(self) -> None:
        ends = [at for at, state in enumerate(self.history) if state in FINAL]
        if ends:
            assert set(self.history[ends[0] :]) <= FINAL

    @invariant()
    def what_was_stopped_or_dead_stays_so(self) -> None:
        for state in FINAL - {State.SENT, State.DELIVERED}:
            assert state not in self.history[:-1]

    @invariant()
    def nothing_is_sent_that_was_not_processed(self) -> None:
        if State.SENT in self.history:
            at = self.history.index(State.SENT)
            assert self.history[at - 1] is State.PROCESSING

    @invariant()
    def every_attempt_but_the_first_follows_a_failure(self) -> None:
        attempts = self.history.count(State.PROCESSING)
        assert attempts <= 1 + self.history.count(State.RETRYING)


TestADelivery = ADelivery.TestCase


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ("", "PENDING"),
        ("SENT DELIVERED", "DELIVERED"),
        ("SENT DEAD", "DEAD"),
        ("SENT SUPPRESSED", "SENT"),
        ("DEAD PENDING", "PENDING"),
        ("HELD SCHEDULED", "HELD"),
        ("PENDING PROCESSING", "PROCESSING"),
        ("BOUNCED DELIVERED", "BOUNCED"),
        ("CANCELLED EXPIRED", "EXPIRED"),
    ],
)
def test_a_notification_is_told_by_its_most_telling_delivery(
    deliveries: str, expected: str
) -> None:
    to_several = enumerate(deliveries.split())

    assert State(expected) is status_of(f"{person}.email {name}" for person, name in to_several)


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ("DEAD SENT", "SENT"),
        ("DEAD DELIVERED", "DELIVERED"),
        ("SUPPRESSED SENT", "SENT"),
        ("DEAD PENDING", "PENDING"),
        ("DEAD SENT RETRYING", "RETRYING"),
        ("DEAD SUPPRESSED", "DEAD"),
    ],
)
def test_with_fallback_a_success_makes_the_failures_before_it_unimportant(
    deliveries: str, expected: str
) -> None:
    tried = zip(("email", "sms", "push"), deliveries.split(), strict=False)

    status = status_of((f"0.{channel} {name}" for channel, name in tried), falls_back=True)

    assert State(expected) is status


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("DEAD SENT", "DEAD SENT", "SENT"),
        ("DEAD SENT", "DEAD DELIVERED", "DELIVERED"),
        ("DEAD SENT", "DEAD DEAD", "DEAD"),
        ("DEAD SENT", "DEAD PENDING", "PENDING"),
        ("DEAD SENT", "SUPPRESSED SUPPRESSED", "SENT"),
        ("DEAD DEAD", "SENT", "DEAD"),
    ],
)
def test_with_fallback_each_of_several_recipients_needs_one_success(
    first: str, second: str, expected: str
) -> None:
    deliveries = [
        f"{person}.{channel} {name}"
        for person, tried in enumerate((first, second))
        for channel, name in zip(("email", "sms"), tried.split(), strict=False)
    ]

    assert State(expected) is status_of(deliveries, falls_back=True)


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        (["0.email DEAD", "0.email.r1 SENT"], "SENT"),
        (["0.email DEAD", "0.email.r1 DEAD", "0.email.r2 DELIVERED"], "DELIVERED"),
        (["0.email DEAD", "0.email.r1 RETRYING"], "RETRYING"),
        (["0.email DEAD", "0.email.r1 DEAD"], "DEAD"),
        (["0.email DEAD", "0.email.r1 CANCELLED"], "DEAD"),
        (["0.email DEAD", "0.email.r1 SENT", "1.email DEAD"], "DEAD"),
        (["0.email DEAD", "0.sms SENT"], "DEAD"),
        (["0.push DEAD", "0.push.1 DEAD", "0.push.1.r1 SENT"], "DEAD"),
    ],
)
def test_a_replay_that_succeeded_counts_instead_of_what_it_replays(
    deliveries: list[str], expected: str
) -> None:
    assert State(expected) is status_of(deliveries)


@given(st.lists(st.tuples(parts, states), min_size=1), st.booleans())
def test_a_notification_is_open_as_long_as_any_delivery_is(
    deliveries: list[tuple[Part, State]], falls_back: bool
) -> None:
    status = derive(deliveries, falls_back=falls_back)

    assert status in {state for _, state in deliveries}
    assert (status in OPEN) == any(state in OPEN for _, state in deliveries)


@given(st.lists(st.tuples(parts, states)), st.booleans())
def test_the_order_of_the_deliveries_does_not_matter(
    deliveries: list[tuple[Part, State]], falls_back: bool
) -> None:
    turned = reversed(deliveries)

    assert derive(deliveries, falls_back=falls_back) is derive(turned, falls_back=falls_back)


def status_of(deliveries: Iterable[str], *, falls_back: bool = False) -> State:
    """Of deliveries that are written as `part state`."""
    told = [each.split() for each in deliveries]
    return derive([(Part.parse(part), State(state)) for part, state in told], falls_back=falls_back)
