"""The whole run: produce, kill, revive, again and again; then come to rest and gather evidence."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from tests.acceptance.product import Product
from tests.chaos import record, wreck
from tests.chaos.draft import TEMPLATE, Drafts
from tests.chaos.evidence import Evidence
from tests.chaos.nemesis import Life, Nemesis, complaints
from tests.chaos.producer import Producer
from tests.chaos.producer_log import ProducerLog
from tests.chaos.requests import Requests
from tests.chaos.sinks.pair import Sinks

_LAST_REQUESTS_SECONDS = 0.5
_REST_SECONDS = 120.0  # longer than an open breaker rests


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run, in an empty folder."""

    folder: Path
    cycles: int
    seed: int
    per_second: float = 50

    @property
    def data(self) -> Path:
        """The product's own folder."""
        return self.folder / "data"

    def chance(self, whose: str) -> Random:
        """Chance of their own for each, so that what one does leaves the others' alone."""
        return Random(f"{self.seed} {whose}")


@dataclass(frozen=True, slots=True)
class Progress:
    """A cycle is over: so much has happened until now."""

    cycle: int
    life: Life
    accepted: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be judged, and what is to be told besides."""

    evidence: Evidence
    lives: tuple[Life, ...]
    kills: int


Tell = Callable[[Progress], None]


async def run(settings: Settings, tell: Tell, *, reading: record.Tell) -> Result:
    """Run it all; the product has stopped when this returns. Raises DiedByItselfError."""
    with ProducerLog(settings.folder / "producer.log") as log:
        async with Sinks(settings.chance("sinks")) as sinks:
            return await _run(settings, sinks, log, tell=tell, reading=reading)


async def _run(
    settings: Settings, sinks: Sinks, log: ProducerLog, *, tell: Tell, reading: record.Tell
) -> Result:
    product = Product(settings.data, "--no-sample", environment=sinks.environment)
    drafts = Drafts(settings.chance("drafts"), sinks)
    requests = Requests(log, settings.chance("requests"))
    producer = Producer(drafts, requests, per_second=settings.per_second)
    nemesis = Nemesis(product, settings.data, settings.chance("nemesis"))
    await nemesis.start()
    try:
        await _publish(product)
        for cycle in range(1, settings.cycles + 1):
            await _cycle(product, producer, nemesis)
            tell(Progress(cycle, nemesis.lives[-1], len(requests.accepted), len(nemesis.in_flight)))
        await _last_requests(product, producer)
        await record.settled(product, seconds=_REST_SECONDS)
        evidence = await _said_by(product, reading)
    finally:
        if product.process.returncode is None:
            await product.kill()
    evidence = replace(
        evidence,
        accepted=log.accepted(),
        cancelled=log.cancelled(),
        cancels=frozenset(requests.cancels),
        refusals=requests.refusals,
        complaints=[*nemesis.complaints, *complaints(product)],
        calls=sinks.calls,
        in_flight=nemesis.in_flight,
        integrity=wreck.integrity(settings.data),
    )
    return Result(evidence, tuple(nemesis.lives), nemesis.kills)


async def _publish(product: Product) -> None:
    answer = await product.client.post("/api/v1/templates", json=TEMPLATE)
    assert answer.is_success, answer.text


async def _cycle(product: Product, producer: Producer, nemesis: Nemesis) -> None:
    producing = asyncio.create_task(producer.run(product))
    try:
        await nemesis.strike(provoke=producer.hurry)
    finally:
        producer.stop()
        await producing
    await nemesis.revive()


async def _last_requests(product: Product, producer: Producer) -> None:
    """Ask again for what the last kill left unanswered."""
    producing = asyncio.create_task(producer.run(product))
    await asyncio.sleep(_LAST_REQUESTS_SECONDS)
    producer.stop()
    await producing


async def _said_by(product: Product, reading: record.Tell) -> Evidence:
    """What the product says of itself, and how it stops when it is asked to."""
    known = await record.read([product], reading)
    ledger = await product.get("/ledger")
    return Evidence(known=known, ledger=ledger, exit_code=await product.stop())
