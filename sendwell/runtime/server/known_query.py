"""What is asked for in a query is known to the route: a misspelt filter would show everything."""

from collections.abc import Iterator
from inspect import isclass
from typing import Any

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.pointer import pointer_to


async def _refuse_unknown(request: Request) -> None:
    if not request.scope["query_string"]:
        return
    known = _names(request.scope["route"])
    if known is None:
        return
    flaws = [
        Flaw(pointer_to("query", name), _why(known))
        for name in request.query_params
        if name not in known
    ]
    if flaws:
        raise Invalid(f"{flaws[0].pointer}: {flaws[0].why}", flaws=flaws)


KNOWN_QUERY = Depends(_refuse_unknown)
"""For every route: 400 for what its query does not have."""


def _why(known: frozenset[str]) -> str:
    there_is = f"there are {', '.join(sorted(known))}" if known else "there is none here"
    return f"There is no such parameter; {there_is}."


def _names(route: APIRoute) -> frozenset[str] | None:
    """None where the route takes whatever comes: its model says that it ignores the rest."""
    names: set[str] = set()
    for field in _fields(route.dependant):
        model = field.field_info.annotation
        if not (isclass(model) and issubclass(model, BaseModel)):
            names.add(field.alias)
        elif model.model_config.get("extra") == "ignore":
            return None
        else:
            names |= {each.alias or name for name, each in model.model_fields.items()}
    return frozenset(names)


def _fields(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for each in dependant.dependencies:
        yield from _fields(each)
