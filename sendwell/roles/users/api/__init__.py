"""The role's HTTP API."""

from fastapi import APIRouter

from sendwell.roles.users.api import (
    consents,
    contacts,
    people,
    preferences,
    subscriptions,
    tokens,
    topics,
)
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.erasure import Erasures
from sendwell.runtime.server.documents import PROBLEMS, strict_route

_MOST_BYTES = 64 * 1024


def routes(users: Users, erasures: Erasures) -> APIRouter:
    """The routes of this role."""
    router = APIRouter(
        prefix="/api/v1/users/{user_id}",
        tags=["users"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )
    people.add_routes(router, users, erasures)
    preferences.add_routes(router, users)
    tokens.add_routes(router, users)
    contacts.add_routes(router, users.contacts)
    subscriptions.add_routes(router, users)
    consents.add_routes(router, users.consents)
    return router


def topic_routes(users: Users) -> APIRouter:
    """The routes of a tenant's topics."""
    router = APIRouter(
        prefix="/api/v1/topics",
        tags=["topics"],
        route_class=strict_route(_MOST_BYTES),
        responses=PROBLEMS,
    )
    topics.add_routes(router, users.topics)
    return router
