"""The databases that the settings name: each one's server, and its tables."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sendwell.cli.diagnosis.database import look_at_database
from sendwell.cli.diagnosis.finding import Finding, note, wrong
from sendwell.cli.diagnosis.postgres import judge_postgres
from sendwell.domain.errors import Conflict, Invalid, Unavailable
from sendwell.settings import MEMORY, Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sendwell.adapters.sql.migration_status import MigrationStatus
    from sendwell.bootstrap.homes import Home

_TOPIC = "database"


async def look_at_databases(settings: Settings) -> list[Finding]:
    """All findings, the shared database first. Changes nothing."""
    from sendwell.bootstrap.homes import homes

    known = homes(settings)
    findings: list[Finding] = []
    for home in known:
        if len(known) > 1:
            findings.append(Finding(_TOPIC, f"{home.url} is for {', '.join(home.owners)}."))
        findings += await _look(home, has_bus=settings.servers.broker.scheme != MEMORY)
    return findings


async def _look(home: "Home", *, has_bus: bool) -> list[Finding]:
    if home.url.file is not None:
        return [*look_at_database(home.url.file, home.owners, has_bus=has_bus)]
    try:
        server = await _server(home, has_bus=has_bus)
        return [*server, *await _migrations(home, server)]
    except Unavailable as error:
        advice = "Is it running? Are host, port, user, password and name in its URL right?"
        why = error.message.removeprefix(f"{home.direct}: ")
        return [wrong(_TOPIC, f"{home.url} cannot be used: {why}", advice)]
    except Invalid:
        return []  # that its driver is missing is told with the configuration


async def _migrations(home: "Home", server: Sequence[Finding]) -> list[Finding]:
    from sendwell.bootstrap.homes import pending

    if any(finding.topic == "promotion" for finding in server):
        return []  # its tables are said to be nobody's until it ends
    try:
        return [judge_migrations(await pending(home))]
    except Conflict as error:
        return [wrong("migrations", error.message, "Let this machine run the same version.")]


async def _server(home: "Home", *, has_bus: bool) -> list[Finding]:
    if home.url.scheme == "postgresql":
        return await _postgres(home, has_bus=has_bus)
    from sendwell.bootstrap.homes import opened

    async with opened(home) as upkeep:
        await upkeep.run(_version)  # connects
        start = time.perf_counter()
        version = await upkeep.run(_version)
        latency_ms = (time.perf_counter() - start) * 1e3
    name = "MariaDB" if "MariaDB" in version else "MySQL"
    return [Finding("mysql", f"{name} {version.split('-')[0]} answers in {latency_ms:.1f} ms.")]


def _version(connection: "Connection") -> str:
    return str(connection.exec_driver_sql("SELECT version()").scalar_one())


async def _postgres(home: "Home", *, has_bus: bool) -> list[Finding]:
    from sendwell.adapters.facts.postgres import look_at_postgres

    facts = await look_at_postgres(home.url.text)
    has_listen = home.direct != home.url
    findings = [
        *judge_postgres(
            facts,
            is_said_pooled="pooled=true" in home.url.text,
            has_listen=has_listen,
            has_bus=has_bus,
        )
    ]
    if has_listen and (await look_at_postgres(home.direct.text)).is_pooled:
        advice = "Let it name the server itself: LISTEN needs a session of its own."
        findings.append(wrong("pooler", f"{home.direct} leads to a pooler as well.", advice))
    return findings


def judge_migrations(statuses: "Sequence[MigrationStatus]") -> Finding:
    """What is to be said about the tables."""
    pending = [each for each in statuses if each.pending]
    if not pending:
        return Finding("migrations", "All tables are up to date.")
    return note(
        "migrations",
        f"To be applied to the tables of {', '.join(each.owner for each in pending)}.",
        "`sendwell migrate` does it, also while processes work; make a backup before.",
    )
