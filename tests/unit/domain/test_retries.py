"""Which channel is tried how often."""

from datetime import timedelta
from random import Random

from sendwell.domain.backoff import RetryPolicy, delay
from sendwell.domain.ids import ChannelName
from sendwell.domain.retries import Retries

EMAIL, WEBHOOK = ChannelName("email"), ChannelName("webhook")
HOUR = timedelta(hours=1)


def lasting(policy: RetryPolicy, chance: Random) -> timedelta:
    waits = (delay(policy, n, chance=chance.random()) for n in range(1, policy.attempts))
    return sum(waits, timedelta(0))


def test_an_endpoint_has_some_hours_to_come_back() -> None:
    policy = Retries().of(WEBHOOK, is_last=True)
    chance = Random(7)  # noqa: S311 - an example that can be repeated

    lasted = sorted(lasting(policy, chance) for _ in range(2_000))

    assert 2 * HOUR < lasted[0]
    assert 3 * HOUR < lasted[20]
    assert 5 * HOUR < lasted[1_000] < 7 * HOUR
    assert lasted[-1] < 12.5 * HOUR


def test_a_channel_that_another_may_follow_is_tried_as_usual() -> None:
    retries = Retries()

    assert [RetryPolicy()] * 3 == [
        retries.of(WEBHOOK, is_last=False),
        retries.of(EMAIL, is_last=True),
        retries.of(EMAIL, is_last=False),
    ]


def test_what_somebody_has_said_of_a_channel_holds_in_any_case() -> None:
    own = RetryPolicy(attempts=2)
    retries = Retries(own={WEBHOOK: own})

    assert own is retries.of(WEBHOOK, is_last=True) is retries.of(WEBHOOK, is_last=False)
    assert retries.usual == retries.of(EMAIL)
