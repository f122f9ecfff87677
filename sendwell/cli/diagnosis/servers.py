"""The servers beside the databases: where limits are counted, the history, and the bus."""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sendwell.cli.diagnosis.finding import Finding, note, wrong
from sendwell.cli.diagnosis.other_presets import look_at_other_presets
from sendwell.cli.diagnosis.redis import judge_redis
from sendwell.domain.errors import SendwellError, Unavailable
from sendwell.settings import Settings, Url

if TYPE_CHECKING:
    from sendwell.ports.bus import Bus, Stream

_PATIENCE_SECONDS = 10
_LONG = 100_000
"""Parcels; above that a queue is worth an alert."""


async def look_at_cache(settings: Settings) -> list[Finding]:
    """The Redis that CACHE_URL names; nothing where there is none."""
    url = settings.servers.cache
    if url is None or not url.scheme.startswith("redis"):
        return []
    try:
        from sendwell.adapters.facts.redis import look_at_redis
    except ImportError:
        return []  # that its driver is missing is told with the configuration

    try:
        return [*judge_redis(await look_at_redis(url.text))]
    except Unavailable as error:
        return [
            wrong(
                "cache",
                f"{url} cannot be asked: {error.message}",
                "Start it, or correct CACHE_URL. Meanwhile each process counts limits alone.",
            )
        ]


async def look_at_history(settings: Settings) -> list[Finding]:
    """The Cassandra that HISTORY_URL names; nothing where there is none. Makes nothing there."""
    url = settings.servers.history
    if url is None:
        return []
    try:
        from sendwell.adapters.facts.cassandra import look_at_cassandra
    except ImportError:
        return []  # as above

    try:
        facts = await look_at_cassandra(url.text)
    except SendwellError as error:
        advice = "Start it, or correct HISTORY_URL. What it has not heard meanwhile waits on disk."
        return [wrong("history", f"{url} cannot be asked: {error.message}", advice)]
    answers = f"Cassandra {facts.version} answers in {facts.latency_ms:.1f} ms."
    if facts.has_tables:
        return [Finding("history", answers)]
    return [
        Finding("history", answers),
        note("history", f"{url} has no tables yet.", "They are made when they are first needed."),
    ]


async def look_at_bus(settings: Settings) -> list[Finding]:
    """The broker that BROKER_URL names; nothing where messages stay in the process.

    One on PostgreSQL without its tables is not opened, for that would make them.
    """
    url = settings.servers.broker
    if url.scheme == "memory":
        return []
    try:
        if not await _has_tables(settings):
            return [note("bus", f"{url} has no tables yet.", "`sendwell migrate` makes them.")]
        return await _ask(url, settings)
    except ImportError:
        return []  # as above
    except TimeoutError:
        return [_away(url, f"it did not answer within {_PATIENCE_SECONDS} s.")]
    except SendwellError as error:
        return [_away(url, error.message.removeprefix(f"{url}: "))]


async def _has_tables(settings: Settings) -> bool:
    """Whether everything is there that the bus needs in its database, where it is on one."""
    from sendwell.bootstrap.homes import homes, pending

    return not [
        each
        for home in homes(settings)
        if "bus" in home.owners
        for each in await pending(home, ["bus"])
        if each.pending
    ]


def _away(url: Url, why: str) -> Finding:
    advice = "Start it, or correct BROKER_URL. What was accepted meanwhile waits on disk."
    return wrong("bus", f"{url} cannot be asked: {why}", advice)


async def _ask(url: Url, settings: Settings) -> list[Finding]:
    from sendwell.bootstrap.buses import open_bus
    from sendwell.domain.presets import find_preset

    bus = await open_bus(url)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            name = await bus.ping()  # connects
            start = time.perf_counter()
            await bus.ping()
            latency_ms = (time.perf_counter() - start) * 1e3
            findings = [Finding("bus", f"{name} answers in {latency_ms:.1f} ms.")]
            findings += await _lags(bus, settings)
        with suppress(TimeoutError, Unavailable):  # the broker answers; more is only good to know
            async with asyncio.timeout(_PATIENCE_SECONDS):
                findings += await look_at_other_presets(bus, find_preset(settings.preset))
        return findings
    finally:
        await bus.close()


async def _lags(bus: "Bus", settings: Settings) -> list[Finding]:
    """What waits on each of the streams that processes of ours read; on those that are ours alone
    only where something does.
    """
    from sendwell.channels import all_channels
    from sendwell.domain.presets import find_preset
    from sendwell.domain.presets.streams import LogicalStream
    from sendwell.runtime.groups import WORK, awaited, tasks_apart

    preset, channels = find_preset(settings.preset), all_channels().values()
    named = awaited(preset, filter(preset.is_named, WORK), channels, tasks_by=preset)
    every = (*WORK, LogicalStream.HISTORY)
    apart = awaited(preset, every, channels, tasks_by=tasks_apart(preset))
    shown = [
        *(_lag(bus, stream, group) for group, own in named.items() for stream in own),
        *(
            _lag(bus, stream, group, is_quiet=True)
            for group, own in apart.items()
            for stream in own
            if stream not in named.get(group, ())
        ),
    ]
    return [finding for each in shown if (finding := await each)]


async def _lag(
    bus: "Bus", stream: "Stream", group: str, *, is_quiet: bool = False
) -> Finding | None:
    from sendwell.runtime.groups import READERS

    try:
        waiting = await bus.lag([stream], group=group)
        is_read = not waiting or await bus.members(stream, group=group) > 0
    except Unavailable:  # nobody has ever written or read it
        return None
    text = f"{waiting:,} wait on {stream.name} for {group}"
    if not is_read:
        role = READERS[group]
        which = ", for this channel or for all" if role == "delivery" else ""
        advice = f"Start a process with the role {role}{which}. They wait until then."
        return note("bus", f"{text}, and nobody reads it.", advice)
    if waiting > _LONG:
        advice = "Start more processes, and look whether those there are get on: /readyz says it."
        return note("bus", f"{text}.", advice)
    return None if is_quiet and not waiting else Finding("bus", f"{text}.")
