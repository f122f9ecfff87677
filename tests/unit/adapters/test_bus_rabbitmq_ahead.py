"""How many messages RabbitMQ may push ahead."""

from collections import deque

import pytest

from sendwell.adapters.bus.rabbitmq.ahead import FEW, Ahead

MIB = 1024 * 1024
MOST = 1_000


class Queue:
    """Messages of some length, pushed as far as `ahead` lets them, taken in batches."""

    def __init__(self, ahead: Ahead) -> None:
        self.ahead = ahead
        self.held: deque[int] = deque()
        self.most_held = 0
        self.changes = 0

    def read(self, size: int, count: int, *, batch: int = 500) -> None:
        left = count
        while left or self.held:
            pushed = min(left, max(0, self.ahead.count - len(self.held)))
            self.held.extend([size] * pushed)
            left -= pushed
            self.most_held = max(self.most_held, sum(self.held))
            taken = [self.held.popleft() for _ in range(min(batch, len(self.held)))]
            self.changes += self.ahead.learn(len(taken), sum(taken), waiting_bytes=sum(self.held))


def test_of_long_messages_few_are_pushed_from_the_first_one_on() -> None:
    queue = Queue(Ahead(MOST))

    queue.read(MIB, 3_000)

    assert queue.most_held == FEW * MIB
    assert queue.changes == 0


@pytest.mark.parametrize("size", [100, 16_000])
def test_of_short_ones_as_many_as_asked_for_are_pushed_soon(size: int) -> None:
    queue = Queue(Ahead(MOST))

    queue.read(size, 500)

    assert queue.ahead.count == MOST
    assert queue.changes == 1


def test_when_long_ones_follow_there_are_few_again() -> None:
    queue = Queue(Ahead(MOST))
    queue.read(100, 5_000)

    queue.read(MIB, 2_000)

    assert queue.ahead.count == FEW


def test_short_and_long_ones_in_turn_change_little() -> None:
    queue = Queue(Ahead(MOST))

    for _ in range(50):
        queue.read(100, 600, batch=100)
        queue.read(MIB, 300, batch=100)

    assert queue.changes < 20


def test_who_wants_few_gets_no_more() -> None:
    ahead = Ahead(20)

    changes = [ahead.learn(20, 20, waiting_bytes=0) for _ in range(100)]

    assert (ahead.count, any(changes)) == (20, False)
