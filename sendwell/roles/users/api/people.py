"""Routes: a person."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sendwell.roles.users.api.models import PersonIn, PersonOut, ThisUser
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.erasure import Erasures
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, problem

_ERASED = problem("The person was erased (`person_erased`), or is being so.")
Revive = Annotated[
    bool,
    Query(description="The person was erased and has asked to come back; with nothing of before."),
]
_CREATED = {"model": PersonOut, "description": "There was no such person before."}


def add_routes(router: APIRouter, users: Users, erasures: Erasures) -> None:
    """PUT, GET and DELETE a person."""

    @router.put("", operation_id="put_user", responses={201: _CREATED, 409: _ERASED})
    async def put_user(
        user_id: ThisUser,
        *,
        person: PersonIn,
        caller: Asking,
        response: Response,
        revive: Revive = False,
    ) -> PersonOut:
        """Store a person.

        Replaces the addresses and attributes that were there; preferences and push tokens stay.
        Doing it twice changes nothing more. Somebody who was erased is refused, unless they ask to
        come back.
        """
        if revive:
            await erasures.record_revival(caller, user_id)
        profile = person.profile()
        is_new = await users.put(
            caller.tenant, user_id, profile, is_revival=revive, by=caller.actor
        )
        response.status_code = 201 if is_new else 200
        return PersonOut.of(await users.person(caller.tenant, user_id))

    @router.get("", operation_id="get_user", responses={404: NOT_FOUND})
    async def get_user(user_id: ThisUser, caller: Asking) -> PersonOut:
        """Read a person.

        Push tokens are shown by number and beginning only.
        """
        return PersonOut.of(await users.person(caller.tenant, user_id))

    @router.delete("", operation_id="delete_user", status_code=204, responses={404: NOT_FOUND})
    async def delete_user(user_id: ThisUser, caller: Asking) -> None:
        """Delete a person.

        Addresses, preferences and push tokens go; what is queued for them is not sent.
        Suppressions stay: they belong to addresses, not to people.
        """
        await users.delete(caller.tenant, user_id, by=caller.actor)
