"""GCRA against two naive accounts of the same rule: a bucket of tokens, and counting."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.limits import ALLOWED, Answer, Demand, Limit, OverLimit, Rate, decide

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100/s", Rate(100, SECOND, 100)),
        ("3/10s", Rate(3, 10 * SECOND, 3)),
        ("10/m", Rate(10, 60 * SECOND, 10)),
        ("1000/h", Rate(1000, 3600 * SECOND, 1000)),
        (" 5/d ", Rate(5, DAY, 5)),
        ("100/s burst 20", Rate(100, SECOND, 20)),
    ],
)
def test_a_rate_is_read_as_a_person_writes_it(text: str, expected: Rate) -> None:
    rate = Rate.parse(text)

    assert expected == rate
    assert text.strip() == str(rate)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "100",
        "0/s",
        "1/0s",
        "-1/s",
        "1/w",
        "1.5/s",
        "1/s burst 0",
        "1/s  burst 2",
        "٣/s",
        "1/ s",
    ],
)
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(Invalid, match="Write a rate as"):
        Rate.parse(text)


@pytest.mark.parametrize("text", ["1000001/s", "1/9999d", "1/d burst 3651"])
def test_a_rate_beyond_what_can_be_counted_exactly_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Rate.parse(text)

    assert [flaw.pointer for flaw in refusal.value.flaws] == [""]


@pytest.mark.parametrize(("count", "period", "burst"), [(0, 1, 0), (2, 1, 0), (1, 1, -1)])
def test_a_rate_that_can_not_be_kept_is_refused(count: int, period: int, burst: int) -> None:
    with pytest.raises(Invalid):
        Rate(count, period, burst)


@pytest.mark.parametrize(("text", "lasts"), [("5/d", True), ("9/48h", True), ("9/23h", False)])
def test_a_rate_over_a_day_or_more_lasts(text: str, *, lasts: bool) -> None:
    assert Rate.parse(text).lasts is lasts


@pytest.mark.parametrize(
    "text", ["500/d", "480/d burst 20", "500/d burst 1", "1000/h", "7/s", "1/d", "5/d burst 9"]
)
def test_the_most_of_one_period_is_what_passes_where_many_want_to(text: str) -> None:
    rate = Rate.parse(text)
    tats: dict[str, int] = {}
    at, passed = NOW, 0

    while at < NOW + rate.period_us:
        decision = decide(tats, [(("vendor", rate),)], now=at)
        (answer,) = decision.answers
        passed += answer is ALLOWED
        tats |= decision.tats
        at = max(at, answer.until)

    assert passed == rate.most


def test_a_limit_holds_unless_it_says_drop() -> None:
    limits = [Limit.parse(text) for text in ("5/d", "5/d hold", "5/d drop", "9/s burst 2 drop")]

    assert [limit.over for limit in limits] == ["hold", "hold", "drop", "drop"]
    assert [str(limit) for limit in limits] == ["5/d", "5/d", "5/d drop", "9/s burst 2 drop"]
    assert Limit(Rate(5, DAY), OverLimit.DROP) == limits[2]


def test_a_burst_passes_at_once_and_then_one_an_interval() -> None:
    demands = [(("user", Rate.parse("2/s")),)] * 4

    answers = decide({}, demands, now=NOW).answers

    soon = Answer("user", NOW + SECOND // 2)
    assert [ALLOWED, ALLOWED, soon, soon] == answers


def test_a_refused_demand_takes_nothing_from_any_key() -> None:
    full, free = ("full", Rate.parse("1/s")), ("free", Rate.parse("1/s"))

    decision = decide({"full": NOW + SECOND}, [(free, full), (free,)], now=NOW)

    assert [Answer("full", NOW + SECOND), ALLOWED] == decision.answers
    assert decision.tats == {"free": NOW + SECOND}


def test_the_key_that_refuses_for_the_longest_is_named() -> None:
    slow, slower = ("slow", Rate.parse("1/s")), ("slower", Rate.parse("1/m"))
    tats = {"slow": NOW + SECOND, "slower": NOW + 60 * SECOND}

    answers = decide(tats, [(slow, slower), (slower, slow)], now=NOW).answers

    assert [Answer("slower", NOW + 60 * SECOND)] * 2 == answers


def test_a_demand_without_keys_is_not_limited() -> None:
    assert decide({}, [()], now=NOW).answers == [ALLOWED]


def test_a_clock_that_was_set_back_does_not_shut_a_key_for_as_long() -> None:
    rate = Rate.parse("10/s")
    tats = decide({}, [(("user", rate),)] * 10, now=NOW).tats

    answers = decide(tats, [(("user", rate),)] * 2, now=NOW - DAY).answers

    assert [ALLOWED, Answer("user", NOW - DAY + SECOND // 10)] == answers


def test_a_faster_rate_holds_at_once() -> None:
    tats = decide({}, [(("user", Rate.parse("1/h")),)], now=NOW).tats

    assert decide(tats, [(("user", Rate.parse("10/s")),)], now=NOW).answers == [ALLOWED]


def test_a_clock_that_is_a_little_behind_lets_no_more_through() -> None:
    rate = Rate.parse("1000/s")
    tats = decide({}, [(("user", rate),)] * 1000, now=NOW).tats

    answers = decide(tats, [(("user", rate),)], now=NOW - SECOND // 2).answers

    assert [Answer("user", NOW + SECOND // 1000)] == answers


@dataclass
class Bucket:
    """Tokens are added evenly up to the burst; each demand takes one. Kept in exact fractions."""

    rate: Rate
    tokens: Fraction = field(init=False)
    at: int = NOW

    def __post_init__(self) -> None:
        self.tokens = Fraction(self.rate.burst)

    def refill(self, now: int) -> None:
        added = Fraction(now - self.at, self.rate.interval_us)
        self.tokens, self.at = min(Fraction(self.rate.burst), self.tokens + added), now

    def full_at(self, now: int) -> int:
        """When there will be a token."""
        missing = (1 - self.tokens) * self.rate.interval_us
        return now + -(-missing.numerator // missing.denominator)


rates = st.builds(Rate, st.integers(1, 20), st.integers(20, 50), st.integers(1, 10))
RATES = st.lists(rates, min_size=4, max_size=4)
KEYS = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)
BATCHES = st.lists(st.tuples(st.integers(0, 40), st.lists(KEYS, max_size=8)), max_size=12)


@given(RATES, BATCHES)
def test_it_decides_as_buckets_of_tokens_would(
    rates: Sequence[Rate], batches: Sequence[tuple[int, Sequence[Sequence[str]]]]
) -> None:
    by_key = dict(zip("abcd", rates, strict=True))
    buckets = {key: Bucket(rate) for key, rate in by_key.items()}
    tats: dict[str, int] = {}
    now = NOW
    for passed, batch in batches:
        now += passed

        decision = decide(tats, [[(key, by_key[key]) for key in keys] for keys in batch], now=now)

        tats |= decision.tats
        assert [_take(buckets, keys, now) for keys in batch] == [
            answer.until for answer in decision.answers
        ]


def _take(buckets: dict[str, Bucket], keys: Sequence[str], now: int) -> int:
    wanted = [buckets[key] for key in keys]
    for bucket in wanted:
        bucket.refill(now)
    if any(bucket.tokens < 1 for bucket in wanted):
        return max(bucket.full_at(now) for bucket in wanted)
    for bucket in wanted:
        bucket.tokens -= 1
    return 0


@given(rates, st.lists(st.integers(0, 30), max_size=40))
def test_no_stretch_of_time_sees_more_than_the_burst_and_the_rate(
    rate: Rate, pauses: Sequence[int]
) -> None:
    passed: list[int] = []
    tats: dict[str, int] = {}
    now = NOW
    for pause in pauses:
        now += pause
        decision = decide(tats, [(("user", rate),)], now=now)
        tats |= decision.tats
        passed += [now] * (decision.answers == [ALLOWED])

    assert all(
        1 + last - first <= rate.burst + (passed[last] - passed[first]) / rate.interval_us
        for first in range(len(passed))
        for last in range(first, len(passed))
    )


@given(rates, st.integers(1, 30))
def test_whoever_comes_back_when_told_is_let_through_and_not_a_microsecond_before(
    rate: Rate, crowd: int
) -> None:
    demand: Demand = (("user", rate),)
    full = decide({}, [demand] * (rate.burst + crowd), now=NOW)
    until = full.answers[-1].until

    early = decide(full.tats, [demand], now=until - 1).answers
    there = decide(full.tats, [demand], now=until).answers

    assert [Answer("user", until)] == early
    assert there == [ALLOWED]


@given(rates)
def test_a_rate_is_never_faster_than_it_says(rate: Rate) -> None:
    assert rate.interval_us * rate.count >= rate.period_us
    assert rate.interval_us * rate.count < rate.period_us + rate.count


counts = st.integers(1, 10**6)
texts = st.builds(
    "{}/{}{}{}".format,
    counts,
    st.just("") | st.integers(1, 9999),
    st.sampled_from("smhd"),
    st.just("") | counts.map(" burst {}".format),
)


@given(texts)
def test_every_rate_that_is_taken_can_be_written_and_read_again(text: str) -> None:
    try:
        rate = Rate.parse(text)
    except Invalid:
        return

    assert rate == Rate.parse(str(rate))
