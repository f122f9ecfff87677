"""Calls a running Sendwell over HTTP, by the standard library alone: commands start fast."""

import ipaddress
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from sendwell import __version__
from sendwell.domain.errors import Flaw, SendwellError, Unavailable

API = "/api/v1"
_FIRST_REFUSAL = 400
_DONE = 204
_UNKNOWN = 401
_HOW_TO_GIVE_ONE = (
    "On the command line give it by --key @FOLDER/api-key, of the data folder, or by"
    " SENDWELL_API_KEY."
)
_NOT_NOW = frozenset({429, 503})
_IDLE_SECONDS = 2.0  # servers close idle connections after 5 s; a POST must not run into that


class Client:
    """One connection to one Sendwell, kept alive between calls.

    Every call raises Unavailable where the server says *later*, SendwellError with the code
    `unreachable` where nobody answers, and SendwellError with the server's own code, sentence and
    pointers where it refuses.
    """

    def __init__(self, url: str, key: str | None, *, seconds: float) -> None:
        self.url = url.rstrip("/")
        self._parts = _parts(self.url)
        self._key = key
        self._seconds = seconds
        self._connection: HTTPConnection | None = None
        self._used_at = 0.0

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        """The document at a path below /api/v1; members of `query` that are None are left out."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        asked = f"?{urlencode(given)}" if given else ""
        return self._call("GET", f"{API}{path}{asked}")

    def post(
        self, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The answer to a POST below /api/v1; `body` goes out as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return self._call("POST", f"{API}{path}", content, headers)

    def patch(self, path: str, body: bytes, *, headers: Mapping[str, str]) -> Any:
        """The answer to a PATCH below /api/v1; `headers` say what the bytes are."""
        return self._call("PATCH", f"{API}{path}", body, headers)

    def put(self, path: str, body: bytes) -> Any:
        """The answer to a PUT of JSON below /api/v1."""
        return self._call("PUT", f"{API}{path}", body)

    def delete(self, path: str) -> Any:
        """The document that a DELETE below /api/v1 answers; None where it has nothing to say."""
        return self._call("DELETE", f"{API}{path}")

    def ready(self) -> Mapping[str, Any]:
        """What /readyz says, also when it says no."""
        answer, content = self._exchange("GET", "/readyz", None, {})
        said = _document(content)
        return {"http_status": answer.status, **(said if isinstance(said, dict) else {})}

    def _call(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        answer, body = self._exchange(method, path, content, headers or {})
        if answer.status >= _FIRST_REFUSAL:
            raise _refusal(answer, body)
        if answer.status == _DONE:
            return None
        document = _document(body)
        if document is None:
            raise _strange(self.url)
        return document

    def _exchange(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        all_headers = {**self._headers(content), **headers}
        is_in_doubt = False
        try:
            connection = self._connect()
            is_in_doubt = method != "GET"
            connection.request(method, self._parts.path + path, content, all_headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException, UnicodeError) as error:  # the last one: of a host's name
            self.close()
            raise _unreachable(self.url, error, is_in_doubt=is_in_doubt) from error
        self._used_at = time.monotonic()
        return answer, body

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> HTTPConnection:
        if time.monotonic() - self._used_at > _IDLE_SECONDS:
            self.close()
        if self._connection is None:
            kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
            host, port = self._parts.hostname or "", self._parts.port
            self._connection = kind(host, port, timeout=self._seconds)
        if self._connection.sock is None:
            self._connection.connect()
        return self._connection

    def _headers(self, content: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": f"sendwell-cli/{__version__}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        return headers


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    host = _parts(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def step(text: str) -> str:
    """One step of a path, safe whatever is in it."""
    return quote(text, safe="")


def _parts(url: str) -> SplitResult:
    """The URL taken apart. Raises ValueError for anything but http and https with a host."""
    parts = urlsplit(url)
    is_strange = not parts.path.isascii() or " " in url
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or is_strange:
        raise ValueError(f"{url!r} is no address like http://127.0.0.1:8000")
    _ = parts.port  # raises ValueError when it is none
    return parts


def _document(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _refusal(answer: HTTPResponse, content: bytes) -> SendwellError:
    problem = _document(content)
    if not isinstance(problem, dict):
        problem = {}
    said = problem.get("detail") or f"The server answered {answer.status} {answer.reason}."
    if answer.status == _UNKNOWN:
        said = f"{said} {_HOW_TO_GIVE_ONE}"
    if answer.status in _NOT_NOW:
        wait = answer.headers.get("Retry-After", "1")
        seconds = int(wait) if wait.isdecimal() else 1
        return Unavailable(said, retry_after=timedelta(seconds=seconds))
    flaws = [Flaw(each["pointer"], each["detail"]) for each in problem.get("errors", ())]
    return SendwellError(said, flaws=flaws, code=problem.get("code", f"http_{answer.status}"))


def _unreachable(url: str, error: Exception, *, is_in_doubt: bool) -> SendwellError:
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if isinstance(error, ConnectionRefusedError):
        said = f"Nobody answers at {url}. Start it with `sendwell up`, or name another by --url."
    elif is_in_doubt:
        said = f"No answer came from {url}: {why}. It may or may not have been accepted."
    else:
        said = f"{url} cannot be reached: {why}."
    return SendwellError(said, code="unreachable")


def _strange(url: str) -> SendwellError:
    return SendwellError(f"What answers at {url} is not Sendwell.", code="unreachable")
