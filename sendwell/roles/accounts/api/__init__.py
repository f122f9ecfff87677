"""The role's HTTP API."""

from fastapi import APIRouter

from sendwell.roles.accounts.api import (
    audit,
    keys,
    oauth,
    operators,
    sessions,
    single_sign_on,
    tenants,
)
from sendwell.roles.accounts.api.rules import routes
from sendwell.roles.accounts.service.access import Access

__all__ = ["access_routes", "routes"]


def access_routes(access: Access, *, is_https: bool = False) -> list[APIRouter]:
    """The routes for operators, sessions, keys, tenants and the audit log."""
    return [
        tenants.routes(access.tenancy),
        operators.routes(access.operators),
        sessions.routes(access.sessions),
        single_sign_on.routes(access.single_sign_on, is_https=is_https),
        oauth.routes(access.clients),
        keys.routes(access.keys),
        audit.routes(access.audit),
    ]
