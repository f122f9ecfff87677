"""Sending again what was given up, where one success is enough for a recipient."""

from collections.abc import Mapping, Sequence

from sendwell.domain.ids import Part
from sendwell.domain.lifecycle import OPEN, State

_ARRIVED = frozenset({State.SENT, State.DELIVERED, State.COMPLAINED})


def reached_by(recipient: int, standing: Mapping[Part, State]) -> list[Part]:
    """The deliveries of a notification that have reached this recipient, or may yet.

    One that came back has not.
    """
    return sorted(
        part
        for part, state in standing.items()
        if part.recipient == recipient and (state in _ARRIVED or state in OPEN)
    )


def choose_again(given_up: Sequence[Part], standing: Mapping[Part, State]) -> list[Part]:
    """Which to send again of these deliveries of one notification, whose channels are tried in
    turn: those of one channel for each recipient whom nothing has reached, nor may yet.

    The first in `given_up` says which channel. No replay is followed by another channel, so where
    it dies the next time is the turn of the others.
    """
    turn = {part.recipient: part.channel for part in reversed(given_up)}
    return [
        part
        for part in given_up
        if part.channel == turn[part.recipient] and not reached_by(part.recipient, standing)
    ]
