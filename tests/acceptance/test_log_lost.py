"""Standard error that takes nothing any more: a terminal that is gone, a disk that is full."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGHUP, SIGTERM

import httpx2
import pytest

from tests.acceptance.product import ROOT

Lose = Callable[[], None]


def a_terminal() -> tuple[int, Lose]:
    ours, theirs = os.openpty()
    return theirs, lambda: os.close(ours)


def a_full_disk() -> tuple[int, Lose]:
    return os.open("/dev/full", os.O_WRONLY), lambda: None


@asynccontextmanager
async def running(error: int, *arguments: str, **set_to: str) -> AsyncIterator[Process]:
    """A command that says what goes wrong there; with a buffer, as for people."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments,
        env={**environment, **set_to}, cwd=ROOT, stdout=PIPE, stderr=error,
    )  # fmt: skip
    os.close(error)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("place", [a_terminal, a_full_disk])
async def test_it_goes_on_and_stops_in_order_where_its_log_cannot_be_written(
    place: Callable[[], tuple[int, Lose]], tmp_path: Path
) -> None:
    file = tmp_path / "sendwell.toml"
    file.write_text('RATE_LIMIT_CHANNEL_EMAIL = "1/h"\n')
    up = ("-m", "sendwell", "up", "--port", "0", "--data", str(tmp_path / "data"))
    error, lose = place()
    async with running(error, *up, SENDWELL_CONFIG=str(file)) as process:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().split()[1]
        async with asyncio.timeout(60), httpx2.AsyncClient(base_url=url, timeout=30) as client:
            lose()
            ids = [await send(client) for _ in range(2)]
            process.send_signal(SIGHUP)
            file.write_text("")
            for id_ in ids:
                await sent(client, id_)
            ready = await client.get("/readyz")
            process.send_signal(SIGTERM)

            assert await process.wait() == 0

    assert ready.json() == {"status": "ok", "stopped": []}


async def test_who_has_lost_its_lease_leaves_although_it_cannot_say_so() -> None:
    leave = "from sendwell.bootstrap.database import _stop_at_once\n_stop_at_once()\n"
    script = f"import os\nos.dup2(2, 1)\n{leave}"  # without a set-up lines go to standard output
    error, _ = a_full_disk()

    async with asyncio.timeout(60), running(error, "-c", script) as process:
        assert await process.wait() == 75


async def send(client: httpx2.AsyncClient) -> str:
    request = {"to": {"email": "someone@example.org"}, "content": "x"}
    answer = await client.post("/api/v1/notifications", json=request)
    return str(answer.json()["id"])


async def sent(client: httpx2.AsyncClient, id_: str) -> None:
    path = f"/api/v1/notifications/{id_}"
    while (await client.get(path)).json()["status"] != "SENT":
        await asyncio.sleep(0.05)
