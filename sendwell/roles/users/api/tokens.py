"""Routes: a person's push tokens."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Response

from sendwell.roles.users.api.models import ThisUser, TokenIn, TokenOut
from sendwell.roles.users.service import Users
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND

_CREATED = {"model": TokenOut, "description": "The person did not have that token before."}
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The token's number.")]


def add_routes(router: APIRouter, users: Users) -> None:
    """POST and DELETE a push token."""

    @router.post(
        "/tokens", operation_id="add_push_token", responses={201: _CREATED, 404: NOT_FOUND}
    )
    async def add_push_token(
        user_id: ThisUser, *, token: TokenIn, caller: Asking, response: Response
    ) -> TokenOut:
        """Add a push token.

        Call it at each start of the app: a token that is known keeps its number and is noted as
        seen. A token belongs to one person at a time and is taken from whoever had it. Of more
        than 50 the one seen longest ago goes.
        """
        record, is_new = await users.add_token(
            caller.tenant, user_id, token=token.token, platform=token.platform, by=caller.actor
        )
        if is_new:
            response.status_code = 201
            response.headers["Location"] = f"/api/v1/users/{quote(user_id)}/tokens/{record.number}"
        return TokenOut.of(record)

    @router.delete(
        "/tokens/{number}",
        operation_id="delete_push_token",
        status_code=204,
        responses={404: NOT_FOUND},
    )
    async def delete_push_token(user_id: ThisUser, number: Number, caller: Asking) -> None:
        """Delete a push token.

        For instance when the person logs out on a device. Its number is not used again.
        """
        await users.remove_token(caller.tenant, user_id, number, by=caller.actor)
