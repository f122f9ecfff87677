"""A person in messages that could not be taken; see the port Keeper."""

import re
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Executable, Row, select, update

from sendwell.domain.instant import rfc3339_or_none
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.ports.database import Database
from sendwell.ports.keepers import Erased, Item, Told, Whom
from sendwell.runtime.quarantine.tables import QUARANTINE
from sendwell.runtime.reading import read_portion

_AT_ONCE = 200
_ESCAPE = re.compile(r"(?:\\u[0-9a-f]{4})+|\\/")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Quarantine).decode


class QuarantineKeeper:
    """Nobody could read these messages, so the person is looked for in their bytes.

    Only where it is known whose they are: without a tenant, nobody can say that this id is theirs.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        theirs, more = await self._step(whom, after)
        return Told(
            [Item("quarantined_message", _document(row, kept)) for row, kept in theirs], more
        )

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """Body and headers go; that there was a message, and why it was not taken, stays."""
        theirs, more = await self._step(whom, after)
        if theirs:
            await self._database.execute(*(_emptying(row.id, kept) for row, kept in theirs))
        return Erased(len(theirs), more)

    async def _step(
        self, whom: Whom, after: str | None
    ) -> tuple[list[tuple[Row[Any], Quarantine]], str | None]:
        rows, last = await read_portion(
            self._database,
            select(QUARANTINE).where(
                QUARANTINE.c.tenant == whom.tenant, QUARANTINE.c.id > int(after or 0)
            ),
            key=QUARANTINE.c.id,
            long=QUARANTINE.c.kept,
            limit=_AT_ONCE,
        )
        marks = _marks(whom)
        found = ((row, _decode(row.kept)) for row in rows)
        theirs = [
            (row, kept)
            for row, kept in found
            if _mentions(kept, marks) or kept.key.endswith(f"/{whom.user_id}")
        ]
        return theirs, None if last is None else str(last)


def _marks(whom: Whom) -> Sequence[str]:
    """An id counts as a whole JSON text only, for `7` stands in most messages."""
    addresses = (address.lower() for _, address in whom.addresses)
    return msgspec.json.encode(whom.user_id).decode().lower(), *addresses


def _mentions(kept: Quarantine, marks: Collection[str]) -> bool:
    headers = msgspec.json.encode(list(kept.headers.values()))
    text = (kept.body + headers).decode(errors="replace").lower()
    return any(mark in written for written in {text, _unescaped(text)} for mark in marks)


def _unescaped(text: str) -> str:
    """Without the escapes of JSON that some producers write where there need be none."""
    return _ESCAPE.sub(_character, text).lower() if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    if escape[0] == "\\/":
        return "/"
    return bytes.fromhex(escape[0].replace("\\u", "")).decode("utf-16-be", "replace")


def _emptying(number: int, kept: Quarantine) -> Executable:
    without = msgspec.structs.replace(kept, body=b"", headers={}, key="")
    return update(QUARANTINE).where(QUARANTINE.c.id == number).values(kept=_encode(without))


def _document(row: Row[Any], kept: Quarantine) -> dict[str, object]:
    """Not the bytes: nobody could read them, so they may be about others as well."""
    return {
        "number": row.id,
        "stream": row.stream,
        "reason": row.reason,
        "size_bytes": len(kept.body),
        "at": rfc3339_or_none(row.at),
    }
