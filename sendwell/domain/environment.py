"""Environments: a tenant's live one, and one for tests that nothing leaves.

The test environment is a tenant of its own, `acme.test` beside `acme`: it has its own people,
templates, rules and messages, and no statement can mix the two up. A tenant that people name has no
dot, so nothing else is called like that.
"""

import re
from enum import StrEnum

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import TenantId

SAMPLE = TenantId("sample")
"""Whom `sendwell up` makes to be looked at. One of its keys is public, so nobody gets in where the
sample does not run."""

_SUFFIX = ".test"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,56}[a-z0-9])?")


class Environment(StrEnum):
    """Which of the two."""

    LIVE = "live"
    TEST = "test"


def inhabitant(tenant: TenantId, environment: Environment) -> TenantId:
    """As whom a tenant acts in an environment."""
    if environment is Environment.TEST and not is_test(tenant):
        return TenantId(f"{tenant}{_SUFFIX}")
    return tenant


def organization(tenant: TenantId) -> TenantId:
    """The tenant to whom an environment belongs."""
    return TenantId(tenant.removesuffix(_SUFFIX))


def is_test(tenant: TenantId) -> bool:
    """Whether nothing of it may leave the house."""
    return tenant.endswith(_SUFFIX)


def parse_tenant(name: str) -> TenantId:
    """The id of a new tenant. Raises Invalid for what cannot be one."""
    if not _NAME.fullmatch(name):
        why = "An id has 1 to 58 small letters, digits, `_` and `-`, not at its ends."
        raise Invalid(why, flaws=[Flaw("/id", why)])
    return TenantId(name)
