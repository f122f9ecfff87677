"""What was asked of the product, and what it said to it."""

from collections import deque
from collections.abc import Sequence
from random import Random

from tests.chaos.clock import now
from tests.chaos.doors.door import Answer, Door, GoneError, Refused, Taken, Unheard
from tests.chaos.doors.http import HttpDoor
from tests.chaos.draft import Draft
from tests.chaos.evidence import Accepted, Cancelled
from tests.chaos.producer_log import ProducerLog

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
        self.cancels: set[int] = set()
        self._log = log
        self._chance = chance
        self._unanswered: list[Draft] = []
        self._answered: deque[Draft] = deque(maxlen=_REMEMBERED)
        self._doomed: list[tuple[Draft, str]] = []

    async def ask(self, door: Door, drafts: Sequence[Draft]) -> None:
        """Ask for these. Raises GoneError when there is no answer."""
        try:
            answers = await door.ask(drafts)
        except GoneError:
            self._unanswered += drafts
            raise
        heard = list(zip(drafts, answers, strict=True))
        taken = [(draft, answer) for draft, answer in heard if isinstance(answer, Taken)]
        self._log.write(*(_accepted(draft, answer.id) for draft, answer in taken))
        for draft, answer in heard:
            self._keep(draft, answer)

    async def cancel(self, door: HttpDoor, draft: Draft, id_: str) -> None:
        """Cancel it, if it is not too late. Raises GoneError when there is no answer."""
        self.cancels.add(draft.serial)
        if (parts := await door.cancel(id_)) is not None:
            self._log.write(Cancelled(draft.serial, parts, now()))

    def to_repeat(self) -> list[Draft]:
        """What to ask once more: what was not answered, and some of what was."""
        count = min(_MOST_REPEATS, len(self._answered))
        return self.unanswered() + self._chance.sample(list(self._answered), count)

    def unanswered(self) -> list[Draft]:
        """What got no answer and can be known again; each is given once."""
        unanswered = [draft for draft in self._unanswered if draft.is_repeatable]
        self._unanswered.clear()
        return unanswered

    def to_cancel(self, most: int) -> list[tuple[Draft, str]]:
        """Some of what is to be cancelled, the oldest first, with its id; each is given once."""
        given, self._doomed = self._doomed[:most], self._doomed[most:]
        return given

    def _keep(self, draft: Draft, answer: Answer) -> None:
        match answer:
            case Refused(text):
                self.refusals.append(text)
            case Unheard():
                self._unanswered.append(draft)
            case Taken(id_) if draft.serial not in self.accepted:
                self._remember(draft, id_)

    def _remember(self, draft: Draft, id_: str | None) -> None:
        self.accepted.add(draft.serial)
        if draft.is_repeatable:
            self._answered.append(draft)
        if draft.is_doomed and id_ is not None:
            self._doomed.append((draft, id_))


def _accepted(draft: Draft, id_: str | None) -> Accepted:
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
