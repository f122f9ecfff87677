"""Between the framework's requests and answers and our own calls and replies."""

from starlette.requests import Request
from starlette.responses import Response

from sendwell.runtime.server.calls import Call, Reply


def call_of(request: Request) -> Call:
    """The request as a call; its body is read when the call's is."""
    return Call(request.method, request.url.path, request.headers.raw, body=request.stream)


def response_of(reply: Reply) -> Response:
    """The reply as the framework sends it."""
    response = Response(reply.body, reply.status)
    response.raw_headers = reply.whole_headers
    return response
