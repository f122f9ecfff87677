"""Moves an installation from its SQLite file to a PostgreSQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sendwell.adapters.sql.migration_status import PROMOTED, head, status_of, statuses_of
from sendwell.adapters.sql.promotion.source import Source, open_alone, open_beside
from sendwell.adapters.system import SystemClock
from sendwell.bootstrap.database import TABLES
from sendwell.bootstrap.homes import Home, bring_up_to_date, opened, prepare
from sendwell.domain.errors import Conflict, Invalid
from sendwell.domain.ids import COUNTER_BITS
from sendwell.settings import Url, require_driver

if TYPE_CHECKING:
    from sendwell.adapters.sql.promotion.moving import Moved
    from sendwell.adapters.sql.promotion.shape import Shape
    from sendwell.adapters.sql.promotion.target import Target

Tell = Callable[[str, str, int, int], None]
"""Hears what is done, with which table, how many of its rows are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What one attempt came to: the rows it has copied, and the tables once they are compared.

    None are compared when it only went ahead.
    """

    copied: int
    tables: Sequence["Moved"] = ()

    @property
    def rows(self) -> int:
        """All that were compared."""
        return sum(each.rows for each in self.tables)


async def promote(file: Path, url: Url, *, is_ahead: bool, tell: Tell) -> Promotion:
    """All of the file is on that PostgreSQL, and nothing can be started on the file any more.

    The file's name, from the root, is what a promotion is known by: an attempt that was interrupted
    is gone on with. With `is_ahead` only what is there is copied, while others work on the file;
    what they change afterwards is for the next attempt.
    Raises Conflict when something is at work on either side, when the target holds other data, when
    versions differ, and when both sides do not agree at the end; Unavailable, Invalid.
    """
    require_driver("--to", url)
    if "pooled=true" in url.text:
        raise Invalid("--to leads to a pooler; name the server itself, without pooled=true.")
    from sendwell.adapters.sql.promotion import run
    from sendwell.adapters.sql.promotion.ids import claim_ids
    from sendwell.adapters.sql.promotion.target import open_target

    name, opening = str(file), open_beside if is_ahead else open_alone
    with opening(file) as source:
        async with open_target(url.text) as (target, connection):
            await run.take_turn(connection)
            is_resumed = await _is_resumed(connection, name)
            _check(source, file, is_resumed=is_resumed)
            await _make_ready(Home(url, url, TABLES), source, is_resumed=is_resumed, tell=tell)
            await run.refuse_members(connection)
            shapes = await target.shapes(source)
            if not is_resumed:
                await run.begin(connection, shapes, source=name, now=SystemClock().now())
            if is_ahead:
                return Promotion(await _copy(source, target, shapes, tell=tell))
            promotion = await _move(source, target, shapes, tell=tell)
            await claim_ids(source, target, shapes)
            source.close_for_good()  # from here on until the end nobody can send anything
            await run.end(connection, shapes, now=SystemClock().now())
            return promotion


async def _is_resumed(connection: Any, name: str) -> bool:
    from sendwell.adapters.sql.promotion import run

    before = await run.standing(connection)
    if before is None or before.is_ended:
        return False
    if before.source != name:
        raise Conflict(
            f"The promotion of {before.source} into this database has not ended. Go on with that"
            " one, or take another database."
        )
    return True


def _check(source: Source, file: Path, *, is_resumed: bool) -> None:
    """Raise Conflict for a file that was moved before, or is of another version."""
    found = [status_of(owner, folder, source.revision(owner)) for owner, folder in TABLES.items()]
    if any(each.revision == PROMOTED for each in found):
        if is_resumed:
            return
        raise Conflict(f"{file} was moved by `sendwell promote` before. Set DB_URL, and start.")
    other = [each for each in found if each.revision != head(TABLES[each.owner])]
    if newer := [each.owner for each in other if not each.pending]:
        raise Conflict(
            f"The tables of {', '.join(newer)} in {file} were made by a newer Sendwell: move it"
            " with that version."
        )
    if other:
        named = ", ".join(each.owner for each in other)
        raise Conflict(
            f"The tables of {named} in {file} are not those of this version. Run"
            f" `sendwell migrate --data {file.parent}`, and come again."
        )


async def _make_ready(home: Home, source: Source, *, is_resumed: bool, tell: Tell) -> None:
    """The target has all tables, walls, and partitions for the oldest row."""

    def say(owner: str, what: str) -> None:
        tell(what, owner, 0, 0)

    first = source.first_position()
    since = None if first is None else (first >> COUNTER_BITS) * 1000
    async with opened(home) as upkeep:
        if is_resumed:
            rest = {owner: folder for owner, folder in TABLES.items() if owner != "cluster"}
            found = await upkeep.run(lambda connection: statuses_of(connection, rest))
            if any(each.pending or not each.is_known for each in found):
                raise Conflict(
                    "This promotion was begun by another version of Sendwell: end it with that one,"
                    " or begin anew in an empty database."
                )
        else:
            await bring_up_to_date(upkeep, home, tell=say)
        await prepare(upkeep, home, tell=say, since=since)


async def _copy(source: Source, target: "Target", shapes: Sequence["Shape"], *, tell: Tell) -> int:
    from sendwell.adapters.sql.promotion.moving import copy

    return sum([await copy(source, target, each, tell=partial(tell, "copy")) for each in shapes])


async def _move(
    source: Source, target: "Target", shapes: Sequence["Shape"], *, tell: Tell
) -> Promotion:
    from sendwell.adapters.sql.promotion.moving import compare, drop_stale

    for shape in shapes:
        await drop_stale(source, target, shape)
    copied = await _copy(source, target, shapes, tell=tell)
    told = partial(tell, "compare")
    return Promotion(copied, [await compare(source, target, each, tell=told) for each in shapes])
