"""The role's HTTP API."""

from fastapi import APIRouter

from sendwell.roles.users.api import people, preferences, tokens
from sendwell.roles.users.service import Users
from sendwell.runtime.server.documents import PROBLEMS, strict_route

_MOST_BYTES = 64 * 1024


def routes(users: Users) -> APIRouter:
    """The routes of this role."""
    router = APIRouter(
        prefix="/api/v1/users/{user_id}",
        tags=["users"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )
    people.add_routes(router, users)
    preferences.add_routes(router, users)
    tokens.add_routes(router, users)
    return router
