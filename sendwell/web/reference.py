"""The API reference: a page made on the server from the OpenAPI document; it needs no script."""

import asyncio
from dataclasses import dataclass

import msgspec
from fastapi import FastAPI
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.web.desk import Desk
from sendwell.web.error_codes import CODES
from sendwell.web.openapi import Document, document
from sendwell.web.openapi.curl import BASE
from sendwell.web.reference_model import Group, groups_of
from sendwell.web.rendering import Templates
from sendwell.web.visit import Visit

_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}


@dataclass(frozen=True, slots=True)
class Made:
    """What all readers of the reference share."""

    document: Document
    groups: list[Group]
    body: str


class Reference:
    """`/docs`, `/docs/errors` and `/openapi.json`.

    The document is made when first asked for, in a thread: it takes 150 ms, in which the loop has
    others to serve.
    """

    def __init__(self, app: FastAPI, desk: Desk, templates: Templates) -> None:
        self._app = app
        self._desk = desk
        self._templates = templates
        self._making: asyncio.Task[Made] | None = None

    def routes(self) -> list[Route]:
        """The three routes."""
        return [
            Route("/openapi.json", self.show_document, include_in_schema=False),
            self._desk.get("/docs", self.show),
            self._desk.get("/docs/errors", self.show_errors),
        ]

    async def show_document(self, _: Request) -> Response:
        """The document, for programs."""
        made = await self._made()
        body = msgspec.json.encode(made.document)
        return Response(body, headers=_FOR_ALL, media_type="application/json")

    async def show(self, visit: Visit) -> Response:
        """The document, for people; its calls go to the address under which they have come."""
        made = await self._made()
        origin = str(escape(visit.origin))
        return visit.page(
            "reference.html",
            about=made.document["info"]["description"],
            groups=made.groups,
            body=Markup(made.body.replace(BASE, origin)),  # noqa: S704 - rendered with escaping
        )

    async def show_errors(self, visit: Visit) -> Response:
        """What each error code means; `type` of a problem document leads here."""
        return visit.page("error_codes.html", codes=CODES)

    async def _made(self) -> Made:
        if self._making is None:
            self._making = asyncio.create_task(asyncio.to_thread(self._make))
        return await asyncio.shield(self._making)

    def _make(self) -> Made:
        made = document(self._app)
        groups = groups_of(made)
        return Made(made, groups, self._templates.render("operations.html", groups=groups))
