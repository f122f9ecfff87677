"""What a request and its moves come to in the history, and back: the events of the timeline.

Every move says when its delivery was planned and when its attempt began, so a move tells up to
three events; those that an earlier one has told have the same name and are the same event.
"""

from collections.abc import Collection, Iterable, Iterator

from sendwell.domain.admission import ERASED
from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports import history
from sendwell.roles.tracker.timeline import Event, attempt, created, event, planned

Named = tuple[TenantId, UserId]
_ENDS_ATTEMPT = frozenset({State.SENT, State.FAILED})


def events_of_requests(
    requests: Iterable[Requested], *, erased: Collection[Named] = ()
) -> list[history.Event]:
    """That they were accepted; not whom they were for, where that person is erased."""
    return [
        history.Event(
            request.tenant,
            request.id,
            request.accepted_at,
            "CREATED",
            created(request).text,
            user_id=_person_of(request, erased),
            event_type=request.event_type,
        )
        for request in requests
    ]


def events_of_moves(moves: Iterable[Status]) -> list[history.Event]:
    """Everything that the moves tell."""
    return [_remembered(move, told) for move in moves for told in _told(move)]


def shown(remembered: history.Event) -> Event:
    """As the timeline has it."""
    return Event(
        remembered.at,
        remembered.kind,
        remembered.text,
        delivery=remembered.delivery or None,
        channel=remembered.channel,
        attempt=remembered.attempt or None,
        provider=remembered.provider,
        reference=remembered.reference,
        code=remembered.code,
        rule=remembered.rule,
        due=remembered.due or None,
    )


def _person_of(request: Requested, erased: Collection[Named]) -> UserId | None:
    user = request.to[0].user_id if len(request.to) == 1 else None
    return None if user is None or (request.tenant, user) in erased else user


def _told(move: Status) -> Iterator[Event]:
    if move.planned_at:
        yield planned(move)
    if move.claimed_at and move.state in _ENDS_ATTEMPT:
        yield attempt(move)
    yield event(move, move.state)


def _remembered(move: Status, told: Event) -> history.Event:
    return history.Event(
        tenant=move.tenant,
        notification=move.notification,
        at=told.at,
        kind=told.event,
        text=told.text,
        delivery=move.part,
        attempt=told.attempt or 0,
        channel=move.channel,
        provider=told.provider,
        reference=told.reference,
        code=told.code,
        rule=told.rule,
        due=told.due or 0,
        user_id=UserId(move.user_id) if move.user_id and move.rule != ERASED.rule else None,
    )
