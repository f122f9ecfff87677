"""What is asked for in a query is known to the route: a misspelt filter would show everything.

Nor is one given twice: only the last would count. Neither there nor in the path is a NUL: no name
has one, and PostgreSQL takes it in no text.
"""

from collections.abc import Iterator, Sequence
from inspect import isclass
from typing import Any

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.pointer import pointer_to

_NUL = "Must not hold NUL."
_TWICE = "Is given twice; one value is taken."


async def _refuse_unknown(request: Request) -> None:
    flaws = [
        Flaw(pointer_to("path", name), _NUL)
        for name, value in request.path_params.items()
        if "\0" in value
    ]
    if request.scope["query_string"]:
        flaws += _flaws_of_query(request)
    _require(flaws)


KNOWN_QUERY = Depends(_refuse_unknown)
"""For every route of the framework: 400 for what is not known, is there twice, or holds NUL."""


def refuse_query(request: Request) -> None:
    """Raise Invalid for any query: what the route knows stands in its body."""
    if request.scope["query_string"]:
        why = _why(frozenset())
        _require([Flaw(pointer_to("query", name), why) for name in request.query_params])


def _require(flaws: Sequence[Flaw]) -> None:
    if flaws:
        raise Invalid(f"{flaws[0].pointer}: {flaws[0].why}", flaws=flaws)


def _flaws_of_query(request: Request) -> Iterator[Flaw]:
    known = _names(request.scope["route"])
    for name in request.query_params:
        values = request.query_params.getlist(name)
        if known is not None and name not in known:
            yield Flaw(pointer_to("query", name), _why(known))
        elif any("\0" in value for value in values):
            yield Flaw(pointer_to("query", name), _NUL)
        elif known is not None and len(values) > 1:
            yield Flaw(pointer_to("query", name), _TWICE)


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
