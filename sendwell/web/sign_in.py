"""Signing in with an API key, and out."""

from starlette.responses import Response
from starlette.routing import Route

from sendwell.domain.limits import Rate
from sendwell.ports.limiter import Limiter
from sendwell.runtime.server.client_address import address_of
from sendwell.web.desk import Desk
from sendwell.web.refusal import Refusal
from sendwell.web.visit import Visit, checked

_WRONG = Rate.parse("30/m burst 10")
_NOT_VALID = "This key is not valid here. Look for spaces or missing letters, and try again."


class SignIn:
    """A key is good when the API takes it; nothing else is asked.

    Wrong ones are slowed per address. A right one never is: behind a proxy everybody has the same
    address, and a key is too long to be guessed.
    """

    def __init__(self, desk: Desk, limiter: Limiter) -> None:
        self._desk = desk
        self._limiter = limiter

    def routes(self) -> list[Route]:
        """`/login` and `/logout`."""
        return [
            self._desk.get("/login", self.show),
            self._desk.post("/login", self.sign_in),
            self._desk.post("/logout", self.sign_out),
        ]

    async def show(self, visit: Visit) -> Response:
        """The form."""
        return _form(visit, onward=visit.query.get("next", "/"))

    async def sign_in(self, visit: Visit) -> Response:
        """A new session that holds the key, and on to the page that was asked for."""
        given = await visit.form()
        key, onward = given.get("key", "").strip(), given.get("next", "/")
        if not key.isascii() or not key.isprintable() or not key:
            return await self._not_valid(visit, onward)
        answer = await visit.api.with_key(key).call("GET", "/api/v1/ledger")
        if answer.status == 401:  # noqa: PLR2004 - not authenticated
            return await self._not_valid(visit, onward)
        checked(answer)
        visit.session = self._desk.start_session(key)
        return visit.go(local(onward))

    async def sign_out(self, visit: Visit) -> Response:
        """A session that holds no key."""
        await visit.form()
        visit.session = self._desk.start_session()
        return visit.go("/login")

    async def _not_valid(self, visit: Visit, onward: str) -> Response:
        tries = [(f"sign-in:{address_of(visit.request)}", _WRONG)]
        (answer,) = await self._limiter.take([tries], visit.now)
        if answer.key is not None:
            seconds = max(1, -(-(answer.until - visit.now) // 1_000_000))
            raise Refusal(
                429,
                f"Too many tries to sign in. Wait {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
        return _form(visit, onward=onward, error=_NOT_VALID)


def _form(visit: Visit, *, onward: str, error: str | None = None) -> Response:
    return visit.page("login.html", status=403 if error else 200, onward=local(onward), error=error)


def local(path: str) -> str:
    """The path, if it is one of ours, else `/`: a second slash or a backslash leads elsewhere."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours else "/"
