"""Roles, and what each call needs."""

import pytest

from sendwell.domain.errors import Invalid
from sendwell.domain.permissions import (
    PLATFORM,
    ROLES,
    SCOPES,
    WITHIN_TENANT,
    Permission,
    Role,
    grantable,
    may_appoint,
    needed,
    parse_scopes,
    person_may,
)

P = Permission
CALLS = [
    ("POST", "/api/v1/notifications", P.NOTIFICATIONS_SEND),
    ("POST", "/api/v1/notifications/batch", P.NOTIFICATIONS_SEND),
    ("POST", "/api/v1/notifications/n-1/cancel", P.NOTIFICATIONS_SEND),
    ("GET", "/api/v1/notifications/n-1/timeline", P.NOTIFICATIONS_READ),
    ("GET", "/api/v1/ledger", P.NOTIFICATIONS_READ),
    ("POST", "/api/v1/dead-letters/replay", P.NOTIFICATIONS_REPLAY),
    ("GET", "/api/v1/users/ada", P.PEOPLE_READ),
    ("DELETE", "/api/v1/users/ada", P.PEOPLE_WRITE),
    ("GET", "/api/v1/users/ada/inbox/stream", P.PEOPLE_READ),
    ("POST", "/api/v1/templates/welcome/preview", P.TEMPLATES_READ),
    ("POST", "/api/v1/templates/welcome/versions/1/publish", P.TEMPLATES_WRITE),
    ("PUT", "/api/v1/rules/priorities", P.RULES_WRITE),
    ("GET", "/api/v1/api-keys", P.KEYS_READ),
    ("POST", "/api/v1/api-keys/x/rotate", P.KEYS_WRITE),
    ("GET", "/api/v1/audit/verification", P.AUDIT_READ),
    ("GET", "/api/v1/tenants/acme", P.TENANTS_READ),
    ("DELETE", "/api/v1/sessions/current", None),
    ("POST", "/api/v1/people/logout", None),
    ("GET", "/api/v1/suppressions", P.PEOPLE_READ),
    ("DELETE", "/api/v1/suppressions/sms/+436641234567", P.PEOPLE_WRITE),
    ("GET", "/api/v1/sessionsx", P.UNLISTED),
    ("GET", "/api/v1/auditors", P.UNLISTED),
    ("GET", "/api/v1/users2", P.UNLISTED),
    ("GET", "/", P.UNLISTED),
]


@pytest.mark.parametrize(("method", "path", "permission"), CALLS)
def test_a_call_needs_what_its_area_says(
    method: str, path: str, permission: Permission | None
) -> None:
    assert needed(method, path) is permission


@pytest.mark.parametrize("role", Role)
def test_no_role_reaches_beyond_its_tenant_or_to_what_nobody_listed(role: Role) -> None:
    assert ROLES[role] <= SCOPES


def test_a_key_without_scopes_does_not_reach_the_platform() -> None:
    assert not WITHIN_TENANT & PLATFORM


def test_who_looks_changes_nothing() -> None:
    assert {"read"} == {permission.partition(":")[2] for permission in ROLES[Role.VIEWER]}


@pytest.mark.parametrize("granter", Role)
def test_owners_are_made_by_owners(granter: Role) -> None:
    assert may_appoint(granter, Role.OWNER, Role.VIEWER) is (granter is Role.OWNER)
    assert may_appoint(granter, Role.ADMIN)


@pytest.mark.parametrize("granter", [*Role, None])
def test_a_key_that_makes_owners_is_made_by_who_may(granter: Role | None) -> None:
    held = WITHIN_TENANT if granter is None else ROLES[granter]

    given = grantable(granter, held)

    assert (P.OPERATORS_WRITE in given) is may_appoint(granter, Role.OWNER)
    assert held - given <= {P.OPERATORS_WRITE}


def test_every_permission_is_needed_somewhere() -> None:
    methods = ("GET", "POST")
    reached = {needed(method, path) for _, path, _ in CALLS for method in methods}
    paths = ("/api/v1/mailbox/messages", "/api/v1/operators", "/api/v1/tenants")
    reached |= {needed(method, path) for method in methods for path in paths}

    assert set(P) <= reached


def test_a_key_may_be_given_what_its_maker_may_do() -> None:
    asked = ["notifications:read", "people:write"]

    assert parse_scopes(asked, within=WITHIN_TENANT) == {P.NOTIFICATIONS_READ, P.PEOPLE_WRITE}


def test_every_scope_that_may_not_be_given_is_pointed_at() -> None:
    asked = ["notifications:read", "people:write", "all", "tenants:write"]

    with pytest.raises(Invalid) as refusal:
        parse_scopes(asked, within=frozenset({P.NOTIFICATIONS_READ}))

    assert [flaw.pointer for flaw in refusal.value.flaws] == ["/scopes/1", "/scopes/2", "/scopes/3"]


OWN = [
    ("GET", ""),
    ("GET", "/preferences"),
    ("PUT", "/preferences"),
    ("PUT", "/subscriptions/news"),
    ("DELETE", "/subscriptions/news/sport/football"),
    ("GET", "/consents"),
    ("POST", "/tokens"),
    ("DELETE", "/tokens/1"),
    ("PUT", "/password"),
    ("GET", "/export"),
    ("GET", "/inbox"),
    ("GET", "/inbox/stream"),
    ("POST", "/inbox/12/read"),
]
NOT_OWN = [
    ("PUT", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/"),
    ("PUT", "/contacts/email/verification"),
    ("PUT", "/attributes"),
    ("POST", "/consents"),
    ("DELETE", "/password"),
    ("DELETE", "/tokens"),
    ("DELETE", "/tokens/"),
    ("DELETE", "/tokens/1/2"),
    ("PUT", "/subscriptions"),
    ("DELETE", "/subscriptions/"),
    ("PUT", "/subscriptions/../../bob/preferences"),
    ("POST", "/inbox/./read"),
    ("POST", "/inbox/read"),
    ("GET", "/unknown"),
]


@pytest.mark.parametrize(("method", "below"), OWN)
def test_a_person_may_do_with_their_own_what_the_table_lists(method: str, below: str) -> None:
    assert person_may(method, f"/api/v1/users/ada{below}", "ada")
    assert not person_may(method, f"/api/v1/users/bob{below}", "ada")
    assert not person_may(method, f"/api/v1/users/adax{below}", "ada")


@pytest.mark.parametrize(("method", "below"), NOT_OWN)
def test_what_the_table_does_not_list_is_the_tenants(method: str, below: str) -> None:
    assert not person_may(method, f"/api/v1/users/ada{below}", "ada")


def test_a_person_may_do_nothing_beside_themselves_but_log_out() -> None:
    calls = [("POST", "/api/v1/people/logout"), *((method, path) for method, path, _ in CALLS)]

    may = [call for call in calls if person_may(*call, "somebody")]

    assert may == [("POST", "/api/v1/people/logout")] * 2
