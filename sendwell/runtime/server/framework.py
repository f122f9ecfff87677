"""Between the framework's requests and answers and our own calls and replies."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from sendwell.runtime.server.calls import Call, Reply

REQUEST_ID = "sendwell.request_id"
"""Where the front door notes in a request's scope by what name it goes."""


def call_of(request: Request) -> Call:
    """The request as a call; its body is read when the call's is."""
    return Call(request.method, request.url.path, request.headers.raw, body=request.stream)


def response_of(reply: Reply, request: Request) -> Response:
    """The reply to the request as the framework sends it."""
    said = reply.of_request(path_of(request), request.scope.get(REQUEST_ID, b""))
    response = Response(said.body, said.status)
    response.raw_headers = said.whole_headers
    return response


def path_of(request: Request) -> str:
    """As it came: decoded, `%25` and `%2F` would mean something else to the next one."""
    raw: bytes | None = request.scope.get("raw_path")
    return quote(request.scope["path"]) if raw is None else raw.decode("latin-1")
