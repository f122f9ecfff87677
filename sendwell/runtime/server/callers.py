"""Who is asking: by a key, a token, or nobody in sample mode under its guards; and if they may."""

import ipaddress
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.permissions import needed, person_may
from sendwell.ports.database import acting_for
from sendwell.ports.tenants import Caller, Persons, Tenants
from sendwell.runtime.server.calls import LINES, Call
from sendwell.runtime.server.framework import call_of
from sendwell.runtime.tokens import Purpose, claims_purpose

_UNPOSTED = LINES | {"application/json", "text/csv"}
"""What no page can send to another site without asking it first (CORS)."""
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"origin")


class Callers:
    """Tells of every call who is asking. Routes of the framework ask by `Asking`."""

    def __init__(
        self,
        tenants: Tenants,
        anonymous: TenantId | None = None,
        *,
        people: Persons | None = None,
    ) -> None:
        self._tenants = tenants
        self._anonymous = anonymous
        self._people = people

    async def __call__(self, call: Call) -> Caller:
        """The caller. Raises Denied without a valid key where one is needed, and for what the
        caller may not do.
        """
        if key := _key(call):
            return _allowed(await self._known(key), call)
        if self._anonymous is None:
            raise Denied(
                "Send your API key: `Authorization: Bearer sw_…` (or the header X-API-Key).",
                is_unknown=True,
            )
        _refuse_strangers(call)
        return _allowed(Caller(self._anonymous, "sample"), call)

    async def _known(self, key: str) -> Caller:
        """Whose it is: people's tokens are told from others by what they say they are for."""
        if self._people is not None and claims_purpose(key, Purpose.PERSON):
            return await self._people.caller(key)
        return await self._tenants.caller(key)


async def _asking(request: Request) -> Caller:
    callers: Callers = request.app.state.callers
    return await callers(call_of(request))


Asking = Annotated[Caller, Depends(_asking)]
"""A route's parameter: who is asking, by the app's `callers`."""


async def _acting(caller: Asking) -> None:
    acting_for.set(caller.tenant)


ACTING = Depends(_acting)
"""For routes of one tenant's data: the database hides all others' rows from what they read."""


def _allowed(caller: Caller, call: Call) -> Caller:
    if caller.person is not None:
        return _allowed_person(caller, call, caller.person)
    permission = needed(call.method, call.path)
    if permission is not None and permission not in caller.permissions:
        raise Denied(f"This needs the permission {permission}, which you have not got.")
    return caller


def _allowed_person(caller: Caller, call: Call, person: UserId) -> Caller:
    if not person_may(call.method, call.path, person):
        raise Denied("Who has logged in as a person sees and changes only what is their own.")
    return caller


def _key(call: Call) -> str | None:
    scheme, _, value = (call.header(b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return call.header(b"x-api-key")


def _refuse_strangers(call: Call) -> None:
    """Calls without a key come from this machine's own user, not from a page or through a proxy.

    So: a literal loopback Host, no Origin, no forwarding headers, JSON only. Otherwise any web page
    in the user's browser could post here.
    """
    if not _is_loopback(call.header(b"host") or ""):
        raise Denied("Without an API key, call http://127.0.0.1 or http://localhost.")
    if stranger := next((name for name in _FORWARDED if name in call), None):
        raise Denied(f"Without an API key the header {stranger.decode()!r} is not accepted.")
    is_write = call.method not in {"GET", "HEAD"}
    has_body = b"transfer-encoding" in call or call.header(b"content-length") not in {None, "0"}
    if is_write and has_body and call.media_type not in _UNPOSTED:
        raise Denied("Without an API key the content type must be application/json.")


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.count(":") == 1 or host.endswith("]") is False else host
    name = (name or host).strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
