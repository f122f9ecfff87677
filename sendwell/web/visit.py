"""One request of a browser: what it asks, who sits there, and how it is answered."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sendwell.domain.errors import SendwellError
from sendwell.runtime.server.bodies import body_of
from sendwell.web.api_client import ApiAnswer, ApiClient
from sendwell.web.headers import PAGE
from sendwell.web.refusal import Refusal
from sendwell.web.rendering import Templates
from sendwell.web.session import Session, Sessions

_LARGEST_FORM = 16 * 1024
_SIGN_IN = "/login"

View = Callable[["Visit"], Awaitable[Response]]


class Visit:
    """What a view works with. It may replace `session`; the browser is told afterwards."""

    def __init__(
        self,
        request: Request,
        session: Session,
        *,
        api: ApiClient,
        sessions: Sessions,
        templates: Templates,
        now: int,
        public_url: str | None = None,
    ) -> None:
        self.request = request
        self.session = session
        self.api = api
        self.now = now
        self._sessions = sessions
        self._templates = templates
        self._public_url = public_url

    @property
    def origin(self) -> str:
        """What people call us by, without a slash behind; what they see may be a proxy's name."""
        return (self._public_url or str(self.request.base_url)).rstrip("/")

    @property
    def query(self) -> dict[str, str]:
        """The query parameters that say something."""
        return {name: value for name, value in self.request.query_params.items() if value.strip()}

    def only(self, names: Collection[str]) -> dict[str, str]:
        """The query parameters with these names."""
        return {name: value for name, value in self.query.items() if name in names}

    async def read(self, path: str, query: dict[str, str] | None = None) -> Any:
        """What the API says at `path`. Raises Refusal when it does not."""
        return checked(await self.api.call("GET", path, query=query)).json()

    async def form(self) -> dict[str, str]:
        """What was posted. Raises Refusal unless it comes from a form of this session's pages."""
        if self.request.headers.get("sec-fetch-site", "same-origin") not in _OWN_SITES:
            raise Refusal(403, "This form was sent by another site.")
        try:
            body = await body_of(self.request, most=_LARGEST_FORM)
            fields = parse_qs(body.decode("ascii"), max_num_fields=20)
        except (SendwellError, ValueError) as error:
            raise Refusal(400, "This form cannot be read.") from error
        given = {name: values[-1] for name, values in fields.items()}
        if not self._sessions.is_form_token(self.session, given.pop("token", "")):
            raise Refusal(403, "This form is too old. Open its page again, then repeat.")
        return given

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page of ours."""
        html = self._templates.render(
            template,
            path=self.request.url.path,
            session=self.session,
            form_token=self._sessions.form_token(self.session),
            now=self.now,
            **context,
        )
        return HTMLResponse(html, status, PAGE)

    def go(self, to: str) -> Response:
        """On to another page, by GET."""
        return RedirectResponse(to, 303, PAGE)


_OWN_SITES = frozenset({"same-origin", "none"})


def checked(answer: ApiAnswer) -> ApiAnswer:
    """The answer when it is good. Raises Refusal with the API's own words when not."""
    if answer.is_good:
        return answer
    problem = answer.json() or {}
    headers = {n: v for n, v in answer.headers.items() if n == "retry-after"}
    raise Refusal(answer.status, problem.get("detail", "The API did not say why."), headers=headers)


def link(path: str, query: dict[str, str]) -> str:
    """A path with its query."""
    return f"{path}?{urlencode(query)}" if query else path


def sign_in_first(request: Request) -> str:
    """The sign-in page that leads back to what was asked for."""
    here = link(request.url.path, dict(request.query_params)) if request.method == "GET" else "/"
    return link(_SIGN_IN, {} if here == "/" else {"next": here})
