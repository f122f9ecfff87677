"""What we said in headers is believed only as we said it, and of the body we said it of."""

import pytest

from sendwell.messages.wire import headers
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.quarantine import Quarantine, letter_of
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.seal import Seal
from tests.unit.messages.builders import a_task
from tests.unit.messages.carried import OF_CONTRACT, TENANT, opened

KIND, MESSAGE, _ = headers.SEALED


def test_what_we_sealed_is_opened() -> None:
    letter = Carrier(TENANT, secret=b"s").task(a_task(OF_CONTRACT))

    assert opened(letter, secret=b"s") == a_task(OF_CONTRACT)


@pytest.mark.parametrize("name", [headers.KIND, headers.MESSAGE, headers.BODY, headers.SEAL])
def test_a_changed_header_breaks_the_seal(name: str) -> None:
    letter = Carrier(TENANT, secret=b"s").task(a_task(OF_CONTRACT))
    forged = {**letter.headers, name: letter.headers[name] + " "}

    found = Opening(secret=b"s").open(Incoming(letter.body, forged))

    assert isinstance(found, Quarantined)
    assert found.reason is Reason.UNPROVEN


@pytest.mark.parametrize("name", headers.SEALED)
def test_another_header_of_the_same_length_breaks_the_seal(name: str) -> None:
    letter = Carrier(TENANT, secret=b"s").task(a_task(OF_CONTRACT))
    forged = {**letter.headers, name: letter.headers[name][:-1] + "~"}

    found = Opening(secret=b"s").open(Incoming(letter.body, forged))

    assert isinstance(found, Quarantined)
    assert found.reason is Reason.UNPROVEN


def test_another_body_of_the_same_length_breaks_the_seal() -> None:
    letter = Carrier(TENANT, secret=b"s").task(a_task(OF_CONTRACT))
    forged = letter.body.replace(b"uuid", b"evil")

    found = Opening(secret=b"s").open(Incoming(forged, letter.headers))

    assert len(forged) == len(letter.body)
    assert forged != letter.body
    assert isinstance(found, Quarantined)
    assert found.reason is Reason.UNPROVEN


@pytest.mark.parametrize(
    ("body", "moved"),
    [
        (b"a", {KIND: "bc", MESSAGE: "de"}),
        (b"abc", {KIND: "", MESSAGE: "de"}),
        (b"ab", {KIND: "cd", MESSAGE: "e"}),
        (b"ab", {KIND: "", MESSAGE: "cde"}),
    ],
)
def test_what_moves_from_one_part_to_the_next_breaks_the_seal(
    body: bytes, moved: dict[str, str]
) -> None:
    seal = Seal(b"s")
    sealed = seal.seal(b"ab", {KIND: "c", MESSAGE: "de"})

    assert seal.holds(b"ab", sealed)
    assert not seal.holds(body, {**sealed, **moved})


@pytest.mark.parametrize("secret", [None, b"other"])
def test_another_secret_or_none_seals_nothing(secret: bytes | None) -> None:
    letter = Carrier(TENANT, secret=secret).task(a_task(OF_CONTRACT))

    found = opened(letter, secret=b"s")

    assert isinstance(found, Quarantined)
    assert found.reason is Reason.UNPROVEN


def test_what_was_sealed_before_the_secret_was_changed_is_opened() -> None:
    earlier = Carrier(TENANT, secret=b"old").task(a_task(OF_CONTRACT))
    later = Carrier(TENANT, secret=b"new").task(a_task(OF_CONTRACT))

    assert opened(earlier, secret=b"new", also=b"old") == a_task(OF_CONTRACT)
    assert opened(later, secret=b"new", also=b"old") == a_task(OF_CONTRACT)
    assert opened(later, secret=b"old", also=b"new") == a_task(OF_CONTRACT)
    assert isinstance(opened(earlier, secret=b"new", also=b"another"), Quarantined)


def test_a_changed_body_breaks_both_seals() -> None:
    letter = Carrier(TENANT, secret=b"old").task(a_task(OF_CONTRACT))
    opening = Opening(secret=b"new", also=b"old")

    assert isinstance(opening.open(Incoming(letter.body + b" ", letter.headers)), Quarantined)


def test_what_is_quarantined_is_opened_as_it_lies_there_when_its_secret_is_believed() -> None:
    letter = Carrier(TENANT, secret=b"old").task(a_task(OF_CONTRACT))
    kept = Quarantine(
        stream=letter.stream.name, place="0@7", reason=Reason.UNPROVEN, text="Not ours.",
        pointer="", body=letter.body, headers=letter.headers, at=0,
    )  # fmt: skip

    told = letter_of(kept, TENANT)

    assert opened(told, secret=b"new", also=b"old") == a_task(OF_CONTRACT)


def test_a_changed_body_breaks_the_seal() -> None:
    letter = Carrier(TENANT, secret=b"s").task(a_task(OF_CONTRACT))

    found = Opening(secret=b"s").open(Incoming(letter.body + b" ", letter.headers))

    assert isinstance(found, Quarantined)
    assert found.reason is Reason.UNPROVEN


def test_what_a_broker_adds_does_not_break_the_seal() -> None:
    letter = Carrier(TENANT, secret=b"s").task(a_task(OF_CONTRACT))
    found = Opening(secret=b"s").open(Incoming(letter.body, {**letter.headers, "x-death": "1"}))

    assert found == a_task(OF_CONTRACT)


def test_a_task_over_the_body_of_another_organization_is_refused() -> None:
    letter = Carrier(TENANT).task(a_task(OF_CONTRACT))
    body = letter.body.replace(b'"organizationId": "uuid"', b'"organizationId": "other"')

    found = Opening().open(Incoming(body, letter.headers))

    assert isinstance(found, Quarantined)
    assert found.reason is Reason.CONTRADICTORY_ORGANIZATION


def test_a_task_without_the_body_it_was_made_for_is_refused() -> None:
    letter = Carrier(TENANT).task(a_task(OF_CONTRACT))

    found = Opening().open(Incoming(b'{"organizationId": "uuid"}', letter.headers))

    assert isinstance(found, Quarantined)
    assert (found.reason, found.pointer) == (Reason.CONTRADICTION, "/payload")
