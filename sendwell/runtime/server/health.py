"""/livez, /readyz, /health and /metrics: no authentication, no insides."""

from collections.abc import Callable

import msgspec
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sendwell.runtime.process import Process
from sendwell.telemetry.names import REGISTRY


class Health:
    """Tells load balancers and people whether this process works."""

    def __init__(self, process: Process, observe: Callable[[], None]) -> None:
        self._process = process
        self._observe = observe

    def routes(self, *, with_metrics: bool = True) -> list[Route]:
        """The three routes, and the metrics unless they have a port of their own."""
        metrics = [Route("/metrics", self.metrics)] if with_metrics else []
        return [
            Route("/livez", self.alive),
            Route("/readyz", self.ready),
            Route("/health", self.ready),
            *metrics,
        ]

    async def alive(self, _: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok")

    async def ready(self, _: Request) -> Response:
        """200 while everything runs; 503 while draining or when a worker has stopped by itself."""
        silent = self._process.silent()
        if self._process.is_draining:
            status = "draining"
        elif silent:
            status = "not ready"
        else:
            status = "ok"
        document = {"status": status, "stopped": silent}
        code = 200 if status == "ok" else 503
        return Response(msgspec.json.encode(document), code, media_type="application/json")

    async def metrics(self, _: Request) -> Response:
        """What Prometheus collects."""
        self._observe()
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
