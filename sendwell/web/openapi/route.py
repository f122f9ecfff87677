"""`/openapi.json` of a process without pages: the routes of its own roles, for programs."""

import asyncio

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.web.openapi import document

PATH = "/openapi.json"
_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}


def openapi_route(app: FastAPI) -> Route:
    """The route of the document, which is made when first asked for, in a thread."""
    making: asyncio.Task[bytes] | None = None

    async def show(_: Request) -> Response:
        nonlocal making
        if making is None:
            making = asyncio.create_task(asyncio.to_thread(_made, app))
        body = await asyncio.shield(making)
        return Response(body, headers=_FOR_ALL, media_type="application/json")

    return Route(PATH, show, include_in_schema=False)


def _made(app: FastAPI) -> bytes:
    return msgspec.json.encode(document(app))
