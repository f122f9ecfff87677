"""What stands for an address or a person: the same for the same, and for nobody else."""

from sendwell.domain.fingerprint import fingerprint, mark_of, print_of, pseudonym
from sendwell.domain.ids import ChannelName, TenantId, UserId

ACME, OTHER = TenantId("acme"), TenantId("other")
EMAIL, PUSH = ChannelName("email"), ChannelName("push")


def test_the_letter_case_of_an_email_address_does_not_count() -> None:
    upper, lower = ("Ada@Example.org", "ada@example.org")
    assert fingerprint(ACME, EMAIL, upper) == fingerprint(ACME, EMAIL, lower)
    assert fingerprint(ACME, PUSH, "Token") != fingerprint(ACME, PUSH, "token")


def test_equal_addresses_of_two_tenants_or_channels_are_told_apart() -> None:
    prints = {fingerprint(t, c, "x") for t in (ACME, OTHER) for c in (EMAIL, PUSH)}

    assert len(prints) == 4


def test_a_mark_says_the_same_of_an_address_and_not_whose_it_is() -> None:
    assert mark_of(EMAIL, "Ada@example.org") == mark_of(EMAIL, "ada@example.org")
    assert mark_of(EMAIL, "x") != mark_of(PUSH, "x")
    assert mark_of(EMAIL, "x") not in {fingerprint(t, EMAIL, "x") for t in (ACME, OTHER)}


def test_a_pseudonym_is_the_print_of_the_id_and_nobody_elses() -> None:
    whose = pseudonym(ACME, UserId("ada"))

    assert whose == print_of(ACME, UserId("ada")).hex()
    assert whose != pseudonym(ACME, UserId("Ada"))
    assert whose != pseudonym(OTHER, UserId("ada"))


def test_what_is_on_record_is_found_by_every_later_version() -> None:
    assert "d7a221935442ce78b72212653d38caab" == pseudonym(ACME, UserId("ada"))
