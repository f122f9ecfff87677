"""Rules that cannot be read again for a while: those that are known hold, and it is said once."""

import asyncio
from collections.abc import Callable

from structlog.testing import capture_logs

from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.policy import Policy
from sendwell.roles.accounts.service.rulebook import Rulebook
from sendwell.roles.accounts.store.tenants import TenantStore
from sendwell.runtime.cluster.alone import Silence
from sendwell.runtime.cluster.news import News
from tests.services.needs import needs

pytestmark = needs("postgres")


class Doubt(Silence):
    """Says, whenever it is told to, that something may have been missed."""

    def listen(self, topic: str, heard: Callable[[str | None], None]) -> None:
        del topic
        self.heard = heard


async def test_an_outage_is_one_line_however_often_is_looked() -> None:
    database = PostgresDatabase("postgresql://127.0.0.1:1/nowhere")
    signals = Doubt()
    news = News("rules", signals)
    book = Rulebook(TenantStore(database), defaults=Policy(), news=news, clock=SystemClock())
    with capture_logs() as lines:
        running = asyncio.create_task(book.run())
        for _ in range(5):
            signals.heard(None)
            await asyncio.sleep(0.3)
        running.cancel()
        await asyncio.wait([running])
    await database.close()

    told = [line["event"] for line in lines]
    assert told == ["database.unreadable", "rules.not_refreshed"]
