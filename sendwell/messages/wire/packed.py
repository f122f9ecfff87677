"""Writes what travels on streams that are ours alone: many in one message, sealed."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from zlib import crc32

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.domain.presets.naming import WHOLE, PhysicalName, Share
from sendwell.domain.presets.preset import Partition, Preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.extract import Extract
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.letter import Letter, key_of
from sendwell.messages.wire.said_once import is_repeated, make_whole, said_once
from sendwell.messages.wire.seal import Seal

_EXTRACT, _REQUESTS, _TASKS = "extract", "requests", "tasks"
_SAID_ONCE = "-said-once"
"""Behind the kind, where some tasks only name their request."""
_LOTS = 32
"""More than a topic has partitions as a rule; each lot is a letter of its own in every batch."""
_extracts = msgspec.json.Decoder(Extract)
_requests = msgspec.json.Decoder(list[Requested])
_tasks = msgspec.json.Decoder(list[Task])
T = TypeVar("T")


class Packer:
    """Packs letters of one preset and opens them again, where both know the `secret`.

    What was packed with the secret `also` is opened, too.
    Tasks go by the names of the preset `tasks_by`.
    """

    def __init__(
        self,
        preset: Preset,
        *,
        secret: bytes | None,
        also: bytes | None = None,
        tasks_by: Preset,
    ) -> None:
        self._preset = preset
        self._tasks_by = tasks_by
        self._seal = Seal(secret, also)

    def extract(self, extract: Extract, *, key: str) -> Letter:
        """For everybody who keeps a copy; what has the same `key` stays in order."""
        kind = _EXTRACT
        if is_repeated(extract.tasks):
            kind += _SAID_ONCE
            extract = msgspec.structs.replace(extract, tasks=tuple(said_once(extract.tasks)))
        body = msgspec.json.encode(extract)
        stream = self._preset.physical(LogicalStream.HISTORY, WHOLE)
        return self._letter(stream, id_=extract.id, key=key, body=body, kind=kind)

    def lot_of(self, request: Requested) -> str:
        """What has the same one may go in one letter, and stays in order: a tenant's requests, or
        those to some of its recipients.
        """
        key = key_of(self._preset.partition_by, request.tenant, request.to[0])
        return key if key == request.tenant else f"{request.tenant}/{crc32(key.encode()) % _LOTS}"

    def requests(self, requests: Sequence[Requested], *, id_: str) -> Letter:
        """For the planner; they are of one lot."""
        stream = self._preset.physical(LogicalStream.ACCEPTED, WHOLE)
        body = msgspec.json.encode(requests)
        key = self.lot_of(requests[0])
        return self._letter(stream, id_=id_, key=key, body=body, kind=_REQUESTS)

    def tasks(self, tasks: Sequence[Task], *, id_: str) -> Letter:
        """For who delivers by their channel, which is one; their requests are whole.

        There they wait in lanes and turns, so no order is kept with recipients.
        """
        share = Share(channel=tasks[0].channel)
        stream = self._tasks_by.physical(LogicalStream.TASK, share)
        kind = _TASKS
        if is_repeated(tasks):
            kind += _SAID_ONCE
            tasks = said_once(tasks)
        body = msgspec.json.encode(tasks)
        is_shared_out = self._preset.partition_by is Partition.USER
        key = id_ if is_shared_out else tasks[0].request.tenant
        return self._letter(stream, id_=id_, key=key, body=body, kind=kind)

    def open_extract(self, body: bytes, told: Mapping[str, str]) -> Extract:
        """The extract that was packed. Raises Invalid for what is not from us."""
        extract = self._opened(_EXTRACT, _extracts, body, told)
        _complete(extract.tasks, told)
        return extract

    def open_requests(self, body: bytes, told: Mapping[str, str]) -> list[Requested]:
        """The requests that were packed. Raises Invalid for what is not from us."""
        return self._opened(_REQUESTS, _requests, body, told)

    def open_tasks(self, body: bytes, told: Mapping[str, str]) -> list[Task]:
        """The tasks that were packed. Raises Invalid for what is not from us."""
        tasks = self._opened(_TASKS, _tasks, body, told)
        _complete(tasks, told)
        return tasks

    def _opened(
        self, kind: str, decoder: msgspec.json.Decoder[T], body: bytes, told: Mapping[str, str]
    ) -> T:
        if not self._seal.holds(body, told):
            raise Invalid("It does not bear our seal.")
        if told.get(headers.KIND, "").removesuffix(_SAID_ONCE) != kind:
            raise Invalid(f"It holds {told.get(headers.KIND)!r}, and {kind!r} is read here.")
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Invalid(f"It cannot be read: {error}.") from error

    def _letter(
        self, stream: PhysicalName, *, id_: str, key: str, body: bytes, kind: str
    ) -> Letter:
        return Letter(stream, id_, key, body, self._seal.seal(body, {headers.KIND: kind}))


def _complete(tasks: Sequence[Task], told: Mapping[str, str]) -> None:
    if told[headers.KIND].endswith(_SAID_ONCE):
        make_whole(tasks)
