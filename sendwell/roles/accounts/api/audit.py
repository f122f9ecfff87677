"""Routes: the audit log."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from sendwell.domain.ids import UserId
from sendwell.domain.instant import rfc3339_or_none
from sendwell.roles.accounts.api.fields import a_router
from sendwell.roles.accounts.service.audit_log import AuditLog
from sendwell.roles.accounts.store.audit import Recorded
from sendwell.runtime.server.callers import Asking
from sendwell.runtime.server.documents import Moment
from sendwell.runtime.server.paging import MOST, cursor_of, cut_page, name_next_page, position_of


class EntryOut(BaseModel):
    """One change or replay."""

    sequence: int | None = Field(
        description="Counts from 1; null for what is older than the chain.", examples=[12]
    )
    at: Moment
    actor: str = Field(
        description="An operator's id, a key's name, or `person`.", examples=["order service"]
    )
    action: str = Field(examples=["key.created"])
    subject: str = Field(
        description="To what it was done; of a person a fingerprint.", examples=["4vJqS0APA91b"]
    )
    details: dict[str, str | int]
    hash: str | None = Field(description="Over this entry and the hash before it (SHA-256).")

    @classmethod
    def of(cls, recorded: Recorded) -> "EntryOut":
        """The entry as shown."""
        deed = recorded.deed
        return cls(
            sequence=recorded.sequence,
            at=rfc3339_or_none(deed.at),
            actor=deed.actor,
            action=deed.action,
            subject=deed.subject,
            details=dict(deed.details),
            hash=recorded.hash,
        )


class AuditPage(BaseModel):
    """Entries, the newest first."""

    data: list[EntryOut]
    next_cursor: str | None


class VerificationOut(BaseModel):
    """Whether the chain holds."""

    intact: bool
    entries: int = Field(description="How many follow on each other from the beginning.")
    broken_at: int | None = Field(description="The sequence of the first that does not.")
    reason: str | None


def routes(log: AuditLog) -> APIRouter:
    """Read the log, and check that it is as it was written."""
    router = a_router("audit", "audit")

    @router.get("", operation_id="list_audit_entries")
    async def list_audit_entries(
        request: Request,
        response: Response,
        caller: Asking,
        *,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
        user_id: Annotated[
            str | None, Query(max_length=255, description="Only what was done to that person.")
        ] = None,
    ) -> AuditPage:
        """See who changed what.

        Nothing on it can be changed or deleted by any call. Of people it knows no more than a
        fingerprint of their id, by which `user_id` finds what was done to one, also when they were
        erased since; and of their fields the names.
        """
        before = position_of(cursor)
        user = None if user_id is None else UserId(user_id)
        found = await log.page(caller.tenant, before=before, limit=limit + 1, user=user)
        shown, following = cut_page(found, limit, cursor=lambda last: cursor_of(last.number))
        name_next_page(request, response, following)
        return AuditPage(data=[EntryOut.of(each) for each in shown], next_cursor=following)

    @router.get("/verification", operation_id="verify_audit_log")
    async def verify_audit_log(caller: Asking) -> VerificationOut:
        """Follow the chain of hashes from the first entry to the last.

        Tells where an entry was changed, moved, removed or cut off.
        """
        found = await log.verify(caller.tenant)
        return VerificationOut(
            intact=found.broken is None,
            entries=found.entries,
            broken_at=found.broken.sequence if found.broken else None,
            reason=found.broken.why if found.broken else None,
        )

    return router
