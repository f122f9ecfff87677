"""What each of the ways that lead to a place in a template says of it."""

from dataclasses import dataclass

Answers = frozenset[bool]


@dataclass(slots=True)
class _Fork:
    before: Answers
    after: Answers = frozenset()
    """At the ends of the branches so far."""


class Branches:
    """A question of yes or no, answered for every way through `if` and `for`.

    The first round of a loop stands for all of them: who asks sees to it that they begin alike.
    """

    def __init__(self, first: bool) -> None:
        self.here: Answers = frozenset({first})
        self._forks: list[_Fork] = []

    def take(self, statement: str) -> None:
        """Go on behind the statement."""
        match statement.split(maxsplit=1)[0]:
            case "if" | "for":
                self._forks.append(_Fork(self.here))
            case "elif":
                self._leave(self._forks[-1])
            case "else":
                fork = self._forks[-1]
                self._leave(fork)
                fork.before = frozenset()  # no way leads past all branches any more
            case "endif" | "endfor":
                fork = self._forks.pop()
                self.here |= fork.after | fork.before

    def _leave(self, fork: _Fork) -> None:
        fork.after |= self.here
        self.here = fork.before
