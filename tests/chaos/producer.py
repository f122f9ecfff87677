"""A service that wants people told: steadily, with repetitions, changing its mind now and then."""

import asyncio
from collections import deque
from collections.abc import Sequence
from random import Random

import httpx2

from tests.chaos.clock import now
from tests.chaos.draft import Draft, Drafts
from tests.chaos.evidence import Accepted, Cancelled
from tests.chaos.producer_log import ProducerLog

_REMEMBERED = 50
_MOST_REPEATS = 3
_ACCEPTED = 202


class Producer:
    """Asks at a steady rate. Counts as accepted only what is in its log.

    After a crash it asks again for what was not answered, where the product can know it again, and
    for some of what was; the rest it forgets, as a careless service does.
    """

    def __init__(
        self, drafts: Drafts, log: ProducerLog, chance: Random, *, per_second: float
    ) -> None:
        self.refusals: list[str] = []
        self.accepted = 0
        self._drafts = drafts
        self._log = log
        self._chance = chance
        self._seconds = 1 / per_second
        self._unanswered: list[Draft] = []
        self._answered: deque[Draft] = deque(maxlen=_REMEMBERED)
        self._doomed: list[tuple[Draft, str]] = []
        self._hurries = asyncio.Event()
        self._is_over = asyncio.Event()

    async def run(self, client: httpx2.AsyncClient) -> None:
        """Produce until the product is gone, or `stop`."""
        self._is_over.clear()
        async with asyncio.TaskGroup() as group:
            for draft in self._repeats():
                group.create_task(self._ask(client, [draft], is_repeat=True))
            while not self._is_over.is_set():
                hurries = self._hurries.is_set()
                drafts = self._drafts.batch(now()) if hurries else self._drafts.draw(now())
                group.create_task(self._ask(client, drafts))
                for draft, id_ in self._to_cancel(all_=hurries):
                    group.create_task(self._cancel(client, draft, id_))
                await self._wait(len(drafts) * self._seconds)

    def hurry(self) -> None:
        """Ask for a batch at this moment, and cancel everything that is to be cancelled."""
        self._hurries.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._is_over.set()
        self._hurries.set()

    def _repeats(self) -> list[Draft]:
        unanswered = [draft for draft in self._unanswered if draft.is_repeatable]
        self._unanswered.clear()
        count = min(_MOST_REPEATS, len(self._answered))
        return unanswered + self._chance.sample(list(self._answered), count)

    async def _ask(
        self, client: httpx2.AsyncClient, drafts: Sequence[Draft], *, is_repeat: bool = False
    ) -> None:
        try:
            ids = await self._ids(client, drafts)
        except httpx2.TransportError:
            self._unanswered += drafts
            self.stop()
            return
        accepted = [
            _accepted(draft, id_) for draft, id_ in zip(drafts, ids, strict=True) if id_ is not None
        ]
        self._log.write(*accepted)
        if not is_repeat:
            self.accepted += len(accepted)
            self._answered += [draft for draft in drafts if draft.is_repeatable]
        for draft, id_ in zip(drafts, ids, strict=True):
            if draft.cancel_after is not None and id_ is not None and not is_repeat:
                await self._cancel(client, draft, id_)

    async def _ids(
        self, client: httpx2.AsyncClient, drafts: Sequence[Draft]
    ) -> Sequence[str | None]:
        """The id of each that was accepted."""
        is_one = len(drafts) == 1
        body = drafts[0].body if is_one else b"[" + b",".join(d.body for d in drafts) + b"]"
        path = "/api/v1/notifications" if is_one else "/api/v1/notifications/batch"
        headers = {"content-type": "application/json"}
        answer = await client.post(path, content=body, headers=headers)
        if answer.status_code != _ACCEPTED:
            self.refusals.append(f"{answer.status_code}: {answer.text}")
            return [None] * len(drafts)
        items = [answer.json()] if is_one else answer.json()["items"]
        self.refusals += [str(item) for item in items if item["status"] == "refused"]
        return [item.get("id") for item in items]

    async def _cancel(self, client: httpx2.AsyncClient, draft: Draft, id_: str) -> None:
        await self._wait(draft.cancel_after or 0)
        if self._is_over.is_set():
            return
        try:
            answer = await client.post(f"/api/v1/notifications/{id_}/cancel")
        except httpx2.TransportError:
            self.stop()
            return
        if answer.is_success:  # otherwise it was too late, which is an answer too
            parts = tuple(answer.json()["cancelled"])
            self._log.write(Cancelled(draft.serial, parts, now()))

    async def _wait(self, seconds: float) -> None:
        """Wait so long, or until it is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._is_over.wait()
        except TimeoutError:
            pass


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
