"""The product's own record, read from outside: every notification with its timeline."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sendwell.domain.lifecycle import FINAL
from tests.acceptance.product import Product
from tests.chaos.evidence import Delivery, Event, Known

_PAGE = 200
_AT_ONCE = 8
_LOOK_AGAIN_SECONDS = 0.2
Document = Mapping[str, Any]


async def settled(product: Product, *, seconds: float) -> None:
    """Wait until nothing is open any more, but not for ever: what still is then is for the
    checker to find.
    """
    try:
        async with asyncio.timeout(seconds):
            while not await _is_settled(product):
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        pass


async def read(product: Product) -> Sequence[Known]:
    """Every notification that the product knows."""
    seats = asyncio.Semaphore(_AT_ONCE)

    async def one(document: Document) -> Known:
        async with seats:
            timeline = await product.get(f"/notifications/{document['id']}/timeline")
        return _known(document, timeline["events"])

    return await asyncio.gather(*map(one, await _documents(product)))


async def _is_settled(product: Product) -> bool:
    if (await product.get("/ledger"))["pending"]:
        return False
    return all(
        document["deliveries"] and all(d["status"] in FINAL for d in document["deliveries"])
        for document in await _documents(product)
    )


async def _documents(product: Product) -> list[Document]:
    documents: list[Document] = []
    page = await product.get("/notifications", limit=_PAGE)
    documents += page["data"]
    while cursor := page["next_cursor"]:
        page = await product.get("/notifications", limit=_PAGE, cursor=cursor)
        documents += page["data"]
    return documents


def _known(document: Document, events: Sequence[Document]) -> Known:
    return Known(
        id=document["id"],
        serial=document["metadata"]["serial"],
        deliveries={d["id"]: Delivery(d["status"], d["attempts"]) for d in document["deliveries"]},
        events=tuple(
            Event(e["event"], e.get("delivery"), e.get("attempt"), e.get("code"), e["at"])
            for e in events
        ),
    )
