"""Whose word about an address weighs more."""

import itertools

import pytest

from sendwell.domain.suppression import Source, ends_by_start, outweighs, reason_of

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


def test_the_list_names_what_people_said_by_their_word_and_all_else_by_the_address() -> None:
    assert {source: reason_of(source) for source in PEOPLE | PROVIDERS} == {
        Source.STOP_WORD: "stop_word",
        Source.UNSUBSCRIBE: "unsubscribed",
        Source.COMPLAINT: "complained",
        Source.BOUNCE: "address_gone",
        Source.GONE: "address_gone",
    }
