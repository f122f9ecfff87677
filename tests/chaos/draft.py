"""What the producer asks for: requests of every shape that a crash could catch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Protocol

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LANES = ("critical", "high", "medium", "low")
_BATCHES, _LARGEST_BATCH = 0.05, 20
_SOONEST, _LATEST = 0.5, 3.0
_DOOMED = 0.4
TEMPLATE: Mapping[str, Any] = {
    "code": "chaos",
    "bodies": {
        "webhook": {"en": {"text": "Number {{ number }}"}},
        "email": {"en": {"subject": "Number {{ number }}", "text": "It is {{ number }}."}},
    },
    "publish": True,
}
"""The template that some of the requests name."""


class Addresses(Protocol):
    """Where the sinks can be reached."""

    def to(self, serial: int, recipient: int, *, is_gone: bool) -> dict[str, str]:
        """The addresses of one recipient of one request, by field; `is_gone`: its URL refuses."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """One request, ready to be asked: the same bytes every time."""

    serial: int
    body: bytes
    channels: tuple[str, ...]
    lane: str
    recipients: int = 1
    key: str | None = None
    id: str | None = None
    due: int | None = None
    is_doomed: bool = False
    """It will be cancelled, if it is not too late by then."""

    @property
    def is_repeatable(self) -> bool:
        """Whether the product can tell a second one from a new one."""
        return self.key is not None or self.id is not None


@dataclass(slots=True)
class Drafts:
    """Draws requests, by weight. Serials count from 1."""

    chance: Random
    addresses: Addresses
    _serial: int = field(default=0, init=False)

    def draw(self, now: int) -> Sequence[Draft]:
        """The next request, or a batch of them."""
        is_batch = self.chance.random() < _BATCHES
        return self.batch(now) if is_batch else [self._draw(now)]

    def batch(self, now: int) -> Sequence[Draft]:
        """Several requests at once."""
        return [self._draw(now) for _ in range(self.chance.randint(5, _LARGEST_BATCH))]

    def _draw(self, now: int) -> Draft:
        self._serial += 1
        make = self.chance.choices(
            (self._plain, self._scheduled, self._to_both, self._to_many, self._fallback),
            (50, 20, 10, 5, 15),
        )[0]
        return make(now)

    def _plain(self, _: int) -> Draft:
        channel = self.chance.choice(("webhook", "email"))
        return self._made((channel,), {"content": {"subject": "Chaos", "text": "Here it is."}})

    def _scheduled(self, now: int) -> Draft:
        due = now + int(self.chance.uniform(_SOONEST, _LATEST) * 1e6)
        fields = {"content": "Now is the time.", "send_at": _written(due)}
        return self._made(("webhook",), fields, due=due, is_doomed=self.chance.random() < _DOOMED)

    def _to_both(self, _: int) -> Draft:
        fields = {"template": TEMPLATE["code"], "data": {"number": self._serial}}
        return self._made(("webhook", "email"), fields)

    def _to_many(self, _: int) -> Draft:
        fields = {"content": "To all of you."}
        return self._made(("webhook", "email"), fields, recipients=self.chance.randint(2, 5))

    def _fallback(self, _: int) -> Draft:
        """The endpoint is gone, so that the other channel is planned when the first one dies."""
        fields = {"content": "By some way.", "routing": "fallback"}
        return self._made(("webhook", "email"), fields, is_gone=True)

    def _made(
        self,
        channels: tuple[str, ...],
        fields: Mapping[str, Any],
        *,
        recipients: int = 1,
        is_gone: bool = False,
        due: int | None = None,
        is_doomed: bool = False,
    ) -> Draft:
        lane = self.chance.choice(_LANES)
        to = [
            self.addresses.to(self._serial, number, is_gone=is_gone) for number in range(recipients)
        ]
        name = self._name()
        body = {
            "to": to[0] if recipients == 1 else to,
            "channels": channels,
            "priority": lane,
            "metadata": {"serial": self._serial},
            **fields,
            **name,
        }
        return Draft(
            serial=self._serial,
            body=msgspec.json.encode(body),
            channels=channels,
            lane=lane,
            recipients=recipients,
            key=name.get("idempotency_key"),
            id=name.get("id"),
            due=due,
            is_doomed=is_doomed,
        )

    def _name(self) -> dict[str, str]:
        """By what the product may know it again: a key, an id of ours, or nothing."""
        return self.chance.choices(
            ({"idempotency_key": f"order-{self._serial}"}, {"id": f"chaos-{self._serial}"}, {}),
            (50, 30, 20),
        )[0]


def _written(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).isoformat()
