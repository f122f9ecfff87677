"""A client of some routes, in sample mode: one app for each tenant, no keys."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from httpx2 import ASGITransport, AsyncClient
from starlette.routing import BaseRoute

from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.tenants import Caller
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers


class NoKeys:
    """Tenants that have no keys."""

    async def caller(self, key: str) -> Caller:
        raise Denied(f"No key begins with {key[:3]}.", is_unknown=True)

    def policy(self, tenant: TenantId) -> Policy:
        return Policy()


def an_app(
    tenant: TenantId, *, routers: Sequence[APIRouter] = (), hot: Sequence[BaseRoute] = ()
) -> FastAPI:
    return build_app(Callers(NoKeys(), anonymous=tenant), hot, routers)


def a_client(app: FastAPI, *, base_url: str = "http://127.0.0.1") -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app=app), base_url=base_url)
