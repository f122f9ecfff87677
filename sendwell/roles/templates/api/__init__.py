"""The role's HTTP API."""

from fastapi import APIRouter

from sendwell.roles.templates.api import previews, templates, versions
from sendwell.roles.templates.service import Templates
from sendwell.runtime.server.documents import PROBLEMS, strict_route

_MOST_BYTES = 512 * 1024


def routes(service: Templates) -> APIRouter:
    """The routes of this role."""
    router = APIRouter(
        prefix="/api/v1/templates",
        tags=["templates"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )
    templates.add_routes(router, service)
    versions.add_routes(router, service)
    previews.add_routes(router, service)
    return router
