"""Writes extracts and tasks to streams that are ours alone: many in one message, sealed."""

from collections.abc import Sequence

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.domain.presets.naming import WHOLE, PhysicalName, Share
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages import extract as codec
from sendwell.messages.extract import Extract
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.seal import Seal

_EXTRACT, _TASKS = "extract", "tasks"
_tasks = msgspec.json.Decoder(list[Task])


class Packer:
    """Packs letters of one preset and opens them again, where both know the `secret`.

    Tasks go by the names of the preset `tasks_by`.
    """

    def __init__(self, preset: Preset, *, secret: bytes | None, tasks_by: Preset) -> None:
        self._preset = preset
        self._tasks_by = tasks_by
        self._seal = Seal(secret)

    def extract(self, extract: Extract, *, key: str) -> Letter:
        """For everybody who keeps a copy; what has the same `key` stays in order."""
        body = codec.encode(extract)
        stream = self._preset.physical(LogicalStream.HISTORY, WHOLE)
        return self._letter(stream, id_=extract.id, key=key, body=body, kind=_EXTRACT)

    def tasks(self, tasks: Sequence[Task], *, id_: str) -> Letter:
        """For who delivers by their channel, which is one; their requests are whole."""
        share = Share(channel=tasks[0].channel)
        stream = self._tasks_by.physical(LogicalStream.TASK, share)
        body = msgspec.json.encode(tasks)
        key = tasks[0].request.tenant
        return self._letter(stream, id_=id_, key=key, body=body, kind=_TASKS)

    def opened(self, body: bytes, told: dict[str, str]) -> Extract | list[Task]:
        """What was packed. Raises Invalid for what is not from us."""
        if not self._seal.holds(body, told):
            raise Invalid("It does not bear our seal.")
        try:
            match told.get(headers.KIND):
                case "extract":
                    return codec.decode(body)
                case "tasks":
                    return _tasks.decode(body)
                case kind:
                    raise Invalid(f"There is no packed message of the kind {kind!r}.")
        except (msgspec.DecodeError, RecursionError) as error:
            raise Invalid(f"It cannot be read: {error}.") from error

    def _letter(
        self, stream: PhysicalName, *, id_: str, key: str, body: bytes, kind: str
    ) -> Letter:
        return Letter(stream, id_, key, body, self._seal.seal(body, {headers.KIND: kind}))
