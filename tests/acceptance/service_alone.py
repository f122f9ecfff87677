"""One service in a process of its own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.acceptance.test_services import SECRET, Service
from tests.services.ports import free_ports


@asynccontextmanager
async def alone(
    folder: Path, role: str, environment: Mapping[str, str], *, beside: Sequence[str] = ()
) -> AsyncIterator[tuple[Service, httpx2.AsyncClient]]:
    """The service with that role, and others `beside` it; it must stop with 0."""
    (port,) = free_ports(1)
    shared = {"SECRET_KEY": SECRET, **{n: v for n, v in environment.items() if v}}
    service = Service(role, [role, *beside], port, folder=folder, environment=shared)
    await service.start()
    try:
        async with httpx2.AsyncClient(base_url=service.url, timeout=30) as client:
            await service.is_ready(client)
            yield service, client
        assert await service.stop() == 0
    finally:
        await service.kill()
