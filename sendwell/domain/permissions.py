"""Who may do what: a table of roles, and one of the routes and what each of them needs.

A route that stands in no row is open to keys without scopes only: whoever adds one must say here
who may call it.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache

from sendwell.domain.errors import Flaw, Invalid


class Permission(StrEnum):
    """One kind of thing that may be done; also what scopes of API keys are called."""

    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_SEND = "notifications:send"
    NOTIFICATIONS_REPLAY = "notifications:replay"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_WRITE = "templates:write"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    MAILBOX_READ = "mailbox:read"
    MAILBOX_WRITE = "mailbox:write"
    OPERATORS_READ = "operators:read"
    OPERATORS_WRITE = "operators:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    AUDIT_READ = "audit:read"
    TENANTS_READ = "tenants:read"
    TENANTS_WRITE = "tenants:write"
    UNLISTED = "unlisted"
    """What no row of the table of routes names."""

    __hash__ = str.__hash__  # an Enum's own is Python code, and this is asked for each call


class Role(StrEnum):
    """What an operator is to a tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"
    SUPPORT = "support"


Permissions = frozenset[Permission]

P = Permission
PLATFORM: Permissions = frozenset({P.TENANTS_READ, P.TENANTS_WRITE})
"""What is above all tenants: no role and no scope of a tenant gives it."""

ADMINISTRATOR: Permissions = PLATFORM | {P.KEYS_READ, P.KEYS_WRITE, P.AUDIT_READ}
"""What the platform's own key may do: keep tenants, change itself, and read its own log."""

SCOPES: Permissions = frozenset(P) - PLATFORM - {P.UNLISTED}
"""What a tenant can give to its keys."""

WITHIN_TENANT: Permissions = frozenset(P) - PLATFORM
"""What a key without scopes may do."""

UNSHOWN: Permissions = frozenset({P.UNLISTED})
"""What is no scope that anybody could ask for."""

LIVE_ONLY: Permissions = frozenset({P.OPERATORS_READ, P.OPERATORS_WRITE, P.KEYS_READ, P.KEYS_WRITE})
"""What belongs to the organization as a whole: nothing of a test environment may touch it."""

_LOOK: Permissions = frozenset(
    {P.NOTIFICATIONS_READ, P.PEOPLE_READ, P.TEMPLATES_READ, P.RULES_READ, P.MAILBOX_READ}
)
ROLES: Mapping[Role, Permissions] = {
    Role.OWNER: SCOPES,
    Role.ADMIN: SCOPES,
    Role.EDITOR: _LOOK
    | {
        P.NOTIFICATIONS_SEND,
        P.NOTIFICATIONS_REPLAY,
        P.PEOPLE_WRITE,
        P.TEMPLATES_WRITE,
        P.MAILBOX_WRITE,
    },
    Role.VIEWER: _LOOK,
    Role.SUPPORT: _LOOK | {P.NOTIFICATIONS_REPLAY},
}
"""What each role may do. An admin differs from an owner in one thing: see `may_appoint`."""

AREAS: Mapping[str, tuple[Permission, Permission]] = {
    "/api/v1/notifications": (P.NOTIFICATIONS_READ, P.NOTIFICATIONS_SEND),
    "/api/v1/ledger": (P.NOTIFICATIONS_READ, P.NOTIFICATIONS_READ),
    "/api/v1/dead-letters": (P.NOTIFICATIONS_READ, P.NOTIFICATIONS_REPLAY),
    "/api/v1/quarantine": (P.NOTIFICATIONS_READ, P.NOTIFICATIONS_REPLAY),
    "/api/v1/users": (P.PEOPLE_READ, P.PEOPLE_WRITE),
    "/api/v1/erasures": (P.PEOPLE_READ, P.PEOPLE_WRITE),
    "/api/v1/imports": (P.PEOPLE_READ, P.PEOPLE_WRITE),
    "/api/v1/topics": (P.PEOPLE_READ, P.PEOPLE_WRITE),
    "/api/v1/suppressions": (P.PEOPLE_READ, P.PEOPLE_WRITE),
    "/api/v1/templates": (P.TEMPLATES_READ, P.TEMPLATES_WRITE),
    "/api/v1/rules": (P.RULES_READ, P.RULES_WRITE),
    "/api/v1/mailbox": (P.MAILBOX_READ, P.MAILBOX_WRITE),
    "/api/v1/operators": (P.OPERATORS_READ, P.OPERATORS_WRITE),
    "/api/v1/api-keys": (P.KEYS_READ, P.KEYS_WRITE),
    "/api/v1/audit": (P.AUDIT_READ, P.AUDIT_READ),
    "/api/v1/tenants": (P.TENANTS_READ, P.TENANTS_WRITE),
}
"""By how a path begins: what reading and what writing below it needs."""

_OWN = ("/api/v1/sessions", "/api/v1/people")
"""What everybody may do with their own session: operators, and people."""

PERSON: Mapping[str, frozenset[str]] = {
    "": frozenset({"GET"}),
    "/preferences": frozenset({"GET", "PUT"}),
    "/subscriptions": frozenset({"GET"}),
    "/subscriptions/**": frozenset({"PUT", "DELETE"}),
    "/consents": frozenset({"GET"}),
    "/contacts": frozenset({"GET"}),
    "/tokens": frozenset({"POST"}),
    "/tokens/*": frozenset({"DELETE"}),
    "/password": frozenset({"PUT"}),
    "/export": frozenset({"GET"}),
    "/inbox": frozenset({"GET"}),
    "/inbox/stream": frozenset({"GET"}),
    "/inbox/*/read": frozenset({"POST"}),
}
"""What a person who has logged in may do below /api/v1/users/{their own id}, and nothing else.

`*` is one step of the path, `**` any number of them. Who is reached where (the profile), and what
proves it, is the tenant's to write.
"""
_PEOPLE = "/api/v1/users/"
_LOG_OUT = ("POST", "/api/v1/people/logout")

_PREVIEWS = ("/api/v1/templates/", "/preview")
"""Writes nothing, though it is a POST."""

_READING = frozenset({"GET", "HEAD"})


@lru_cache(maxsize=4096)
def needed(method: str, path: str) -> Permission | None:
    """What a call needs; None when being known is enough. Remembered: it is asked for each call."""
    if any(_is_below(path, own) for own in _OWN):
        return None
    for area, (read, write) in AREAS.items():
        if _is_below(path, area):
            return read if method in _READING or _is_preview(path) else write
    return Permission.UNLISTED


def person_may(method: str, path: str, person: str) -> bool:
    """Whether a person may make this call: about themselves, and only what `PERSON` lists."""
    if (method, path) == _LOG_OUT:
        return True
    own = f"{_PEOPLE}{person}"
    if not _is_below(path, own):
        return False
    steps = path[len(own) :].split("/")
    return any(method in methods and _fits(steps, like) for like, methods in PERSON.items())


def may_appoint(granter: Role | None, *roles: Role) -> bool:
    """Whether somebody may give or take away these roles. Owners are made by owners only.

    None is a key: one that may write operators holds the whole tenant, see `grantable`.
    """
    return granter in {None, Role.OWNER} or Role.OWNER not in roles


def grantable(granter: Role | None, held: Permissions) -> Permissions:
    """What of all that somebody holds they may give to a key.

    A key that may write operators makes owners: who may not do that gives it to none.
    """
    return held if may_appoint(granter, Role.OWNER) else held - {Permission.OPERATORS_WRITE}


def parse_scopes(given: Iterable[str], *, within: Permissions) -> Permissions:
    """The permissions that a new key asks for; no more than those `within`.

    Raises Invalid with a pointer to each scope that there is not, or that may not be given.
    """
    flaws: list[Flaw] = []
    found: set[Permission] = set()
    for number, scope in enumerate(given):
        if scope not in SCOPES:
            flaws.append(Flaw(f"/scopes/{number}", f"There is no scope {scope!r}; {_THERE_ARE}."))
        elif scope not in within:
            flaws.append(Flaw(f"/scopes/{number}", "A key with it could do more than you may."))
        else:
            found.add(Permission(scope))
    if flaws:
        raise Invalid(flaws[0].why, flaws=flaws)
    return frozenset(found)


_THERE_ARE = f"there are {', '.join(sorted(SCOPES))}"


def _is_below(path: str, area: str) -> bool:
    return path.startswith(area) and path[len(area) : len(area) + 1] in {"", "/"}


def _fits(steps: Sequence[str], like: str) -> bool:
    """Whether the steps of a path are like these. A step is never empty, nor one upwards."""
    wanted = like.split("/")
    if wanted[-1] == "**":
        wanted[-1:] = ["*"] * max(1, len(steps) - len(wanted) + 1)
    if len(steps) != len(wanted) or {"", ".", ".."} & set(steps[1:]):
        return False
    return all(want in {step, "*"} for step, want in zip(steps, wanted, strict=True))


def _is_preview(path: str) -> bool:
    begin, end = _PREVIEWS
    return path.startswith(begin) and path.endswith(end)
