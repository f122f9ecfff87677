"""Which tasks a letter of ours hands on, by whichever stream."""

from collections.abc import Sequence
from contextlib import suppress

from sendwell.domain.errors import Invalid
from sendwell.domain.lifecycle import State
from sendwell.messages.task import Task
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.packed import Packer


def tasks_in(letter: Letter, *, packer: Packer, opening: Opening) -> Sequence[Task]:
    """None where it tells of something else; what is tried again, whoever has it only tells of."""
    with suppress(Invalid):
        return packer.open_tasks(letter.body, letter.headers)
    found = opening.open(Incoming(letter.body, letter.headers, letter.id))
    return [found] if isinstance(found, Task) and found.state is not State.RETRYING else []
