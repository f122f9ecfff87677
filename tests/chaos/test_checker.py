"""The judge is judged: everything it is there to find is planted, and found."""

from dataclasses import replace

import pytest

from sendwell.domain.lifecycle import OPEN, State
from tests.chaos.checker.case import Rule
from tests.chaos.checker.check import check
from tests.chaos.evidence import (
    Accepted,
    Call,
    Cancelled,
    Delivery,
    Event,
    Evidence,
    InFlight,
    Known,
)

PART, SECOND = "0.webhook", "1.webhook"
COLUMNS = (
    "accepted", "pending", "sent", "delivered", "failed", "suppressed", "cancelled", "expired",
    "difference",
)  # fmt: skip
SENT_AT = 2_000_000


def accepted(**changes: object) -> Accepted:
    fields = {"id": "n-1", "key": "order-1", "recipients": 1, "lane": "high", "at": 1_000_000}
    return Accepted(**{"serial": 1, "channels": ("webhook",), **fields, **changes})  # type: ignore[arg-type]


def a_call(**changes: object) -> Call:
    call = Call(1, PART, f"n-1.{PART}", 0, SENT_AT, is_taken=True, is_answered=True)
    return replace(call, **changes)  # type: ignore[arg-type]


def moves(*names: str, code: str | None = None) -> tuple[Event, ...]:
    """A timeline; attempts are counted, and failures have the code."""
    events = [Event("CREATED")]
    attempt = 0
    for name in names:
        attempt += name == "SEND_ATTEMPT"
        events.append(Event(name, PART, attempt or None, code if name == "FAILED" else None))
    return tuple(events)


def known(events: tuple[Event, ...], *, status: str, attempts: int, id_: str = "n-1") -> Known:
    return Known(id_, 1, {PART: Delivery(status, attempts)}, events)


def ledger(deliveries: int, column: str = "delivered") -> dict[str, int]:
    return {**dict.fromkeys(COLUMNS, 0), "accepted": deliveries, column: deliveries}


ONE_ATTEMPT = moves("PLANNED", "SEND_ATTEMPT", "SENT", "DELIVERED")
REFUSED = ("PLANNED", "SEND_ATTEMPT", "FAILED", "DEAD")
TWO_ATTEMPTS = ("PLANNED", "SEND_ATTEMPT", "FAILED", "RETRIED", "SEND_ATTEMPT", "SENT", "DELIVERED")
GOOD = Evidence(
    accepted=[accepted()],
    calls=[a_call()],
    known=[known(ONE_ATTEMPT, status="DELIVERED", attempts=1)],
    ledger=ledger(1),
)
CRASHED = replace(
    GOOD,
    calls=[a_call(), a_call(at=SENT_AT + 1)],
    known=[known(moves(*TWO_ATTEMPTS, code="unknown"), status="DELIVERED", attempts=2)],
    in_flight=frozenset({InFlight("n-1", PART, 1)}),
)
PUT_OFF = replace(
    GOOD,
    calls=[a_call(is_taken=False), a_call(at=SENT_AT + 1)],
    known=[known(moves(*TWO_ATTEMPTS, code="http.server_error"), status="DELIVERED", attempts=2)],
)
ANSWER_LOST = replace(
    GOOD,
    calls=[a_call(is_answered=False), a_call(at=SENT_AT + 1)],
    known=[known(moves(*TWO_ATTEMPTS, code="http.broken"), status="DELIVERED", attempts=2)],
)
CANCELLED_IN_TIME = replace(
    GOOD,
    accepted=[accepted(due=9_000_000)],
    cancelled=[Cancelled(1, (PART,), 1_500_000)],
    cancels=frozenset({1}),
    calls=[],
    known=[known(moves("PLANNED", "SCHEDULED", "CANCELLED"), status="CANCELLED", attempts=0)],
    ledger=ledger(1, "cancelled"),
)
CANCEL_UNANSWERED = replace(CANCELLED_IN_TIME, cancelled=[])
DEAD = replace(
    GOOD,
    calls=[a_call(is_taken=False)],
    known=[known(moves(*REFUSED, code="standard.refused"), status="DEAD", attempts=1)],
    ledger=ledger(1, "failed"),
)
TO_TWO = replace(
    GOOD,
    accepted=[accepted(recipients=2)],
    calls=[a_call(), a_call(part=SECOND, key=f"n-1.{SECOND}")],
    known=[
        Known(
            "n-1",
            1,
            dict.fromkeys((PART, SECOND), Delivery("DELIVERED", 1)),
            (*ONE_ATTEMPT, *(replace(event, part=SECOND) for event in ONE_ATTEMPT[1:])),
        )
    ],
    ledger=ledger(2),
)
PAUSED = replace(CRASHED, in_flight=frozenset(), exposed=frozenset({InFlight("n-1", PART, 1)}))
PAUSED_AND_WENT_ON = replace(GOOD, exposed=frozenset({InFlight("n-1", PART, 1)}))
BY_BROKER = replace(GOOD, accepted=[accepted(id=None)])
NEVER_ANSWERED = replace(GOOD, accepted=[])
ASKED_AGAIN = replace(GOOD, accepted=[accepted(), accepted(at=5_000_000)])


def broken(evidence: Evidence) -> set[Rule]:
    return {violation.rule for violation in check(evidence)}


@pytest.mark.parametrize(
    "evidence",
    [
        GOOD,
        CRASHED,
        PAUSED,
        PAUSED_AND_WENT_ON,
        PUT_OFF,
        ANSWER_LOST,
        CANCELLED_IN_TIME,
        CANCEL_UNANSWERED,
        DEAD,
        TO_TWO,
        BY_BROKER,
        NEVER_ANSWERED,
        ASKED_AGAIN,
    ],
)
def test_a_kept_promise_is_no_violation(evidence: Evidence) -> None:
    assert check(evidence) == []


def test_an_accepted_notification_that_nobody_knows_is_a_loss() -> None:
    assert broken(replace(GOOD, known=[], calls=[], ledger=ledger(0))) == {Rule.LOST}


def test_what_a_broker_took_and_nobody_knows_is_a_loss() -> None:
    assert broken(replace(BY_BROKER, known=[], calls=[], ledger=ledger(0))) == {Rule.LOST}


def test_a_pause_excuses_only_one_second_send() -> None:
    thrice = [a_call(at=SENT_AT + number) for number in range(3)]

    assert broken(replace(PAUSED, calls=thrice)) == {Rule.DOUBLED}


def test_a_pause_without_a_label_excuses_nothing() -> None:
    twice = [a_call(), a_call(at=SENT_AT + 1)]

    assert broken(replace(PAUSED_AND_WENT_ON, calls=twice)) == {Rule.DOUBLED}


def test_a_delivery_that_is_sent_on_record_only_is_a_loss() -> None:
    assert broken(replace(GOOD, calls=[])) == {Rule.LOST}


def test_a_delivery_that_the_sink_only_refused_is_a_loss() -> None:
    assert broken(replace(GOOD, calls=[a_call(is_taken=False)])) == {Rule.LOST}


def test_a_recipient_that_was_skipped_is_a_loss() -> None:
    (violation,) = check(replace(GOOD, accepted=[accepted(recipients=2)]))

    assert (violation.rule, violation.serial) == (Rule.LOST, 1)
    assert "1.webhook" in violation.text


def test_a_loss_beside_a_delivery_that_arrived_is_found() -> None:
    assert broken(replace(TO_TWO, calls=[a_call()])) == {Rule.LOST}


def test_a_double_beside_a_loss_is_found() -> None:
    twice = [a_call(), a_call(at=SENT_AT + 1)]

    assert broken(replace(TO_TWO, calls=twice)) == {Rule.LOST, Rule.DOUBLED}


@pytest.mark.parametrize(
    ("ends", "column"),
    [
        (("CANCELLED",), "cancelled"),
        (("SUPPRESSED",), "suppressed"),
        (("EXPIRED",), "expired"),
        (("FAILED", "DEAD"), "failed"),
    ],
)
def test_an_end_that_nothing_has_led_to_is_a_loss(ends: tuple[str, ...], column: str) -> None:
    ended = known(moves("PLANNED", *ends), status=ends[-1], attempts=0)

    assert broken(replace(GOOD, calls=[], known=[ended], ledger=ledger(1, column))) == {Rule.LOST}


def test_a_second_send_without_a_label_is_a_double() -> None:
    assert broken(replace(GOOD, calls=[a_call(), a_call(at=SENT_AT + 1)])) == {Rule.DOUBLED}


def test_a_second_send_after_a_failure_that_was_certain_is_a_double() -> None:
    taken = [a_call(), a_call(at=SENT_AT + 1)]

    assert broken(replace(PUT_OFF, calls=taken)) == {Rule.DOUBLED}


def test_a_failure_that_is_called_certain_and_was_not_excuses_nothing() -> None:
    taken = [a_call(is_answered=False), a_call(at=SENT_AT + 1)]

    assert broken(replace(PUT_OFF, calls=taken)) == {Rule.DOUBLED}


def test_a_label_excuses_only_one_second_send() -> None:
    thrice = [a_call(at=SENT_AT + number) for number in range(3)]

    assert broken(replace(CRASHED, calls=thrice)) == {Rule.DOUBLED}


def test_a_label_without_a_kill_excuses_nothing() -> None:
    assert broken(replace(CRASHED, in_flight=frozenset())) == {Rule.DOUBLED, Rule.UNLABELLED}


def test_a_lost_answer_that_was_not_lost_excuses_nothing() -> None:
    answered = [a_call(), a_call(at=SENT_AT + 1)]

    assert broken(replace(ANSWER_LOST, calls=answered)) == {Rule.DOUBLED}


def test_a_send_in_flight_at_a_kill_must_be_labelled() -> None:
    in_flight = frozenset({InFlight("n-1", PART, 1)})

    assert broken(replace(GOOD, in_flight=in_flight)) == {Rule.UNLABELLED}


def test_one_request_under_two_ids_is_a_double() -> None:
    another = known(ONE_ATTEMPT, status="DELIVERED", attempts=1, id_="n-2")

    assert broken(replace(GOOD, known=[*GOOD.known, another], ledger=ledger(2))) == {Rule.DOUBLED}


def test_a_repetition_that_gets_another_id_is_a_double() -> None:
    assert broken(replace(GOOD, accepted=[accepted(), accepted(id="n-2")])) == {Rule.DOUBLED}


def test_a_send_under_another_key_is_found() -> None:
    renamed = [a_call(), a_call(at=SENT_AT + 1, key="n-1.other")]

    assert broken(replace(CRASHED, calls=renamed)) == {Rule.RENAMED}


def test_a_key_that_two_deliveries_share_is_found() -> None:
    other = replace(GOOD.known[0], id="n-2", serial=2)
    shared = replace(
        GOOD,
        accepted=[accepted(), accepted(serial=2, id="n-2")],
        known=[*GOOD.known, other],
        calls=[a_call(), a_call(serial=2)],
        ledger=ledger(2),
    )

    assert broken(shared) == {Rule.LOST}


@pytest.mark.parametrize("call", [a_call(serial=2), a_call(part="1.webhook", key="another")])
def test_what_came_without_being_on_record_is_found(call: Call) -> None:
    assert Rule.UNASKED in broken(replace(GOOD, calls=[*GOOD.calls, call]))


def test_a_delivery_that_nobody_asked_for_is_found() -> None:
    assert broken(replace(GOOD, accepted=[accepted(recipients=0)])) == {Rule.UNASKED}


def test_a_send_before_its_time_is_found() -> None:
    at_its_time = replace(GOOD, accepted=[accepted(due=SENT_AT)])
    too_early = replace(GOOD, accepted=[accepted(due=SENT_AT + 1)])

    assert (broken(at_its_time), broken(too_early)) == (set(), {Rule.EARLY})


def test_a_send_after_its_cancel_is_found() -> None:
    sent = replace(CANCELLED_IN_TIME, accepted=[accepted()], calls=[a_call(is_taken=False)])

    assert broken(sent) == {Rule.CANCELLED}


def test_a_cancel_that_was_forgotten_is_found() -> None:
    forgotten = replace(GOOD, cancelled=[Cancelled(1, (PART,), SENT_AT + 1)])

    assert broken(forgotten) == {Rule.CANCELLED}


@pytest.mark.parametrize("missing", range(len(TWO_ATTEMPTS) + 1))
def test_a_timeline_that_lacks_an_event_is_found(missing: int) -> None:
    whole = moves(*TWO_ATTEMPTS, code="unknown")
    gappy = known(whole[:missing] + whole[missing + 1 :], status="DELIVERED", attempts=2)

    assert Rule.GAP in broken(replace(CRASHED, known=[gappy]))


def test_a_move_that_the_lifecycle_does_not_list_is_found() -> None:
    events = moves("PLANNED", "SEND_ATTEMPT", "SENT", "FAILED", "DELIVERED")

    assert broken(replace(GOOD, known=[known(events, status="DELIVERED", attempts=1)])) == {
        Rule.GAP
    }


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (State.PENDING, ()),
        (State.SCHEDULED, ("SCHEDULED",)),
        (State.HELD, ("HELD",)),
        (State.PROCESSING, ("SEND_ATTEMPT",)),
        (State.FAILED, ("SEND_ATTEMPT", "FAILED")),
        (State.RETRYING, ("SEND_ATTEMPT", "FAILED", "RETRIED")),
    ],
)
def test_a_delivery_that_is_still_open_is_in_limbo(state: State, names: tuple[str, ...]) -> None:
    attempts = names.count("SEND_ATTEMPT")
    open_ = known(moves("PLANNED", *names), status=state, attempts=attempts)

    assert state in OPEN
    assert broken(replace(GOOD, calls=[], known=[open_], ledger=ledger(1, "pending"))) == {
        Rule.LIMBO
    }


def test_a_notification_that_was_never_planned_is_in_limbo() -> None:
    unplanned = Known("n-1", 1, {}, moves())

    assert broken(replace(GOOD, known=[unplanned], calls=[], ledger=ledger(0))) == {Rule.LIMBO}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("too_many", [1, -1])
def test_a_ledger_that_does_not_add_up_is_found(column: str, too_many: int) -> None:
    told = ledger(1)

    assert broken(replace(GOOD, ledger={**told, column: told[column] + too_many})) == {Rule.LEDGER}


def test_a_ledger_that_counts_it_elsewhere_is_found() -> None:
    assert broken(replace(GOOD, ledger=ledger(1, "failed"))) == {Rule.LEDGER}


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        (replace(GOOD, integrity="row 7 missing from index"), Rule.DATABASE),
        (replace(GOOD, exit_code=1), Rule.EXIT),
        (replace(GOOD, cycles=50, crashes=2), Rule.CRASHED),
        (replace(GOOD, refusals=["500: Internal Server Error"]), Rule.REFUSED),
        (replace(GOOD, complaints=['{"level":"error"}']), Rule.COMPLAINT),
    ],
)
def test_what_the_product_itself_says_counts(evidence: Evidence, rule: Rule) -> None:
    assert broken(evidence) == {rule}
