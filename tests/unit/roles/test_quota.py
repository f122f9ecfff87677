"""What a tenant may hand in."""

import pytest

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.limits import Rate
from sendwell.roles.gateway.quota import Quota

ACME, BETA = TenantId("acme"), TenantId("beta")
SECOND = 1_000_000


def test_it_counts_down_and_says_when_it_is_whole_again() -> None:
    quota = Quota(Rate.parse("10/s"))

    first = quota.take(ACME, 4, SECOND)
    second = quota.take(ACME, 6, SECOND)

    assert (first.remaining, second.remaining, second.reset_seconds) == (6, 0, 1)
    assert first.headers == [
        (b"ratelimit-policy", b'"tenant";q=10;w=1'),
        (b"ratelimit", b'"tenant";r=6;t=1'),
    ]


def test_too_many_are_refused_with_a_time_and_take_nothing() -> None:
    quota = Quota(Rate.parse("10/s"))
    quota.take(ACME, 8, SECOND)

    with pytest.raises(Unavailable) as refused:
        quota.take(ACME, 3, SECOND)

    assert refused.value.is_too_many
    assert refused.value.retry_after.total_seconds() == pytest.approx(0.1)
    assert quota.take(ACME, 2, SECOND).remaining == 0


def test_tenants_do_not_count_for_each_other() -> None:
    quota = Quota(Rate.parse("1/s"))
    quota.take(ACME, 1, SECOND)

    assert quota.take(BETA, 1, SECOND).remaining == 0
