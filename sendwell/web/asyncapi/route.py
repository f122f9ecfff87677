"""`/asyncapi.json`: the document, for programs."""

from collections.abc import Iterable
from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.domain.channel import Channel
from sendwell.domain.presets.preset import Preset
from sendwell.web.asyncapi import document

PATH = "/asyncapi.json"
_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}


def asyncapi_route(preset: Preset, channels: Iterable[Channel]) -> Route:
    """The route of a preset's document, which is made when first asked for."""
    known = tuple(channels)

    @cache
    def made() -> bytes:
        return msgspec.json.encode(document(preset, known))

    async def show(_: Request) -> Response:
        return Response(made(), headers=_FOR_ALL, media_type="application/json")

    return Route(PATH, show, include_in_schema=False)
