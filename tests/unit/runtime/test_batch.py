"""What is planned together: nothing left out, and never much more than is enough."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ids import NotificationId, Position, TenantId
from sendwell.messages.requested import Requested, To
from sendwell.runtime.batch import next_batch

ENOUGH = 512


def a_request(number: int, people: int) -> Requested:
    return Requested(
        id=NotificationId(f"n-{number}"),
        tenant=TenantId("acme"),
        position=Position(number),
        accepted_at=0,
        event_type="test",
        lane=2,
        to=(To(),) * people,
    )


@given(st.lists(st.sampled_from([1, 2, 100, 511, 512, 1_000]), max_size=30), st.integers(1, 9))
def test_batch_after_batch_gives_every_request_once(people: list[int], most: int) -> None:
    requests = [a_request(number, count) for number, count in enumerate(people)]

    rest, batches = iter(requests), list[list[Requested]]()
    while batch := next_batch(rest, most):
        batches.append(batch)

    assert [request for batch in batches for request in batch] == requests
    assert all(len(batch) <= most for batch in batches)
    assert all(sum(len(each.to) for each in batch[:-1]) < ENOUGH for batch in batches)


def test_short_ones_go_together() -> None:
    requests = [a_request(number, 1) for number in range(300)]

    assert next_batch(iter(requests), 128) == requests[:128]
