"""The one connection of a process that hears what PostgreSQL tells."""

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from sendwell.adapters.sql.direct import DirectConnection
from tests.services.needs import needs

pytestmark = needs("postgres")
SOON_SECONDS = 30


async def test_who_is_cancelled_while_it_connects_leaves_no_connection_that_hears_a_part(
    postgres_url: str,
) -> None:
    direct = DirectConnection(postgres_url)
    heard: asyncio.Queue[str | None] = asyncio.Queue()

    def cancel(_: str | None) -> None:
        asking.cancel()

    direct.listen("first", cancel)
    direct.listen("second", heard.put_nowait)
    asking = asyncio.create_task(direct.fetch("SELECT 1"))
    await asyncio.wait([asking])

    await direct.fetch("NOTIFY second, 'a change'")

    assert asking.cancelled()
    async with asyncio.timeout(SOON_SECONDS):
        assert [None, "a change"] == [await heard.get(), await heard.get()]
    await direct.close()


async def test_an_outage_is_one_line_however_often_it_is_tried() -> None:
    direct = DirectConnection("postgresql://127.0.0.1:1/nowhere")

    with capture_logs() as lines, suppress(TimeoutError):
        await asyncio.wait_for(direct.run(), 1.5)

    assert [line["event"] for line in lines] == ["database.cannot_listen"]
