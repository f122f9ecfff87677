"""All pages of one application, put together."""

import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.domain.errors import SendwellError
from sendwell.ports.clock import Clock
from sendwell.ports.limiter import Limiter
from sendwell.runtime.server import problems
from sendwell.web import dead_letters, mailbox, notifications, overview
from sendwell.web.assets import Assets
from sendwell.web.desk import Desk
from sendwell.web.reference import Reference
from sendwell.web.refusal import Refusal
from sendwell.web.rendering import Templates
from sendwell.web.session import Sessions
from sendwell.web.sign_in import SignIn

_API = ("/api/", "/webhooks/")
Handler = Callable[[Request, Exception], Awaitable[Response]]


class Pages:
    """The pages of `app`, which has the routes of every role by now.

    `secret` seals the sessions: None makes one up, and then a restart ends them. Those that `also`
    has sealed go on. `public_url` is what people know us under: by TLS perhaps, even where this
    process is asked by plain HTTP.
    """

    def __init__(
        self,
        app: FastAPI,
        *,
        secret: str | None,
        also: str | None = None,
        clock: Clock,
        limiter: Limiter,
        public_url: str | None = None,
    ) -> None:
        self._app = app
        self._assets = Assets()
        templates = Templates(self._assets)
        sessions = Sessions(secret or secrets.token_urlsafe(), clock, also=also)
        self._desk = Desk(
            app, sessions=sessions, templates=templates, clock=clock, public_url=public_url
        )
        self._reference = Reference(app, self._desk, templates)
        self._sign_in = SignIn(self._desk, limiter)

    def mount(self) -> None:
        """The application serves the pages, /docs and /openapi.json; people get errors as pages."""
        self._app.router.routes.extend(self.routes())
        self._app.add_exception_handler(HTTPException, self._as_page(problems.on_http_exception))
        self._app.add_exception_handler(SendwellError, self._as_page(problems.on_sendwell_error))
        self._app.add_exception_handler(Exception, self._as_page(problems.on_defect))

    def routes(self) -> list[Route]:
        """Every route of the pages."""
        return [
            self._assets.route(),
            *overview.routes(self._desk),
            *mailbox.routes(self._desk),
            *notifications.routes(self._desk),
            *dead_letters.routes(self._desk),
            *self._sign_in.routes(),
            *self._reference.routes(),
        ]

    def _as_page(self, otherwise: Handler) -> Handler:
        """The answer of `otherwise`, as a page where a person waits for it."""

        async def handle(request: Request, error: Exception) -> Response:
            problem = await otherwise(request, error)
            if not _is_for_people(request):
                return problem
            return await self._desk.refuse(request, _refusal(problem))

        return handle


def _is_for_people(request: Request) -> bool:
    accepts_html = "text/html" in request.headers.get("accept", "")
    return accepts_html and not request.url.path.startswith(_API)


def _refusal(problem: Response) -> Refusal:
    details = {
        404: "There is no such page. It may have been moved, or the address has a mistake in it.",
        500: "It has been logged. Try again, and tell whoever runs this Sendwell if it stays.",
    }
    return Refusal(problem.status_code, details.get(problem.status_code, "Go back and try again."))
