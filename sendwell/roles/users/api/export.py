"""Route: everything that is kept of a person."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from sendwell.domain.ids import UserId
from sendwell.roles.users.api.models import ThisUser
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.export import SCHEMA, VERSION, Exports, whom_of
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import NOT_FOUND, PROBLEMS

_ITEM = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {
            "type": "string",
            "description": "profile, preferences, push_token, verified_contact, subscription,"
            " consent, log_in, suppression, notification, inbox_message, mailbox_message,"
            " quarantined_message. New ones may come.",
        }
    },
    "additionalProperties": True,
}
_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "required": ["schema", "version", "user_id", "exported_at", "items", "missing"],
    "properties": {
        "schema": {"const": SCHEMA},
        "version": {"const": VERSION, "description": "Grows when something changes its meaning."},
        "user_id": {"type": "string"},
        "exported_at": {"type": "string", "format": "date-time"},
        "items": {"type": "array", "items": _ITEM},
        "missing": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Who could not be asked. Empty: the document is complete.",
        },
    },
}
_KIND = "application/json"
_ANSWER = {"description": "The document.", "content": {_KIND: {"schema": _DOCUMENT}}}


def routes(users: Users, exports: Exports) -> APIRouter:
    """GET an export."""
    router = APIRouter(prefix="/api/v1/users/{user_id}", tags=["users"], responses=PROBLEMS)

    @router.get(
        "/export",
        operation_id="export_user",
        response_class=StreamingResponse,
        responses={200: _ANSWER, 404: NOT_FOUND},
    )
    async def export_user(user_id: ThisUser, caller: Asking) -> StreamingResponse:
        """Export a person.

        Everything that is kept of them, in one document: profile, preferences, push tokens,
        subscriptions, consent, notifications with their timelines, the inbox. No secrets.
        """
        person = await users.person(caller.tenant, user_id)
        document = exports.document(whom_of(caller.tenant, person))
        headers = {"Content-Disposition": attachment_of(user_id), "Cache-Control": "no-store"}
        return StreamingResponse(document, media_type=_KIND, headers=headers)

    return router


def attachment_of(user: UserId) -> str:
    """The header with the file's name (RFC 6266), encoded where it could not stand as it is."""
    if quote(user, safe="@+:") == user:
        return f'attachment; filename="{user}.json"'
    return f"attachment; filename*=UTF-8''{quote(user, safe='')}.json"
