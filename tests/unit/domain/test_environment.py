"""Environments of a tenant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.environment import (
    Environment,
    inhabitant,
    is_test,
    organization,
    parse_tenant,
)
from sendwell.domain.errors import Invalid

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,56}[a-z0-9])?", fullmatch=True)


@given(NAMES)
def test_the_two_environments_of_a_tenant_are_two_tenants_of_one_organization(name: str) -> None:
    tenant = parse_tenant(name)
    live, test = (inhabitant(tenant, each) for each in Environment)

    assert (live, is_test(live), is_test(test)) == (tenant, False, True)
    assert tenant == organization(live) == organization(test)
    assert inhabitant(test, Environment.TEST) == test
    assert len(test) <= 64


@pytest.mark.parametrize("name", ["", "A", "a.test", "-a", "a_", "a b", "a\n", "ä", "x" * 59, "*"])
def test_what_could_be_taken_for_another_is_no_tenant(name: str) -> None:
    with pytest.raises(Invalid):
        parse_tenant(name)
