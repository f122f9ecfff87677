"""Routes: people's passwords, logging in and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sendwell.domain.environment import Environment, inhabitant, organization
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import TenantId, UserId
from sendwell.roles.users.api.models import ThisUser
from sendwell.roles.users.service.log_in import TOKEN_SECONDS, Attempt, LoggedIn, LogIn
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.client_address import address_of
from sendwell.runtime.server.documents import NOT_FOUND, PROBLEMS, problem, strict_route

_MOST_BYTES = 16 * 1024
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
_OPEN: dict[str, Any] = {"security": []}
_WRONG: dict[int | str, dict[str, Any]] = {
    401: problem("Something of it is not right; it is not told what.")
}
_SLOWLY: dict[int | str, dict[str, Any]] = {
    429: problem("It was tried too often; `Retry-After` says when to come back.")
}
Password = Annotated[
    str,
    Field(
        description="At least 8 characters; any of them.",
        min_length=1,
        max_length=4096,
        examples=["correct horse battery staple"],
    ),
]


class LogInIn(BaseModel):
    """Who you are: `user_id`, or an `email` that is only yours."""

    model_config = _STRICT

    organization_id: Annotated[str, Field(min_length=1, max_length=58, examples=["acme"])]
    user_id: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        None, examples=["user-001"]
    )
    email: Annotated[str, Field(max_length=320)] | None = Field(None, examples=["ada@example.org"])
    password: Password
    environment: Annotated[Environment, Field(strict=False)] = Environment.LIVE

    @model_validator(mode="after")
    def _is_one(self) -> "LogInIn":
        if (self.user_id is None) == (self.email is None):
            raise ValueError("Give either user_id or email.")
        return self

    def attempt(self, address: str) -> Attempt:
        """What is tried, from that address."""
        return Attempt(
            inhabitant(TenantId(self.organization_id), self.environment),
            self.password,
            address,
            user=None if self.user_id is None else UserId(self.user_id),
            email=self.email,
        )


class LoggedInOut(BaseModel):
    """What keeps you logged in."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …`.")
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds.", examples=[TOKEN_SECONDS])
    organization_id: str
    user_id: str

    @classmethod
    def of(cls, logged_in: LoggedIn) -> "LoggedInOut":
        """The session as shown."""
        return cls(
            access_token=logged_in.token,
            token_type="Bearer",  # noqa: S106 - a kind
            expires_in=TOKEN_SECONDS,
            organization_id=organization(logged_in.tenant),
            user_id=logged_in.user,
        )


class PasswordIn(BaseModel):
    """A new password; whoever changes their own has to give the current one."""

    model_config = _STRICT

    password: Password
    current: Password | None = None


def password_routes(log_in: LogIn) -> APIRouter:
    """Who may log in."""
    router = APIRouter(
        prefix="/api/v1/users/{user_id}/password",
        tags=["log-in"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )

    @router.put(
        "",
        operation_id="put_user_password",
        status_code=204,
        responses={404: NOT_FOUND, **_SLOWLY},
    )
    async def put_user_password(
        user_id: ThisUser, *, given: PasswordIn, caller: Asking, request: Request
    ) -> None:
        """Let a person log in with this password.

        All their sessions end. A person who has logged in changes their own, and has to give the
        current one.
        """
        if caller.person is not None and given.current is None:
            why = "Give your current password, too."
            raise Invalid(why, flaws=[Flaw("/current", why)])
        await log_in.set_password(
            caller, user_id, given.password, current=given.current, address=address_of(request)
        )

    @router.delete(
        "", operation_id="delete_user_password", status_code=204, responses={404: NOT_FOUND}
    )
    async def delete_user_password(user_id: ThisUser, caller: Asking) -> None:
        """Let a person log in no more.

        All their sessions end; in other processes within 60 s.
        """
        await log_in.remove_password(caller, user_id)

    return router


def session_routes(log_in: LogIn) -> APIRouter:
    """Logging in and out. Whoever logs in is nobody yet."""
    router = APIRouter(
        prefix="/api/v1/people",
        tags=["log-in"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )

    @router.post(
        "/login",
        operation_id="log_in_person",
        responses={**_WRONG, **_SLOWLY},
        openapi_extra=_OPEN,
    )
    async def log_in_person(given: LogInIn, request: Request) -> LoggedInOut:
        """Log in as a person.

        Gives a token for 24 hours, by which a person sees and changes only what is their own. An
        address that several people have is nobody's, unless one of them has verified it.
        """
        return LoggedInOut.of(await log_in.log_in(given.attempt(address_of(request))))

    @router.post("/logout", operation_id="log_out_person", status_code=204)
    async def log_out_person(caller: Asking) -> None:
        """Log out.

        All your sessions end; in other processes within 60 s.
        """
        await log_in.log_out(caller)

    return router
