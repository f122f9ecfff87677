"""What some events come to, and how it is taken apart where it cannot go on record as one."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import msgspec

from sendwell.domain.lifecycle import State
from sendwell.messages.dead import Dead
from sendwell.messages.status import Status
from sendwell.messages.task import Task

_Delivery = tuple[int, str]
_UNSTORABLE = "us.unstorable"
_TEXT = "What the provider said of it could not be stored."


@dataclass(slots=True, eq=False)
class Book:
    """Moves of deliveries in their order, the work that ends by them, and the work that waits."""

    said: list[Status | Dead] = field(default_factory=list)
    finished: list[Task] = field(default_factory=list)
    waiting: list[Task] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.finished) + len(self.waiting)

    def halves(self) -> "list[Book]":
        """Two of about the same size; none where it is about one delivery alone."""
        deliveries = list(dict.fromkeys((said.position, said.part) for said in self.said))
        if len(deliveries) < 2:  # noqa: PLR2004 - it is a half
            return []
        first = {*deliveries[: len(deliveries) // 2]}
        return self._parted(first)

    def by_ends(self) -> "list[Book]":
        """What goes on or went well, and what has ended in failure, which others may have to plan
        anew; none where it is not both.
        """
        well = {(said.position, said.part) for said in self.said}
        well -= {(said.position, said.part) for said in self.said if _is_failure(said)}
        parts = self._parted(well)
        return parts if all(part.said for part in parts) else []

    def in_our_words(self) -> "Book":
        """The same, without anything that a provider has said."""
        said, waiting = [*map(_plain, self.said)], [*map(_put_off, self.waiting)]
        return Book(said, self.finished, waiting)

    def _parted(self, first: Collection[_Delivery]) -> "list[Book]":
        return [self._only(lambda each: each in first), self._only(lambda each: each not in first)]

    def _only(self, wanted: Callable[[_Delivery], bool]) -> "Book":
        return Book(
            [said for said in self.said if wanted((said.position, said.part))],
            *(
                [task for task in tasks if wanted((task.request.position, task.part))]
                for tasks in (self.finished, self.waiting)
            ),
        )


def _is_failure(said: Status | Dead) -> bool:
    return isinstance(said, Dead) or said.state in {State.DEAD, State.SUPPRESSED}


def _plain(said: Status | Dead) -> Status | Dead:
    code, text = said.code and _UNSTORABLE, said.text and _TEXT
    if isinstance(said, Dead):
        return msgspec.structs.replace(said, code=code, text=text)
    return msgspec.structs.replace(said, code=code, text=text, reference=None)


def _put_off(task: Task) -> Task:
    if task.state is not State.RETRYING:  # a rule of ours has held it
        return task
    return msgspec.structs.replace(task, reason=task.reason and _UNSTORABLE)
