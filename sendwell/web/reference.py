"""The API reference: a page made on the server from the OpenAPI document; it needs no script."""

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
from sendwell.web.templates import Templates
from sendwell.web.visit import Visit

_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}


class Reference:
    """`/docs`, `/docs/errors` and `/openapi.json`, all made once, when first asked for."""

    def __init__(self, app: FastAPI, desk: Desk, templates: Templates) -> None:
        self._app = app
        self._desk = desk
        self._templates = templates
        self._document: Document | None = None
        self._groups: list[Group] = []
        self._body = ""

    def routes(self) -> list[Route]:
        """The three routes."""
        return [
            Route("/openapi.json", self.show_document, include_in_schema=False),
            self._desk.get("/docs", self.show),
            self._desk.get("/docs/errors", self.show_errors),
        ]

    async def show_document(self, _: Request) -> Response:
        """The document, for programs."""
        body = msgspec.json.encode(self._made())
        return Response(body, headers=_FOR_ALL, media_type="application/json")

    async def show(self, visit: Visit) -> Response:
        """The document, for people; its calls go to the address under which they have come."""
        made = self._made()
        origin = str(escape(str(visit.request.base_url).rstrip("/")))
        return visit.page(
            "reference.html",
            about=made["info"]["description"],
            groups=self._groups,
            body=Markup(self._body.replace(BASE, origin)),  # noqa: S704 - rendered with escaping
        )

    async def show_errors(self, visit: Visit) -> Response:
        """What each error code means; `type` of a problem document leads here."""
        return visit.page("error_codes.html", codes=CODES)

    def _made(self) -> Document:
        if self._document is None:
            self._document = document(self._app)
            self._groups = groups_of(self._document)
            self._body = self._templates.render("operations.html", groups=self._groups)
        return self._document
