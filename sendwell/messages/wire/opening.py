"""Reads our own messages from streams that others know: from headers, and the body they go with."""

from typing import TypeVar

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.headers import Told, invalid_header
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.organization import organization_of
from sendwell.messages.wire.outline import restored
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.seal import Seal
from sendwell.messages.wire.strict import json_object, refusal

REQUESTED = "requested"
TASK = "task"
COPY = "copy"
_requested = msgspec.json.Decoder(Requested)
_task = msgspec.json.Decoder(Task)
_found = msgspec.json.Decoder(dict[str, str])
_NOBODY = To()
_MOST_RECIPIENTS = 1_000_000
"""Of one notification. A limit on what a forged header could make us build, nothing more."""
T = TypeVar("T")


class Copy(msgspec.Struct, frozen=True, gc=False):
    """A request that was accepted by REST, written for others to see: there is nothing to do."""


class Opening:
    """Opens letters that `Carrier` wrote. With the same `secret`, or one `also`, only those."""

    def __init__(self, *, secret: bytes | None = None, also: bytes | None = None) -> None:
        self._seal = Seal(secret, also)

    def open(self, incoming: Incoming) -> Requested | Task | Copy | Quarantined | None:
        """What we wrote; None when it is not from us, and so may be somebody's request.

        Of a task's recipients only its own is known, the others are empty. In a letter that
        does not say how many there are, those behind it are not there.
        """
        if headers.KIND not in incoming.headers:
            return None
        try:
            return self._opened(incoming)
        except Invalid as error:
            return Quarantined.of(error)

    def _opened(self, incoming: Incoming) -> Requested | Task | Copy:
        if not self._seal.holds(incoming.body, incoming.headers):
            why = "It has our headers, but not our seal."
            raise refusal(Reason.UNPROVEN, why)
        kind = incoming.headers[headers.KIND]
        if kind == COPY:
            return Copy()
        if kind == REQUESTED:
            return self._whole(_read(_requested, headers.MESSAGE, incoming), incoming)
        if kind != TASK:
            raise invalid_header(headers.KIND, f"must be {REQUESTED}, {TASK} or {COPY}")
        task = _read(_task, headers.MESSAGE, incoming)
        many = task.recipients or task.recipient + 1
        if not 0 <= task.recipient < many <= _MOST_RECIPIENTS or len(task.request.to) != 1:
            raise invalid_header(headers.MESSAGE, "speaks of a recipient that there can't be")
        request = self._whole(task.request, incoming)
        to = [_NOBODY] * many
        to[task.recipient] = request.to[0]
        request = msgspec.structs.replace(request, to=tuple(to))
        return msgspec.structs.replace(task, request=request, recipients=0)

    def _whole(self, request: Requested, incoming: Incoming) -> Requested:
        """The request with what the body says. What bears no proof of being ours is read like a
        stranger's message, which must not be another organization's.
        """
        if not self._seal.is_proof:
            message, told = json_object(incoming.body), Told(incoming.headers)
            organization_of(message, told, proven=request.tenant, otherwise=None)
        found = _read(_found, headers.BODY, incoming)
        return restored(request, found, incoming.body)


def _read(decoder: msgspec.json.Decoder[T], name: str, incoming: Incoming) -> T:
    text = incoming.headers.get(name, "").encode(errors="surrogatepass")
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid_header(name, "is not what we write") from error
