"""What many of these tests use: either database, and an endpoint that webhooks go to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.product import Product, running, webhooks
from tests.services.needs import needs
from tests.simulators.webhook import WebhookSimulator


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs("postgres"))])
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs once on every kind of database; every product in it shares one."""
    kind: str = request.param
    if kind == "postgresql":
        monkeypatch.setenv("DB_URL", request.getfixturevalue("made_postgres_url"))
    return kind


@pytest.fixture
async def endpoint() -> AsyncIterator[WebhookSimulator]:
    """Somebody's web service, on loopback."""
    async with WebhookSimulator() as simulator:
        yield simulator


@pytest.fixture
async def product(tmp_path: Path, endpoint: WebhookSimulator) -> AsyncIterator[Product]:
    """One that may send to `endpoint`; tests that need another one make their own."""
    environment = webhooks(endpoint.credentials)
    async with running(tmp_path, "--no-sample", environment=environment) as started:
        yield started
