"""Who is served next: lanes by weight, and inside a lane the tenants in turn."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane

T = TypeVar("T")
Serves = Callable[[Lane, TenantId], bool]
_TURN = 8
_DOWNWARDS = tuple(Lane)
_URGENT = tuple(lane for lane in Lane if lane.is_urgent)
_BELOW_FIRST = tuple(
    (first, *(lane for lane in Lane if lane is not first)) for first in _DOWNWARDS[1:]
)


class FairQueue(Generic[T]):
    """Items in four lanes; inside a lane one queue a tenant.

    Higher lanes go first, but every eighth pick begins at a lower lane, these taking turns, so
    that a flood above starves nobody below. Inside a lane each tenant gets one pick a round, so
    that one tenant's million does not delay another's ten. Order within (lane, tenant) is kept.

    `weigh(item)` is how many places the item takes up in `weight` and `waiting`; 1 without it. It
    must give the same number whenever it is asked about an item.
    """

    def __init__(self, *, weigh: Callable[[T], int] | None = None) -> None:
        self._lanes: list[OrderedDict[TenantId, deque[T]]] = [OrderedDict() for _ in Lane]
        self._depths = [0 for _ in Lane]
        self._picks = 0
        self._size = 0
        self._weigh = weigh
        self._surplus: dict[tuple[Lane, TenantId], int] = {}
        """For how many more than one each the items of a queue count, where they do."""
        self._surplus_of_all = 0

    def __len__(self) -> int:
        return self._size

    def put(self, lane: Lane, tenant: TenantId, item: T) -> None:
        """Add an item at the end of its tenant's queue."""
        tenants = self._lanes[lane]
        queue = tenants.get(tenant)
        if queue is None:
            queue = tenants[tenant] = deque()
        queue.append(item)
        self._depths[lane] += 1
        self._size += 1
        if self._weigh and (surplus := self._weigh(item) - 1):
            self._count(lane, tenant, surplus)

    def put_back(self, lane: Lane, tenant: TenantId, item: T) -> None:
        """Return a taken item to the front of its tenant's queue. It has had its turn."""
        self._lanes[lane].setdefault(tenant, deque()).appendleft(item)
        self._depths[lane] += 1
        self._size += 1
        if self._weigh and (surplus := self._weigh(item) - 1):
            self._count(lane, tenant, surplus)

    def untake(self, lane: Lane, tenant: TenantId, item: T) -> None:
        """Return an item of `take` and its turn: it is as if it had not been taken.

        Of several the one taken last is to be returned first.
        """
        self.put_back(lane, tenant, item)
        self._lanes[lane].move_to_end(tenant, last=False)
        self._picks -= 1

    @property
    def weight(self) -> int:
        """For how many all items count."""
        return self._size + self._surplus_of_all

    def waiting(self, lane: Lane, tenant: TenantId) -> int:
        """For how many the items count that that tenant has in that lane."""
        return len(self._lanes[lane].get(tenant, ())) + self._surplus.get((lane, tenant), 0)

    def depth(self, lane: Lane) -> int:
        """How many items wait in a lane."""
        return self._depths[lane]

    @property
    def has_urgent(self) -> bool:
        """Whether anything waits in an urgent lane."""
        return any(self._depths[lane] for lane in _URGENT)

    def take(self, most: int, *, serves: Serves | None = None) -> list[T]:
        """Up to `most` items, in the order they should be served.

        Where `serves` says no, a tenant's queue in a lane is passed over and keeps its turn.
        """
        return list(islice(self.picks(serves=serves), most))

    def picks(self, *, serves: Serves | None = None) -> Iterator[T]:
        """The same, one after the other: an item is taken when it is asked for."""
        while (item := self._pick(serves)) is not None:
            yield item
        self._picks -= 1  # the last one has found nothing, and was no lane's turn

    def take_urgent(self, most: int, *, serves: Serves | None = None) -> list[T]:
        """Up to `most` items of the urgent lanes; the others keep their turns."""
        return list(islice(self.urgent_picks(serves=serves), most))

    def urgent_picks(self, *, serves: Serves | None = None) -> Iterator[T]:
        """The same, one after the other: an item is taken when it is asked for."""
        while (item := self._first(_URGENT, serves)) is not None:
            yield item

    def _pick(self, serves: Serves | None) -> T | None:
        self._picks += 1
        turn, rest = divmod(self._picks, _TURN)
        lanes = _DOWNWARDS if rest else _BELOW_FIRST[turn % len(_BELOW_FIRST)]
        return self._first(lanes, serves)

    def _first(self, lanes: Sequence[Lane], serves: Serves | None) -> T | None:
        for lane in lanes:
            for tenant in self._lanes[lane]:
                if serves is None or serves(lane, tenant):
                    return self._from(lane, tenant)
        return None

    def _from(self, lane: Lane, tenant: TenantId) -> T:
        tenants = self._lanes[lane]
        queue = tenants[tenant]
        item = queue.popleft()
        self._depths[lane] -= 1
        self._size -= 1
        if self._weigh and self._surplus and (surplus := self._weigh(item) - 1):
            self._count(lane, tenant, -surplus)
        if queue:
            tenants.move_to_end(tenant)
        else:
            del tenants[tenant]
        return item

    def _count(self, lane: Lane, tenant: TenantId, surplus: int) -> None:
        self._surplus_of_all += surplus
        key = (lane, tenant)
        self._surplus[key] = self._surplus.get(key, 0) + surplus
        if not self._surplus[key]:
            del self._surplus[key]
