"""Whose word about an address weighs more."""

import itertools

import pytest

from sendwell.domain.suppression import Source, ends_by_start, outweighs

PEOPLE = {Source.STOP_WORD, Source.UNSUBSCRIBE, Source.COMPLAINT}
PROVIDERS = {Source.BOUNCE, Source.GONE}


@pytest.mark.parametrize("known", [*Source, None])
def test_what_is_as_weighty_takes_the_place_of_what_was_there(known: Source | None) -> None:
    assert not outweighs(known, known)


def test_the_tenant_outweighs_people_and_people_outweigh_providers() -> None:
    order: list[set[Source | None]] = [{Source.HAND}, {*PEOPLE}, {*PROVIDERS}, {None}]

    pairs = [
        (high, low)
        for before, after in itertools.combinations(order, 2)
        for high in before
        for low in after
    ]

    assert all(outweighs(high, low) and not outweighs(low, high) for high, low in pairs)


def test_a_person_ends_what_they_said_and_not_what_the_tenant_decided() -> None:
    ending = {source for source in (*Source, None) if ends_by_start(source)}

    assert ending == {Source.STOP_WORD, Source.UNSUBSCRIBE, *PROVIDERS, None}
