"""What a tenant may hand in."""

import pytest

from sendwell.domain.ids import TenantId
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.roles.gateway.quota import Quota

ACME, BETA = TenantId("acme"), TenantId("beta")
SECOND = 1_000_000


def a_quota(rate: str, **own: str) -> Quota:
    """The installation's, and those that tenants have set themselves."""
    policies = {tenant: Policy(quota=Rate.parse(text)) for tenant, text in own.items()}
    return Quota(Rate.parse(rate), lambda tenant: policies.get(tenant, Policy()))


def test_it_counts_down_and_says_when_it_is_whole_again() -> None:
    quota = a_quota("10/s")

    first = quota.take(ACME, 4, SECOND)
    second = quota.take(ACME, 6, SECOND)

    assert (first.remaining, second.remaining, second.reset_seconds) == (6, 0, 1)
    assert first.headers == [
        (b"ratelimit-policy", b'"tenant";q=10;w=1'),
        (b"ratelimit", b'"tenant";r=6;t=1'),
    ]


def test_too_many_are_refused_with_a_time_and_take_nothing() -> None:
    quota = a_quota("10/s")
    quota.take(ACME, 8, SECOND)

    refused = quota.take(ACME, 3, SECOND)

    assert refused.refusal is not None
    assert refused.refusal.is_too_many
    assert refused.refusal.retry_after.total_seconds() == pytest.approx(0.1)
    assert refused.headers[1] == (b"ratelimit", b'"tenant";r=2;t=1')
    assert quota.take(ACME, 2, SECOND).remaining == 0


def test_tenants_do_not_count_for_each_other() -> None:
    quota = a_quota("1/s")
    quota.take(ACME, 1, SECOND)

    assert quota.take(BETA, 1, SECOND).remaining == 0


def test_a_tenants_own_quota_is_told_and_kept_and_is_nobody_elses() -> None:
    quota = a_quota("10/s", acme="3/m")

    own = quota.take(ACME, 3, SECOND)
    refused = quota.take(ACME, 1, SECOND)
    other = quota.take(BETA, 10, SECOND)

    assert own.headers == [
        (b"ratelimit-policy", b'"tenant";q=3;w=60'),
        (b"ratelimit", b'"tenant";r=0;t=60'),
    ]
    assert refused.refusal is not None
    assert refused.refusal.retry_after.total_seconds() == pytest.approx(20)
    assert other.refusal is None


def test_a_tenants_own_quota_gives_it_no_more_than_the_installation_does() -> None:
    quota = a_quota("2/s", acme="100/s")
    quota.take(ACME, 2, SECOND)

    refused = quota.take(ACME, 1, SECOND)

    assert refused.refusal is not None
    assert refused.headers[0] == (b"ratelimit-policy", b'"tenant";q=2;w=1')
    assert quota.take(ACME, 2, 2 * SECOND).remaining == 98


def test_a_quota_that_is_made_smaller_does_not_shut_a_tenant_out_for_long() -> None:
    quota = a_quota("100/h")
    quota.take(ACME, 100, SECOND)

    quota.use(Rate.parse("1/s"))

    assert quota.take(ACME, 1, SECOND).refusal is not None
    assert quota.take(ACME, 1, 2 * SECOND).refusal is None
