"""Between Starlette and the views: opens the session, calls the view, turns refusals into pages."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.ports.clock import Clock
from sendwell.web.api_client import ApiClient, App
from sendwell.web.refusal import Refusal, title_of
from sendwell.web.rendering import Templates
from sendwell.web.session import LIFETIME, Session, Sessions
from sendwell.web.visit import View, Visit, sign_in_first

Endpoint = Callable[[Request], Awaitable[Response]]
_NOT_SIGNED_IN = 401


class Desk:
    """Where every request for a page arrives. `app` is the application whose API the pages call."""

    def __init__(
        self,
        app: App,
        *,
        sessions: Sessions,
        templates: Templates,
        clock: Clock,
        public_url: str | None,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._templates = templates
        self._clock = clock
        self._public_url = public_url
        self._is_https = (public_url or "").startswith("https:")

    def get(self, path: str, view: View) -> Route:
        """A page that is read."""
        return Route(path, self._endpoint(view), include_in_schema=False)

    def post(self, path: str, view: View) -> Route:
        """A form that is sent."""
        return Route(path, self._endpoint(view), methods=["POST"], include_in_schema=False)

    def start_session(self, key: str | None = None) -> Session:
        """A session for whoever has just signed in, or out."""
        return self._sessions.start(key)

    async def refuse(self, request: Request, refusal: Refusal) -> Response:
        """The error page for something that went wrong outside of a view."""

        async def view(_: Visit) -> Response:
            raise refusal

        return await self._endpoint(view)(request)

    def _endpoint(self, view: View) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            sealed = request.cookies.get(self._cookie(request))
            known = self._sessions.open(sealed)
            visit = self._visit(request, known or self._sessions.start())
            try:
                response = await view(visit)
            except Refusal as refusal:
                response = _refused(visit, refusal)
            if visit.session is not known:
                self._give_cookie(visit, response)
            return response

        return endpoint

    def _visit(self, request: Request, session: Session) -> Visit:
        return Visit(
            request,
            session,
            api=ApiClient(self._app, request, key=session.key),
            sessions=self._sessions,
            templates=self._templates,
            now=self._clock.now(),
            public_url=self._public_url,
        )

    def _give_cookie(self, visit: Visit, response: Response) -> None:
        response.set_cookie(
            self._cookie(visit.request),
            self._sessions.seal(visit.session),
            max_age=int(LIFETIME.total_seconds()),
            secure=self._is_secure(visit.request),
            httponly=True,
            samesite="lax",
        )

    def _cookie(self, request: Request) -> str:
        """`__Host-` makes browsers refuse it from a subdomain or over plain HTTP.

        Cookies know no ports: without the port, two of us on one machine would sign each other out.
        """
        if self._is_secure(request):
            return "__Host-sendwell"
        return f"sendwell-{request.url.port or 80}"

    def _is_secure(self, request: Request) -> bool:
        return self._is_https or request.url.scheme == "https"


def _refused(visit: Visit, refusal: Refusal) -> Response:
    if refusal.status == _NOT_SIGNED_IN:
        return visit.go(sign_in_first(visit.request))
    response = visit.page(
        "error.html",
        status=refusal.status,
        title=title_of(refusal.status),
        detail=refusal.detail,
    )
    response.headers.update(refusal.headers)
    return response
