"""The product's own record, read from outside: every notification with its timeline."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

from sendwell.domain.lifecycle import FINAL
from tests.acceptance.product import Product
from tests.chaos.evidence import Delivery, Event, Known

_PAGE = 200
_AT_ONCE = 8
_LOOK_AGAIN_SECONDS = 0.2
_TELL_EVERY = 5_000
Document = Mapping[str, Any]
Tell = Callable[[int, int], None]
"""Hears now and then how many notifications of how many were read."""


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


async def read(products: Sequence[Product], tell: Tell) -> Sequence[Known]:
    """Every notification that the product knows, asked of all its processes in turn."""
    seats = asyncio.Semaphore(_AT_ONCE)
    documents = await _documents(products[0])
    number = 0

    async def one(product: Product, document: Document) -> Known:
        nonlocal number
        async with seats:
            timeline = await product.get(f"/notifications/{document['id']}/timeline")
        number += 1
        if number % _TELL_EVERY == 0:
            tell(number, len(documents))
        return _known(document, timeline["events"])

    return await asyncio.gather(*map(one, cycle(products), documents))


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
