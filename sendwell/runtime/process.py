"""One process from start to stop: what runs in it, and in which order it ends."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

log = structlog.get_logger()
_PAUSE_SECONDS = 1
_RECENT = 10.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Something that runs all the time. `stop` asks it to finish; None: it is simply cancelled."""

    name: str
    run: Callable[[], Coroutine[Any, Any, None]]
    stop: Callable[[], None] | None = None


class Process:
    """Runs workers. One that fails is logged, makes the process not ready, and is run again.

    Stopping goes through the workers in the order they were added: each is asked, and awaited,
    before the next one is; then the closers run.
    """

    def __init__(self, *, patience_seconds: float = 25) -> None:
        self._patience = patience_seconds
        self._workers: list[tuple[Worker, asyncio.Task[None]]] = []
        self._failed_at: dict[str, float] = {}
        self._watched: list[tuple[str, Callable[[], bool]]] = []
        self._closers: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self.is_draining = False

    def start(self, worker: Worker) -> None:
        """Run it from now on."""
        self._workers.append((worker, asyncio.create_task(self._keep(worker), name=worker.name)))

    def at_close(self, name: str, close: Callable[[], Awaitable[None]]) -> None:
        """Close this when all workers have stopped; the last one added is closed first."""
        self._closers.append((name, close))

    def watch(self, name: str, is_silent: Callable[[], bool]) -> None:
        """While this is so, we are not ready."""
        self._watched.append((name, is_silent))

    def silent(self) -> list[str]:
        """Workers that have stopped or failed just now, or do nothing: then we are not ready."""
        now = asyncio.get_running_loop().time()
        ended = [
            worker.name
            for worker, task in self._workers
            if task.done() or now - self._failed_at.get(worker.name, -_RECENT) < _RECENT
        ]
        return [*ended, *(name for name, is_silent in self._watched if is_silent())]

    async def stop(self) -> None:
        """Finish or hand back what is in flight, then close everything. Never raises."""
        self.is_draining = True
        deadline = asyncio.get_running_loop().time() + self._patience
        for worker, task in self._workers:
            await self._stop(worker, task, deadline)
        for name, close in reversed(self._closers):
            try:
                await close()
            except Exception:
                log.exception("process.close_failed", part=name)

    async def _keep(self, worker: Worker) -> None:
        while True:
            try:
                await worker.run()
            except Exception:
                log.exception("process.worker_failed", worker=worker.name)
                self._failed_at[worker.name] = asyncio.get_running_loop().time()
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    @staticmethod
    async def _stop(worker: Worker, task: asyncio.Task[None], deadline: float) -> None:
        if worker.stop is not None:
            worker.stop()
            left = max(0.1, deadline - asyncio.get_running_loop().time())
            await asyncio.wait([task], timeout=left)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)
