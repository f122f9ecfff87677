"""Whoever asks who has changed hears of everybody once, or that it may be anybody."""

from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.directory import ANYBODY, Changed
from sendwell.roles.users.service.changes import Changes

ACME = TenantId("acme")
ADA, BOB, EVE = (Changed(ACME, UserId(name)) for name in ("ada", "bob", "eve"))


def asked(changes: Changes, since: int) -> list[Changed]:
    return changes.since({"somebody else": 99, changes.source: since})


def test_those_are_told_who_have_changed_since_each_once() -> None:
    changes = Changes()
    changes.note(ADA)
    seen = changes.number
    for each in (BOB, EVE, BOB):
        changes.note(each)

    assert asked(changes, seen) == [BOB, EVE]
    assert asked(changes, changes.number) == []


def test_who_has_never_asked_this_process_may_have_missed_anybody() -> None:
    changes = Changes()
    changes.note(ADA)

    assert changes.since({}) == [ANYBODY]
    assert changes.since({Changes().source: 1}) == [ANYBODY]


def test_who_was_away_for_longer_than_changes_are_kept_may_have_missed_anybody() -> None:
    changes = Changes(most=2)
    for each in (ADA, BOB, EVE):
        changes.note(each)

    assert asked(changes, 0) == [ANYBODY]
    assert asked(changes, 1) == [BOB, EVE]


def test_a_number_from_the_future_is_nobodys() -> None:
    changes = Changes()

    assert asked(changes, 1) == [ANYBODY]


def test_who_listens_here_is_told_at_once() -> None:
    changes, heard = Changes(), list[Changed]()
    changes.on_change(heard.append)

    changes.note(ADA)
    changes.note(Changed(ACME))

    assert heard == [ADA, Changed(ACME)]


@given(st.lists(st.sampled_from([ADA, BOB, EVE, Changed(ACME)])), st.data())
def test_nobody_is_missed_however_often_it_is_asked(
    noted: list[Changed], data: st.DataObject
) -> None:
    changes, seen = Changes(most=3), 0
    missed = set[Changed]()
    for each in noted:
        changes.note(each)
        missed.add(each)
        if data.draw(st.booleans()):
            told = set(asked(changes, seen))
            assert told in ({ANYBODY}, missed)
            seen, missed = changes.number, set()
