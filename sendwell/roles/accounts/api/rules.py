"""Rules of a tenant by API."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request

from sendwell.domain.errors import Invalid
from sendwell.roles.accounts.rules import RuleIn
from sendwell.roles.accounts.service import Accounts
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.callers import Asking

_MOST = 64 * 1024


def routes(accounts: Accounts) -> APIRouter:
    """The routes of this role."""
    router = APIRouter(prefix="/api/v1/rules", tags=["rules"])

    @router.get("/priorities", operation_id="get_priority_rules")
    async def read(caller: Asking) -> list[dict[str, Any]]:
        """Which event type goes into which lane and category; the longest match wins."""
        table: list[dict[str, Any]] = msgspec.to_builtins(accounts.priority_table(caller.tenant))
        return table

    @router.put("/priorities", operation_id="put_priority_rules")
    async def replace(request: Request, caller: Asking) -> list[dict[str, Any]]:
        """Replace the whole table; holds for the next request and is put on the audit log."""
        body = await body_of(request, most=_MOST)
        try:
            table = msgspec.json.decode(body, type=list[RuleIn])
        except msgspec.DecodeError as error:
            raise Invalid(f"The table is not valid: {error}") from error
        changed: list[dict[str, Any]] = msgspec.to_builtins(
            await accounts.set_priority_table(caller, table)
        )
        return changed

    return router
