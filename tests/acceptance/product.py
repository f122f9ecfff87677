"""The installed command as a black box: started, asked over HTTP, stopped or killed."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.acceptance.preloaded import Beginning
from tests.acceptance.processes import begin, make_tables

ROOT = Path(__file__).parents[2]
_KEY = re.compile(r"API key: (?P<key>\S+)")


class Product:
    """One `sendwell up`; its data folder outlives it."""

    def __init__(
        self,
        data: Path,
        *options: str,
        environment: Mapping[str, str] | None = None,
        anew: bool = False,
    ) -> None:
        self._data = data
        self._arguments = ["up", "--port", "0", "--data", str(data), *options]
        self._anew = anew
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("PROVIDER_")
            },
            **(environment or {}),
        }
        self.printed: list[str] = []
        self.errors = b""

    async def start(self, *, failpoint: str | None = None) -> Self:
        """Start it; when this returns it is ready."""
        environment = dict(self._environment)
        if failpoint:
            environment["SENDWELL_FAILPOINT"] = failpoint
        if not self._anew:
            make_tables(self._data, environment)
        beginning = Beginning(arguments=self._arguments, environment=environment, folder=ROOT)
        self.process = await begin(beginning, anew=self._anew)
        self._reading = asyncio.create_task(self._read_errors())
        assert self.process.stdout is not None
        self.url = self.key = ""
        async with asyncio.timeout(60):
            while not self.key:
                line = (await self.process.stdout.readline()).decode()
                if not line:
                    await self._reading
                    await self.process.wait()
                    raise AssertionError(f"it did not start: {self.errors.decode()}")
                self.printed.append(line)
                self.url = line.split()[1] if line.startswith("READY ") else self.url
                self.key = found["key"] if (found := _KEY.match(line)) else self.key
        self.client = httpx2.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30
        )
        return self

    async def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.gone()

    async def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.kill()
        await self.gone()

    async def gone(self, *, seconds: float = 35) -> int:
        """Wait until it has ended; gives the exit code."""
        async with asyncio.timeout(seconds):
            code = await self.process.wait()
            await self._reading
            assert self.process.stdout is not None
            await self.process.stdout.read()  # to its end, so that the pipe is closed
        await self.client.aclose()
        return code

    async def send(self, **request: Any) -> httpx2.Response:
        """POST one notification."""
        return await self.client.post("/api/v1/notifications", json=request)

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path below /api/v1; fails for anything but 200."""
        answer = await self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def settled(self, id_: str, *states: str, seconds: float = 15) -> Any:
        """The notification, once its status is one of these."""
        async with asyncio.timeout(seconds):
            while (found := await self.get(f"/notifications/{id_}"))["status"] not in states:
                await asyncio.sleep(0.01)
        return found

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.errors += line


@asynccontextmanager
async def running(
    data: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    anew: bool = False,
) -> AsyncIterator[Product]:
    """A product between start and stop; it must stop with 0."""
    product = await Product(data, *options, environment=environment, anew=anew).start()
    try:
        yield product
    finally:
        code = await product.stop()
    assert code == 0, product.errors.decode()


def webhooks(credentials: Mapping[str, Any]) -> dict[str, str]:
    """The environment for real webhooks to loopback."""
    return {
        "PROVIDER_CREDENTIALS_STANDARD": json.dumps(credentials),
        "OUTBOUND_ALLOW": "127.0.0.1",
    }
