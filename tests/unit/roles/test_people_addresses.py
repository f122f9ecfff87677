"""Addresses of people have one form, or are refused with the reason."""

import pytest

from sendwell.roles.users.api.addresses import NoAddress, normal_email, normal_phone


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Ada@Example.ORG", "Ada@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@shop.test", "ada@shop.test"),
        ("ada@büro.local", "ada@xn--bro-hoa.local"),
        ("ada@faß.de", "ada@xn--fa-hia.de"),
    ],
)
def test_an_address_has_its_domain_in_lower_case_and_ascii(written: str, normal: str) -> None:
    assert normal == normal_email(written)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("ada", "there is no @ in it"),
        ("Ada <ada@example.org>", "one bare address"),
        ("ada@localhost", "not the name of a domain"),
        (f"{'x' * 65}@example.org", "Before the @ there are 65 characters"),
        ("ada@xn--zzzz.example", "not valid IDNA"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(written: str, why: str) -> None:
    with pytest.raises(NoAddress, match=why):
        normal_email(written)


@pytest.mark.parametrize(
    ("written", "country", "normal"),
    [
        ("+43 664 1234567", None, "+436641234567"),
        ("+43 (0)664 / 123-45.67", None, "+436641234567"),
        ("0664 1234567", "AT", "+436641234567"),
        ("+436641234567", "US", "+436641234567"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("+80012345678", None, "+80012345678"),
    ],
)
def test_a_phone_number_becomes_e_164(written: str, country: str | None, normal: str) -> None:
    assert normal == normal_phone(written, country)


@pytest.mark.parametrize(
    ("written", "country", "why"),
    [
        ("+43664", None, "international form"),
        ("+4366", None, "too short for Austria"),
        ("+4366412345678901234", None, "too long for Austria"),
        ("+1415555010", None, "too short for United States"),
        ("+800123", None, r"too short for numbers with \+800"),
        ("+43 1", None, "too short to be a phone number"),
        ("+999123456789", None, "no country whose code begins like this"),
        ("0664 1234567", None, "say which country"),
        ("0664 1234567", "XX", "no country XX"),
        ("+43 664 FLOWERS", None, "digits, spaces"),
        ("+436641234567;ext=12", None, "digits, spaces"),
        ("++436641234567", None, "digits, spaces"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(
    written: str, country: str | None, why: str
) -> None:
    with pytest.raises(NoAddress, match=why):
        normal_phone(written, country)


@pytest.mark.parametrize("written", ["+1415555010", "ada@", "0664 1234567", "+999123456789"])
def test_a_reason_never_quotes_the_address(written: str) -> None:
    normal = normal_email if "@" in written else lambda number: normal_phone(number, None)

    with pytest.raises(NoAddress) as refusal:
        normal(written)

    assert written not in str(refusal.value)
