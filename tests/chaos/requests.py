"""What was asked of the product over HTTP, and what it said to it."""

from collections import deque
from collections.abc import Sequence
from random import Random

import httpx2

from tests.chaos.clock import now
from tests.chaos.draft import Draft
from tests.chaos.evidence import Accepted, Cancelled
from tests.chaos.producer_log import ProducerLog

_ACCEPTED = 202
_JSON = {"content-type": "application/json"}
_REMEMBERED = 50
_MOST_REPEATS = 3


class Requests:
    """Asks, and keeps what follows from the answers. Only what is in the log is accepted.

    After a crash it knows what to ask again: what was not answered, where the product can know it
    again, and some of what was; the rest it forgets, as a careless service does.
    """

    def __init__(self, log: ProducerLog, chance: Random) -> None:
        self.refusals: list[str] = []
        self.accepted: set[int] = set()
        self._log = log
        self._chance = chance
        self._unanswered: list[Draft] = []
        self._answered: deque[Draft] = deque(maxlen=_REMEMBERED)
        self._doomed: list[tuple[Draft, str]] = []

    async def ask(self, client: httpx2.AsyncClient, drafts: Sequence[Draft]) -> None:
        """Ask for these, several as a batch. Raises TransportError when there is no answer."""
        try:
            ids = await self._ids(client, drafts)
        except httpx2.TransportError:
            self._unanswered += drafts
            raise
        answered = [(draft, id_) for draft, id_ in zip(drafts, ids, strict=True) if id_]
        self._log.write(*(_accepted(draft, id_) for draft, id_ in answered))
        for draft, id_ in answered:
            self._keep(draft, id_)

    async def cancel(self, client: httpx2.AsyncClient, draft: Draft, id_: str) -> None:
        """Cancel it, if it is not too late. Raises TransportError when there is no answer."""
        answer = await client.post(f"/api/v1/notifications/{id_}/cancel")
        if answer.is_success:
            parts = tuple(answer.json()["cancelled"])
            self._log.write(Cancelled(draft.serial, parts, now()))

    def to_repeat(self) -> list[Draft]:
        """What to ask once more; to be called once after a crash."""
        unanswered = [draft for draft in self._unanswered if draft.is_repeatable]
        self._unanswered.clear()
        count = min(_MOST_REPEATS, len(self._answered))
        return unanswered + self._chance.sample(list(self._answered), count)

    def to_cancel(self, most: int) -> list[tuple[Draft, str]]:
        """Some of what is to be cancelled, the oldest first, with its id; each is given once."""
        given, self._doomed = self._doomed[:most], self._doomed[most:]
        return given

    def _keep(self, draft: Draft, id_: str) -> None:
        if draft.serial in self.accepted:
            return
        self.accepted.add(draft.serial)
        if draft.is_repeatable:
            self._answered.append(draft)
        if draft.is_doomed:
            self._doomed.append((draft, id_))

    async def _ids(
        self, client: httpx2.AsyncClient, drafts: Sequence[Draft]
    ) -> Sequence[str | None]:
        """The id of each; None for one that was refused, which nothing here ever should be."""
        is_one = len(drafts) == 1
        body = drafts[0].body if is_one else b"[" + b",".join(d.body for d in drafts) + b"]"
        path = "/api/v1/notifications" if is_one else "/api/v1/notifications/batch"
        answer = await client.post(path, content=body, headers=_JSON)
        if answer.status_code != _ACCEPTED:
            self.refusals.append(f"{answer.status_code}: {answer.text}")
            return [None] * len(drafts)
        items = [answer.json()] if is_one else answer.json()["items"]
        self.refusals += [str(item) for item in items if item["status"] == "refused"]
        return [item.get("id") for item in items]


def _accepted(draft: Draft, id_: str) -> Accepted:
    return Accepted(
        serial=draft.serial,
        id=id_,
        key=draft.key,
        recipients=draft.recipients,
        channels=draft.channels,
        lane=draft.lane,
        at=now(),
        due=draft.due,
    )
