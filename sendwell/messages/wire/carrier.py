"""Writes requests, tasks and dead letters to streams that others know.

The body is the producer's JSON, unchanged, where there is any; what we know besides stands in
headers.
"""

from collections.abc import Mapping

import msgspec

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_of, rfc3339_or_none
from sendwell.domain.lane import BY_NUMBER
from sendwell.domain.presets.naming import Share
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.contract import VERSION
from sendwell.messages.wire.fields import label_of, present
from sendwell.messages.wire.letter import Letter, key_of
from sendwell.messages.wire.opening import COPY, REQUESTED, TASK
from sendwell.messages.wire.outline import Found, outline
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.messages.wire.seal import Seal

_encode = msgspec.json.Encoder().encode
_LONGEST_TEXT = 1_000
Headers = dict[str, str]


class Carrier:
    """Writes the letters of one preset. `opening` reads them again, on our side.

    Without an original by the preset's contract, or where it speaks of several recipients and a
    task is for one of them, the same is said in the words of the contract; of a request to several,
    these name the first one only, and the headers all of them.
    """

    def __init__(self, preset: Preset, *, secret: bytes | None = None) -> None:
        self._preset = preset
        self._contract = CONTRACTS[preset.name]
        self._seal = Seal(secret)

    def requested(self, request: Requested) -> Letter:
        """A request that came by REST, where those look for it who read the requested stream.

        A header says that it is a copy: whoever accepts requests passes it over.
        """
        body = self._body_for_all(request)
        sealed = self._seal.seal(body, {headers.KIND: COPY})
        return self._letter(LogicalStream.REQUESTED, request, body, {**_known(request), **sealed})

    def accepted(self, request: Requested) -> Letter:
        """A request that was accepted, on the stream of its lane where there is one."""
        body = self._body_for_all(request)
        plain, found = outline(request, body)
        sealed = self._sealed(REQUESTED, _encode(plain), found, body)
        known = {**_known(request), headers.LANE: label_of(request.lane)}
        return self._letter(LogicalStream.ACCEPTED, request, body, {**known, **sealed})

    def task(self, task: Task) -> Letter:
        """A delivery to be made, on the stream of its channel where there is one."""
        return self._task(LogicalStream.TASK, task)

    def retry(self, task: Task) -> Letter:
        """A delivery to be tried again when it is due."""
        return self._task(LogicalStream.RETRY, task)

    def dead(self, dead: Dead, task: Task) -> Letter:
        """A delivery that was given up. It is no task any more: a replay is a command."""
        body = self._body_of(task)
        why = present(
            **{
                headers.CAUSE: dead.cause,
                headers.CODE: dead.code,
                headers.TEXT: dead.text,
                headers.PROVIDER: dead.provider,
                headers.AT: rfc3339_of(dead.at),
            }
        )
        told = {name: _line(str(value)) for name, value in why.items()}
        return self._letter(
            LogicalStream.DEAD, task.request, body, {**_known_of(task), **told}, task=task
        )

    def _task(self, stream: LogicalStream, task: Task) -> Letter:
        body = self._body_of(task)
        request = msgspec.structs.replace(task.request, to=(task.request.to[task.recipient],))
        plain, found = outline(request, body)
        many = len(task.request.to)
        message = _encode(msgspec.structs.replace(task, request=plain, work=0, recipients=many))
        sealed = self._sealed(TASK, message, found, body)
        return self._letter(stream, task.request, body, {**_known_of(task), **sealed}, task=task)

    def _body_for_all(self, request: Requested) -> bytes:
        return self._original(request) or self._composed(request, request.to[0], None)

    def _body_of(self, task: Task) -> bytes:
        request = task.request
        original = self._original(request) if len(request.to) == 1 else None
        return original or self._composed(request, request.to[task.recipient], task.channel)

    def _original(self, request: Requested) -> bytes | None:
        """What the producer wrote; None where that is unknown, or in the words of another preset,
        which was in force then.
        """
        original = request.original
        if original is None or original.schema != self._contract.schema:
            return None
        return bytes(original.body)

    def _composed(self, request: Requested, to: To, channel: ChannelName | None) -> bytes:
        return _encode(self._contract.message.of(request, to, channel))

    def _sealed(self, kind: str, message: bytes, found: Found, body: bytes) -> Headers:
        return self._seal.seal(
            body,
            {
                headers.KIND: kind,
                headers.MESSAGE: message.decode(),
                headers.BODY: _encode(found).decode(),
            },
        )

    def _letter(
        self,
        stream: LogicalStream,
        request: Requested,
        body: bytes,
        told: Mapping[str, str],
        *,
        task: Task | None = None,
    ) -> Letter:
        share = Share(task.channel if task else None, BY_NUMBER[request.lane])
        to = request.to[task.recipient if task else 0]
        return Letter(
            self._preset.physical(stream, share),
            f"{request.tenant}:{_name_of(request, task)}:{stream}",
            key_of(self._preset.partition_by, request.tenant, to),
            body,
            told,
        )


def _name_of(request: Requested, task: Task | None) -> str:
    if task is None:
        return request.id
    return f"{request.id}.{task.part}:{task.attempt}:{task.due}"


def _known(request: Requested) -> Headers:
    """What anybody may want to know of a request without reading it."""
    told = present(
        **{
            headers.ORGANIZATION: request.tenant,
            headers.NOTIFICATION: request.id,
            headers.CORRELATION: request.correlation_id or request.id,
            headers.TRACEPARENT: request.traceparent,
            headers.SOURCE: request.source,
            headers.SCHEMA_VERSION: str(VERSION),
            headers.CONTENT_TYPE: "application/json",
        }
    )
    return {name: _line(str(value)) for name, value in told.items()}


def _known_of(task: Task) -> Headers:
    """The same of a task."""
    key = DeliveryKey.of(task.request.tenant, task.request.id, task.part)
    told = {
        **_known(task.request),
        headers.IDEMPOTENCY: str(key),
        headers.CHANNEL: task.channel,
        headers.LANE: label_of(task.request.lane),
        headers.PART: task.part,
        headers.ATTEMPT: str(task.attempt),
    }
    due = rfc3339_or_none(task.due)
    return told if due is None else {**told, headers.DUE: due}


def _line(text: str) -> str:
    """The text on one line that every broker takes as a header."""
    if text.isprintable() and len(text) <= _LONGEST_TEXT:
        return text
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line[:_LONGEST_TEXT]
