"""Routes: signing in, staying so, and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from sendwell.domain.environment import Environment, is_test, organization
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import UNSHOWN, Role
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.api.fields import STRICT, Password, TenantName, a_router
from sendwell.roles.accounts.api.operators import OperatorOut
from sendwell.roles.accounts.service.sessions import ACCESS_SECONDS, Granted, Login, Sessions
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.client_address import address_of
from sendwell.runtime.server.documents import problem

OPEN: dict[str, Any] = {"security": []}
"""How a route is documented that needs no key."""
WRONG: dict[int | str, dict[str, Any]] = {
    401: problem("Something of it is not right; it is not told what.")
}
_SLOWLY: dict[int | str, dict[str, Any]] = {
    429: problem("It was tried too often; `Retry-After` says when to come back.")
}


class LoginIn(BaseModel):
    """Who you are."""

    model_config = STRICT

    organization_id: TenantName
    email: Annotated[str, Field(max_length=320, examples=["grace@example.org"])]
    password: Password
    environment: Annotated[Environment, Field(strict=False)] = Field(
        Environment.LIVE, description="In which environment you want to work."
    )


class RefreshIn(BaseModel):
    """The refresh token of the last answer; each counts once."""

    model_config = STRICT

    refresh_token: Annotated[str, Field(max_length=4096, examples=["eyJhbGciOiJIUzI1NiJ9…"])]


class OwnPasswordIn(BaseModel):
    """Your password now, and the one that you want instead."""

    model_config = STRICT

    current: Password
    password: Password


class SessionOut(BaseModel):
    """What keeps you signed in."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …`.")
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds.", examples=[ACCESS_SECONDS])
    refresh_token: str = Field(description="Counts once; a copy of it ends the session.")
    environment: Environment
    operator: OperatorOut

    @classmethod
    def of(cls, granted: Granted) -> "SessionOut":
        """The session as shown."""
        return cls(
            access_token=granted.access_token,
            token_type="Bearer",  # noqa: S106 - a kind
            expires_in=ACCESS_SECONDS,
            refresh_token=granted.refresh_token,
            environment=granted.environment,
            operator=OperatorOut.of(granted.operator),
        )


class WhoAmI(BaseModel):
    """Who is asking, and what they may do."""

    organization_id: str
    environment: Environment
    name: str
    role: Role | None
    operator_id: str | None
    scopes: list[str]

    @classmethod
    def of(cls, caller: Caller) -> "WhoAmI":
        """The caller as shown."""
        return cls(
            organization_id=organization(caller.tenant),
            environment=Environment.TEST if is_test(caller.tenant) else Environment.LIVE,
            name=caller.name,
            role=caller.role,
            operator_id=caller.operator,
            scopes=sorted(caller.permissions - UNSHOWN),
        )


def routes(sessions: Sessions) -> APIRouter:
    """Sign in, stay signed in, sign out."""
    router = a_router("sessions", "sessions")

    @router.post(
        "",
        operation_id="sign_in",
        status_code=201,
        responses={**WRONG, **_SLOWLY},
        openapi_extra=OPEN,
    )
    async def sign_in(given: LoginIn, request: Request) -> SessionOut:
        """Sign in with address and password.

        Gives a token for 24 hours and one to get the next with.
        """
        login = Login(
            TenantId(given.organization_id),
            given.email,
            given.password,
            given.environment,
            address_of(request),
        )
        return SessionOut.of(await sessions.sign_in(login))

    @router.post("/refresh", operation_id="refresh_session", responses=WRONG, openapi_extra=OPEN)
    async def refresh_session(given: RefreshIn) -> SessionOut:
        """Stay signed in.

        A refresh token counts once: when it comes a second time somebody has copied it, and the
        session ends for both.
        """
        return SessionOut.of(await sessions.refresh(given.refresh_token))

    @router.get("/current", operation_id="get_current_session")
    async def get_current_session(caller: Asking) -> WhoAmI:
        """See who you are, and what you may do.

        With a key as well as with a session.
        """
        return WhoAmI.of(caller)

    @router.delete("/current", operation_id="sign_out", status_code=204)
    async def sign_out(caller: Asking) -> None:
        """Sign out.

        Neither of the session's tokens is good any more; in other processes within 60 s.
        """
        await sessions.end(caller)

    @router.put(
        "/current/password", operation_id="change_own_password", status_code=204, responses=_SLOWLY
    )
    async def change_own_password(given: OwnPasswordIn, caller: Asking, request: Request) -> None:
        """Change your own password.

        All your sessions end, this one too.
        """
        address = address_of(request)
        await sessions.change_password(caller, given.current, given.password, address=address)

    return router
