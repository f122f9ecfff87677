"""Tenants are swept in turn, for all who changed before it began, and again for who did after."""

from sendwell.domain.ids import TenantId, UserId
from sendwell.roles.delivery.held import HeldPlace
from sendwell.roles.delivery.sweeps import MOST_NAMED, Sweeps

ACME, BETA = TenantId("acme"), TenantId("beta")
ADA, BOB = UserId("ada"), UserId("bob")
SOMEWHERE = HeldPlace("email", 2, 500)


def begun(sweeps: Sweeps) -> list[tuple[TenantId, set[UserId] | None]]:
    """Who is looked for by each sweep, until they have all ended."""
    sweeps.begin()
    found = []
    while turn := sweeps.first():
        tenant, sweep = turn
        found.append((tenant, None if sweep.users is None else set(sweep.users)))
        sweeps.reached(tenant, None)
    return found


def test_who_changes_before_it_begins_is_looked_for_by_one_sweep() -> None:
    sweeps = Sweeps()

    sweeps.want(ACME, {ADA})
    sweeps.want(BETA, {ADA})
    sweeps.want(ACME, {BOB})

    assert begun(sweeps) == [(ACME, {ADA, BOB}), (BETA, {ADA})]
    assert not sweeps


def test_everybody_is_more_than_some() -> None:
    sweeps = Sweeps()

    sweeps.want(ACME, {ADA})
    sweeps.want(ACME, None)
    sweeps.want(ACME, {BOB})

    assert begun(sweeps) == [(ACME, None)]


def test_very_many_are_everybody() -> None:
    sweeps = Sweeps()

    for number in range(MOST_NAMED):
        sweeps.want(BETA, {UserId(f"user-{number}")})
    sweeps.want(ACME, {UserId(f"user-{number}") for number in range(MOST_NAMED)})
    sweeps.want(ACME, {ADA})

    (named, everybody) = begun(sweeps)
    assert named[0] == BETA
    assert len(named[1] or ()) == MOST_NAMED
    assert everybody == (ACME, None)


def test_who_changes_while_it_is_on_its_way_is_looked_for_by_the_next() -> None:
    sweeps = Sweeps()
    sweeps.want(ACME, {ADA})
    sweeps.begin()
    sweeps.reached(ACME, SOMEWHERE)

    sweeps.want(ACME, {BOB})
    sweeps.begin()

    turn = sweeps.first()
    assert turn is not None
    assert (turn[1].users, turn[1].place) == ({ADA}, SOMEWHERE)
    sweeps.reached(ACME, None)
    assert sweeps
    assert begun(sweeps) == [(ACME, {BOB})]


def test_who_has_had_their_turn_is_last() -> None:
    sweeps = Sweeps()
    sweeps.want(ACME, None)
    sweeps.want(BETA, None)
    sweeps.begin()

    sweeps.reached(ACME, SOMEWHERE)

    turn = sweeps.first()
    assert turn is not None
    assert turn[0] == BETA
