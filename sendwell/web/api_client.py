"""Calls the JSON API of the application that serves the pages, in the process, without a network.

The pages are a client as any other: they know what the API tells them and nothing else.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_PASSED_ON = ("host", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""By these the API judges whether a call without a key comes from this machine's own user."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What the API said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it did what was asked."""
        return self.status < 400  # noqa: PLR2004 - where HTTP's errors begin

    def json(self) -> Any:
        """The document in the body; None where there is none."""
        return msgspec.json.decode(self.body) if self.body else None


class ApiClient:
    """Calls `app` for whoever sent `request`, with the API key `key` if there is one."""

    def __init__(self, app: App, request: Request, *, key: str | None) -> None:
        self._app = app
        self._request = request
        self._key = key

    def with_key(self, key: str) -> "ApiClient":
        """The same client for another key."""
        return ApiClient(self._app, self._request, key=key)

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None
    ) -> ApiAnswer:
        """One call. `body` goes out as JSON."""
        content = b"" if body is None else msgspec.json.encode(body)
        scope = self._scope(method, path, urlencode(query or {}))
        scope["headers"] = self._headers(content)
        exchange = _Exchange(content)
        await self._app(scope, exchange.receive, exchange.send)
        return exchange.answer()

    def _scope(self, method: str, path: str, query: str) -> dict[str, Any]:
        here = self._request.scope
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": here["scheme"],
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "root_path": "",
            "client": here.get("client"),
            "server": here.get("server"),
        }

    def _headers(self, content: bytes) -> list[tuple[bytes, bytes]]:
        headers = {
            name: value
            for name in _PASSED_ON
            if (value := self._request.headers.get(name)) is not None
        }
        headers["content-length"] = str(len(content))
        if content:
            headers["content-type"] = "application/json"
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key}"
        return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


class _Exchange:
    """One request and its answer, as ASGI passes them."""

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content
        self._status = 500
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    async def receive(self) -> Message:
        if self._content is None:
            return {"type": "http.disconnect"}
        content, self._content = self._content, None
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {
                n.decode("latin-1"): v.decode("latin-1") for n, v in message["headers"]
            }
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    def answer(self) -> ApiAnswer:
        return ApiAnswer(self._status, self._headers, bytes(self._body))
