"""What receipts mean, decided without a database."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sendwell.domain.lifecycle import State, may
from sendwell.messages.receipt import Said
from sendwell.roles.receipts.decision import decide
from sendwell.roles.receipts.look import (
    LONGEST_PAUSE,
    PATIENCE,
    SECOND,
    SHORT_PATIENCE,
    Look,
)
from tests.roles.receipt_house import (
    NOW,
    SENDGRID,
    TWILIO,
    a_delivery,
    a_receipt,
    found_of,
    said_at,
)


@given(st.permutations([Said.DELIVERED, Said.BOUNCED, Said.COMPLAINED, Said.OPENED, Said.FAILED]))
def test_a_batch_comes_to_the_same_in_whatever_order_it_is_told(told: list[Said]) -> None:
    sent = a_delivery()
    receipts = [a_receipt(sent, said, at=said_at(said)) for said in told]
    looks = [Look(number, TWILIO, None, receipt, NOW) for number, receipt in enumerate(receipts)]
    found = {look.sought: found_of(sent) for look in looks}

    moves = [status.state for status in decide(looks, found, NOW).statuses()]

    assert moves == [State.DELIVERED, State.BOUNCED]


@given(st.sampled_from(State), st.lists(st.sampled_from(Said), max_size=5))
def test_no_receipt_makes_a_move_that_the_table_forbids(state: State, told: list[Said]) -> None:
    delivery = a_delivery(state)
    looks = [
        Look(number, TWILIO, None, receipt=a_receipt(delivery, said), taken_at=NOW)
        for number, said in enumerate(told)
    ]
    found = {look.sought: found_of(delivery) for look in looks}

    decision = decide(looks, found, NOW)

    states = [state, *(status.state for status in decision.statuses())]
    assert all(may(now, then) for now, then in pairwise(states))
    assert len(decision.settled) + len(decision.waiting) == len(looks)


@pytest.mark.parametrize(("told_at", "kept_at"), [(-3600, 0), (1, 1), (3600, 60)])
def test_history_runs_neither_back_nor_ahead_however_wrong_the_vendors_clock_is(
    told_at: int, kept_at: int
) -> None:
    sent = a_delivery()
    receipt = a_receipt(sent, at=NOW + told_at * SECOND)
    look = Look(1, TWILIO, None, receipt=receipt, taken_at=NOW)

    decision = decide([look], {look.sought: found_of(sent)}, NOW + 60 * SECOND)

    assert [status.at for status in decision.statuses()] == [NOW + kept_at * SECOND]


@pytest.mark.parametrize(
    ("changes", "patience", "most"),
    [
        ({"said": Said.COMPLAINED}, PATIENCE, 90),
        ({"said": Said.COMPLAINED, "key": None}, SHORT_PATIENCE, 15),
        ({"said": Said.BOUNCED}, SHORT_PATIENCE, 15),
        ({}, SHORT_PATIENCE, 15),
    ],
)
def test_a_receipt_is_looked_at_less_often_the_longer_it_waits_and_at_the_end_once_more(
    changes: dict[str, Any], patience: int, most: int
) -> None:
    look = Look(1, TWILIO, None, receipt=a_receipt(a_delivery(), **changes), taken_at=NOW)
    times = [NOW]

    while not look.is_last(times[-1]):
        times.append(look.due(times[-1]))

    waits = [then - now for now, then in pairwise(times)]
    assert times[-1] == NOW + patience
    assert waits[:-1] == sorted(waits[:-1])
    assert len(waits) < most
    assert max(waits) <= LONGEST_PAUSE
    assert patience >= 5 * 60 * SECOND


@pytest.mark.parametrize(
    ("said", "end"),
    [
        (Said.BOUNCED, None),
        (Said.FAILED, None),
        (Said.DELIVERED, State.DELIVERED),
        (Said.COMPLAINED, State.COMPLAINED),
    ],
)
def test_an_account_before_the_last_one_cannot_say_that_it_came_back(
    said: Said, end: State | None
) -> None:
    sent = structs.replace(a_delivery(), provider="smtp")
    receipt = a_receipt(sent, said, reference="of an earlier attempt")
    look = Look(1, SENDGRID, None, receipt=receipt, taken_at=NOW)

    (settled,) = decide([look], {look.sought: found_of(sent)}, NOW).settled

    assert (sent.position, end) == (settled.found and settled.found.position, settled.state)


def test_whoever_knows_the_id_of_the_last_one_can_say_that_it_came_back() -> None:
    sent = structs.replace(a_delivery(), provider="sendgrid__eu")
    look = Look(1, SENDGRID, None, receipt=a_receipt(sent, Said.BOUNCED), taken_at=NOW)

    (settled,) = decide([look], {look.sought: found_of(sent)}, NOW).settled

    assert State.BOUNCED is settled.state
