"""A route of the framework whose endpoint knows nothing of it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.runtime.server.calls import Endpoint
from sendwell.runtime.server.framework import call_of, response_of
from sendwell.runtime.server.known_query import refuse_query
from sendwell.runtime.server.problems import answered


class CallRoute(Route):
    """Serves `answer` in the ordinary way; who can do better with a bare call takes `answer`.

    A call has no query: one that came with any is refused.
    """

    def __init__(self, path: str, answer: Endpoint, *, method: str) -> None:
        async def endpoint(request: Request) -> Response:
            refuse_query(request)
            return response_of(await answered(call_of(request), answer), request)

        super().__init__(path, endpoint, methods=[method])
        self.method = method
        self.answer = answer
