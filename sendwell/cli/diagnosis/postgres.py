"""What is to be said about a PostgreSQL. Pure: it decides over facts that were asked for before."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sendwell.cli.diagnosis.backlog import judge_backlog
from sendwell.cli.diagnosis.finding import Finding, note, wrong
from sendwell.domain.left_behind import LeftBehind, of_nobody

if TYPE_CHECKING:
    from sendwell.adapters.facts.postgres import PostgresFacts

_LEAST_VERSION = 13
_SAFE = {"fsync": {"on"}, "full_page_writes": {"on"}}
_UNSAFE_COMMIT = "off"
_MOST_SECONDS_APART = 2.0
_ENOUGH_DAYS = 1


def judge_postgres(
    facts: "PostgresFacts",
    *,
    is_said_pooled: bool = False,
    has_listen: bool = False,
    has_bus: bool = True,
) -> Iterator[Finding]:
    """All findings. `is_said_pooled`: the URL says so; `has_listen`: there is a way around it;
    `has_bus`: there is one beside it.
    """
    yield _version(facts)
    yield from _durability(facts)
    yield from _rights(facts)
    yield from _clock(facts)
    yield from _pooler(facts, is_said_pooled=is_said_pooled, has_listen=has_listen)
    yield from _partitions(facts)
    yield from _members(facts)
    if facts.backlog is not None:
        yield from judge_backlog(facts.backlog, has_bus=has_bus)
    if facts.promotion is not None:
        yield wrong(
            "promotion",
            f"The promotion of {facts.promotion} into this database has not ended.",
            "Run the same `sendwell promote` again: it goes on where it was.",
        )


def _version(facts: "PostgresFacts") -> Finding:
    major, minor = divmod(facts.version, 10_000)
    if major < _LEAST_VERSION:
        return wrong(
            "postgresql",
            f"PostgreSQL {major} is too old.",
            f"Sendwell needs {_LEAST_VERSION} or newer: upgrade the server.",
        )
    if facts.is_standby:
        return wrong(
            "postgresql",
            f"This PostgreSQL {major}.{minor} is a standby: nothing can be written there.",
            "Let the URL name the primary; with two hosts in it add target_session_attrs=primary.",
        )
    return Finding(
        "postgresql", f"PostgreSQL {major}.{minor} answers in {facts.latency_ms:.1f} ms."
    )


def _durability(facts: "PostgresFacts") -> Iterator[Finding]:
    unsafe = [name for name, good in _SAFE.items() if facts.settings[name] not in good]
    if facts.settings["synchronous_commit"] == _UNSAFE_COMMIT:
        unsafe.append("synchronous_commit")
    for name in unsafe:
        yield wrong(
            "durability",
            f"{name} is off: after a power cut what was accepted may be gone.",
            f"Set {name}=on in postgresql.conf, or for this role and database.",
        )
    if not unsafe:
        yield Finding("durability", "What is committed survives a power cut.")


def _rights(facts: "PostgresFacts") -> Iterator[Finding]:
    if facts.is_superuser:
        yield note(
            "walls",
            "Sendwell comes as superuser: row-level security between tenants does not hold it.",
            "Give it a role of its own: CREATE ROLE sendwell LOGIN; and make it the owner.",
        )
    else:
        yield Finding("walls", "Row-level security holds: the role is no superuser.")


def _clock(facts: "PostgresFacts") -> Iterator[Finding]:
    apart = facts.clock_ahead_seconds
    if abs(apart) > _MOST_SECONDS_APART:
        way = "ahead of" if apart > 0 else "behind"
        yield note(
            "clock",
            f"The server's clock is {abs(apart):.1f} s {way} ours.",
            "Let both follow the same time server (NTP): send times go by ours.",
        )
    else:
        yield Finding("clock", f"The server's clock and ours differ by {abs(apart) * 1e3:.0f} ms.")


def _pooler(facts: "PostgresFacts", *, is_said_pooled: bool, has_listen: bool) -> Iterator[Finding]:
    if facts.is_pooled and not is_said_pooled:
        yield wrong(
            "pooler",
            "A pooler like PgBouncer answers here, and the URL does not say so.",
            "Add ?pooled=true to DB_URL, and name the server itself in DB_LISTEN_URL.",
        )
    elif is_said_pooled and not has_listen:
        yield wrong(
            "pooler",
            "Through a pooler nobody hears what processes tell each other.",
            "Name the server itself in DB_LISTEN_URL; one connection a process goes there.",
        )
    elif is_said_pooled and not facts.is_pooled:
        yield note(
            "pooler",
            "The URL says pooled=true, and the server itself answers.",
            "Leave it out: prepared statements are faster.",
        )
    elif facts.is_pooled:
        yield Finding(
            "pooler", "A pooler stands before the server; its pool_mode may be transaction."
        )


def _partitions(facts: "PostgresFacts") -> Iterator[Finding]:
    if not facts.days_ahead:
        return
    table, days = min(facts.days_ahead.items(), key=lambda each: each[1])
    if days >= _ENOUGH_DAYS:
        yield Finding("partitions", f"There are partitions for the next {days} days and more.")
        return
    when = "today" if days < 0 else "tomorrow"
    yield wrong(
        "partitions",
        f"{table} has no partition for {when}: then nothing can be stored.",
        "Run `sendwell migrate`; it makes them while processes work.",
    )


def _members(facts: "PostgresFacts") -> Iterator[Finding]:
    living = [each for each in facts.members if each.seconds_left >= 0]
    if living:
        named = ", ".join(
            f"{each.node} ({each.holder}, {each.seconds_left:.0f} s left)" for each in living
        )
        yield Finding("members", f"At work on it: {named}.")
    else:
        yield Finding("members", "No process is at work on it.")
    if going_on := [each for each in facts.left_behind if each.is_run]:
        yield note(
            "members",
            f"Work is left by {_names(going_on)}, whose lease has ended.",
            "One of the others takes it over within moments; if not, its log says why.",
        )
    for command, left in of_nobody(facts.left_behind).items():
        text = f"Work is left by {_names(left)}, whose lease has ended"
        if living:
            yield wrong(
                "members",
                f"{text}, and none of those at work on it are of the same service.",
                f"Only `{command}` on this database goes on with it: let one run beside the others"
                " until nothing is left.",
            )
        else:
            yield note(
                "members", f"{text}.", f"Only `{command}` goes on with it: other roles do not."
            )


def _names(left: Sequence[LeftBehind]) -> str:
    return ", ".join(f"{each.node} ({each.holder})" for each in left)
