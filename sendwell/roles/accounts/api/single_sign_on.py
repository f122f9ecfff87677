"""Routes: signing in at an OIDC provider."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse

from sendwell.domain.environment import Environment
from sendwell.domain.errors import Denied, NotFound
from sendwell.domain.ids import TenantId
from sendwell.roles.accounts.api.fields import a_router
from sendwell.roles.accounts.api.sessions import OPEN, WRONG, SessionOut
from sendwell.roles.accounts.service.single_sign_on import PATH, SECONDS, SingleSignOn
from sendwell.runtime.server.documents import NOT_FOUND

_COOKIE = "sendwell-oidc"
_GONE: dict[int | str, dict[str, Any]] = {
    303: {"description": "On to the provider."},
    404: NOT_FOUND,
}
_Tenant = Annotated[str, Query(min_length=1, max_length=64, description="Your organization.")]
_Code = Annotated[str, Field(max_length=4096)]


class ProviderAnswer(BaseModel):
    """What the provider sends the browser back with; it may say more (RFC 6749, 4.1.2)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: _Code
    code: _Code = ""
    error: Annotated[str, Field(max_length=200)] = ""


def routes(single_sign_on: SingleSignOn | None, *, is_https: bool) -> APIRouter:
    """Off to the provider, and back."""
    router = a_router("sessions/oidc", "sessions")

    def service() -> SingleSignOn:
        if single_sign_on is None:
            raise NotFound("There is no OIDC provider here: set OIDC_ISSUER.")
        return single_sign_on

    @router.get(
        "",
        operation_id="begin_oidc_sign_in",
        status_code=303,
        responses=_GONE,
        response_model=None,
        openapi_extra=OPEN,
    )
    async def begin_oidc_sign_in(
        organization_id: _Tenant, environment: Environment = Environment.LIVE
    ) -> Response:
        """Sign in at your organization's OIDC provider.

        Sends the browser there; it comes back with a session.
        """
        departure = await service().depart(TenantId(organization_id), environment)
        response = RedirectResponse(departure.url, 303)
        response.set_cookie(
            _COOKIE,
            departure.state,
            max_age=SECONDS,
            path=PATH,
            secure=is_https,
            httponly=True,
            samesite="lax",
        )
        return response

    @router.get(
        "/callback",
        operation_id="finish_oidc_sign_in",
        responses={**WRONG, 404: NOT_FOUND},
        openapi_extra=OPEN,
    )
    async def finish_oidc_sign_in(
        request: Request, response: Response, said: Annotated[ProviderAnswer, Query()]
    ) -> SessionOut:
        """Come back from the provider.

        Only in the browser that has left for it, within ten minutes.
        """
        if said.error or not said.code:
            raise Denied("The provider has not let you in.", is_unknown=True)
        kept = request.cookies.get(_COOKIE, "")
        granted = await service().come_back(state=said.state, kept=kept, code=said.code)
        response.delete_cookie(_COOKIE, path=PATH)
        response.headers["Cache-Control"] = "no-store"
        return SessionOut.of(granted)

    return router
