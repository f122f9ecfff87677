"""Signals by NOTIFY: they leave with the commit and reach every process that listens."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from sendwell.adapters.sql.direct import DirectConnection
from sendwell.ports.database import Unit, Write
from sendwell.ports.signals import Heard
from sendwell.runtime.postgres_rows import execute

_CHANNEL = "sendwell"
_MOST_BYTES = 7_000  # a payload may have 8,000; what is longer means: forget it all


class PostgresSignals:
    """See the port. Of many equal words in one transaction the server sends one."""

    def __init__(self, direct: DirectConnection) -> None:
        self._heard: dict[str, list[Heard]] = {}
        direct.listen(_CHANNEL, self._hear)

    def told(self, topic: str, words: Collection[str]) -> Unit:
        return [Write(_notify, [f"{topic}:{word}" for word in words])] if words else ()

    async def tell(self, topic: str, words: Collection[str]) -> None:
        """It went with the commit."""

    def listen(self, topic: str, heard: Heard) -> None:
        self._heard.setdefault(topic, []).append(heard)

    def _hear(self, payload: str | None) -> None:
        if payload is None:
            for each in self._heard.values():
                for heard in each:
                    heard(None)
            return
        topic, _, word = payload.partition(":")
        for heard in self._heard.get(topic, ()):
            heard(word or None)


def _notify(connection: Connection, payloads: Sequence[str]) -> None:
    given = [p if len(p.encode()) <= _MOST_BYTES else p.partition(":")[0] for p in payloads]
    text = "SELECT pg_notify($1,p) FROM (SELECT DISTINCT p FROM unnest($2::text[]) AS p) AS d"
    execute(connection, text, _CHANNEL, given)
