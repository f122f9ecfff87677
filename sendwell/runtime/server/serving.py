"""uvicorn on a socket that is open already, started and stopped by us."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import uvicorn

from sendwell.runtime.server.guarded_protocol import GuardedProtocol
from sendwell.runtime.server.hot_protocol import Hot, HotProtocol

_DRAIN_SECONDS = 5
IDLE_SECONDS = 75
"""Longer than clients and load balancers keep a connection as a rule, 60 seconds at most: a request
that meets our end of it halfway has no answer, and nobody knows whether it was heard.
"""


class _Quiet(uvicorn.Server):
    """Signals are the command's to handle, not the server's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """Serves one application; the calls in `hot` are answered without it."""

    def __init__(self, app: Any, listener: socket.socket, *, hot: Hot | None = None) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            http=_protocol(hot) if hot else GuardedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
            timeout_keep_alive=IDLE_SECONDS,
            h11_max_incomplete_event_size=None,
            backlog=2048,
        )
        self._server = _Quiet(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; when this returns, requests are answered."""
        self._task = asyncio.create_task(self._server.serve([self._listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Answer what has been asked, then close the connections."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


def _protocol(hot: Hot) -> type[asyncio.Protocol]:
    return cast("type[asyncio.Protocol]", partial(HotProtocol, hot=hot))  # uvicorn only calls it
