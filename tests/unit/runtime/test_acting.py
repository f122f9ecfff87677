"""For whom the database shows rows while a route of one tenant's data is served."""

import httpx2
from fastapi import APIRouter

from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.database import acting_for
from sendwell.ports.tenants import Caller
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Asking, Callers


class OneTenant:
    """Everybody is of one tenant."""

    async def caller(self, key: str) -> Caller:
        return Caller(TenantId("acme"), key)

    def policy(self, tenant: TenantId) -> Policy:
        return Policy()


def router() -> APIRouter:
    made = APIRouter()

    @made.get("/for-whom")
    async def for_whom(caller: Asking) -> str:
        return f"{caller.tenant} {acting_for.get()}"

    return made


async def said_by(*, above: bool) -> str:
    routers = [router()]
    app = build_app(
        Callers(OneTenant()), [], [] if above else routers, above_tenants=routers if above else []
    )
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/for-whom", headers={"Authorization": "Bearer x"})
    said: str = answer.json()
    return said


async def test_what_a_tenants_route_reads_is_read_for_that_tenant() -> None:
    assert await said_by(above=False) == "acme acme"


async def test_a_route_above_tenants_reads_for_all() -> None:
    assert await said_by(above=True) == "acme None"
