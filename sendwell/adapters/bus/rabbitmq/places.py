"""Where messages lay: RabbitMQ does not number them, so we do as they are handed out."""

import uuid
from collections import defaultdict, deque
from hashlib import blake2b

from aiormq.abc import DeliveredMessage

_NAME_LENGTH = 12
_Digest = bytes


class Places:
    """Those of one queue, as one member knows them. No two messages have the same.

    What was given back and comes again is known by what is in it. That is forgotten as soon as
    something comes for the first time: what was given back comes before that, here or to others.
    """

    def __init__(self, queue: str) -> None:
        self._name = f"{queue}@{uuid.uuid4().hex[:_NAME_LENGTH]}"
        self._count = 0
        self._handed_out: list[tuple[DeliveredMessage, str]] = []
        self._given_back: dict[_Digest, deque[str]] = defaultdict(deque)

    def hand_out(self, message: DeliveredMessage) -> str:
        """Its place."""
        place = self._known(message) if self._given_back else None
        if place is None:
            self._count += 1
            place = f"{self._name}/{self._count}"
        self._handed_out.append((message, place))
        return place

    def acknowledge(self) -> None:
        """What was handed out never comes again."""
        self._handed_out.clear()

    def give_back(self) -> None:
        """What was handed out, and not acknowledged, comes again."""
        for message, place in self._handed_out:
            self._given_back[_digest(message)].append(place)
        self._handed_out.clear()

    def _known(self, message: DeliveredMessage) -> str | None:
        if not message.redelivered:
            self._given_back.clear()
            return None
        places = self._given_back.get(_digest(message))
        return places.popleft() if places else None


def _digest(message: DeliveredMessage) -> _Digest:
    properties = message.header.properties
    about = f"{properties.message_id} {properties.timestamp}"
    return blake2b(message.body, digest_size=16, key=about.encode(errors="replace")[:64]).digest()
