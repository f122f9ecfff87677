"""Routes: a person's preferences."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import Field, WithJsonSchema

from sendwell.roles.users.api.choices import check_choices
from sendwell.roles.users.api.models import ThisUser
from sendwell.roles.users.api.occasions import occasion_of
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.preferences import Choices
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, PRECONDITION_FAILED, IfMatch, tags_of

_CATEGORIES = {
    "type": "object",
    "description": "Categories by name; false switches one off.",
    "additionalProperties": {"type": "boolean"},
}
_SWITCHES = {
    "enabled": {
        "type": "boolean",
        "description": "Left out, the tenant's default counts, or else yes.",
    },
    "categories": _CATEGORIES,
}
_TOPICS = {
    "type": "object",
    "description": "Topics by key, with all that lies below; false switches one off.",
    "additionalProperties": {
        "oneOf": [
            {"type": "boolean"},
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "enabled": {"type": "boolean"},
                    "channels": {"type": "object", "additionalProperties": {"type": "boolean"}},
                },
            },
        ],
    },
}
_WINDOW = {
    "type": "object",
    "required": ["from", "to"],
    "additionalProperties": False,
    "properties": {
        "days": {
            "type": "array",
            "minItems": 1,
            "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
        },
        "from": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
        "to": {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"},
    },
}
_QUIET_HOURS = {
    "type": ["object", "null"],
    "description": "When nothing is sent but what is critical; local time, DST included.",
    "additionalProperties": False,
    "properties": {
        "timezone": {"type": ["string", "null"], "description": "Else the person's own."},
        "windows": {"type": "array", "items": _WINDOW},
    },
}
_SCHEMA = {
    "type": "object",
    "title": "Preferences",
    "additionalProperties": False,
    "properties": {
        **_SWITCHES,
        "channels": {
            "type": "object",
            "description": "The same for single channels.",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": _SWITCHES,
            },
        },
        "topics": _TOPICS,
        "order": {
            "type": "array",
            "description": "The channels to try, the best first; empty: as the tenant decides.",
            "items": {"type": "string"},
            "uniqueItems": True,
        },
        "quiet_hours": _QUIET_HOURS,
    },
}
_EXAMPLE = {
    "channels": {"email": {"categories": {"marketing": False}}},
    "topics": {"news/sport": {"enabled": True, "channels": {"sms": False}}},
    "order": ["push", "email"],
    "quiet_hours": {"windows": [{"from": "22:00", "to": "07:00"}]},
}
# Only its shape is checked here: the domain reads preferences and points at each flaw by itself.
Document = Annotated[dict[str, Any], Field(strict=True), WithJsonSchema(_SCHEMA)]


def add_routes(router: APIRouter, users: Users) -> None:
    """GET and PUT preferences."""

    @router.get("/preferences", operation_id="get_preferences", responses={404: NOT_FOUND})
    async def get_preferences(user_id: ThisUser, caller: Asking, response: Response) -> Document:
        """Read a person's preferences."""
        return _answer(await users.preferences.of(caller.tenant, user_id), response)

    @router.put(
        "/preferences",
        operation_id="put_preferences",
        responses={404: NOT_FOUND, 412: PRECONDITION_FAILED},
    )
    async def put_preferences(
        user_id: ThisUser,
        *,
        preferences: Annotated[Document, Body(examples=[_EXAMPLE])],
        caller: Asking,
        response: Response,
        if_match: IfMatch = None,
    ) -> Document:
        """Replace a person's preferences.

        What is left out is not chosen: the tenant's defaults count, and else it is allowed. Holds
        at once, also for what is queued already; what the person agrees to and takes back by it is
        put on record.
        """
        stored = partial(users.preferences.of, caller.tenant, user_id)
        await check_choices(preferences, stored=stored)
        choices = await users.preferences.choose(
            caller.tenant,
            user_id,
            value=preferences,
            only_if=tags_of(if_match),
            occasion=occasion_of(caller),
            by=caller.actor,
        )
        return _answer(choices, response)


def _answer(choices: Choices, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = f'"{choices.tag}"'
    return choices.preferences
