"""Which forms of e-mail addresses are taken and which are not: this table is the rule."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from sendwell.channels.email import CHANNEL, flaw_in_address, normalise


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org",
        "ann.lee+tag@example.org",
        "o'neil@example.org",
        "!#$%&'*+/=?^_`{|}~-@example.org",
        "1@2.example",
        "ann@sub.sub.example.co.uk",
        "ann@xn--bcher-kva.example",
        "ann@bücher.example",
        "ann@例え.テスト",
        f"{'a' * 64}@example.org",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 58}.ee",
    ],
)
def test_exactly_one_plain_mailbox_is_taken(address: str) -> None:
    assert flaw_in_address(address) is None


@pytest.mark.parametrize(
    "address",
    [
        # not one mailbox
        "ann",
        "@example.org",
        "ann@",
        "ann@example.org,bob@example.org",
        "ann@example.org;bob@example.org",
        "ann@example.org bob@example.org",
        "ann@bob@example.org",
        # other forms of RFC 5322, with which one address is passed off as another
        "Ann <ann@example.org>",
        "<ann@example.org>",
        "mailto:ann@example.org",
        '"ann"@example.org',
        '"ann@evil.example"@example.org',
        "ann(comment)@example.org",
        "ann@(comment)example.org",
        "ann\\@evil@example.org",
        # dots
        ".ann@example.org",
        "ann.@example.org",
        "ann..lee@example.org",
        "ann@example.org.",
        "ann@.example.org",
        "ann@example..org",
        # no domain that mail can be sent to
        "ann@localhost",
        "ann@[192.0.2.1]",
        "ann@[IPv6:2001:db8::1]",
        "ann@192.0.2.1",
        "ann@-example.org",
        "ann@example.x0",
        "ann@exa_mple.org",
        "ann@example.org:25",
        "ann@☃.example",
        # letters that look like others
        "ann＠example.org",
        "ann@example。org",
        "änn@example.org",
        # too long
        f"{'a' * 65}@example.org",
        f"ann@{'b' * 64}.org",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 59}.ee",
        f"{'a' * 64}@{'äéîõüçñšžłäéîõüçñšžł.' * 5}example",
        # what ends a header
        "ann@example.org\r\nBcc: bob@example.org",
        "ann\r\n@example.org",
        "ann@example.org\0",
        " ann@example.org",
        "ann@example.org ",
    ],
)
def test_every_other_form_is_refused(address: str) -> None:
    assert flaw_in_address(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Ann.Lee+Tag@EXAMPLE.Org", "Ann.Lee+Tag@example.org"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
    ],
)
def test_only_the_domain_is_normalised(address: str, expected: str) -> None:
    assert expected == normalise(address)


def test_the_reason_is_told_to_a_person() -> None:
    reasons = {
        "ann": "there is no @",
        "Ann <a@example.org>": "one bare address",
        "ann@nowhere": "not the name of a domain",
        "ann@10.0.0.1": "an IP address",
        f"{'a' * 65}@example.org": "at most 64",
    }

    for address, reason in reasons.items():
        assert reason in str(flaw_in_address(address))


locals_ = st.text(st.sampled_from("abcXYZ019._+-'\"( )\\,@é"), max_size=12)
domains = st.text(st.sampled_from("abcXYZ019.-_ü[]:@ "), max_size=16)


@given(st.builds("{}@{}".format, locals_, domains) | st.emails())
def test_whatever_is_taken_is_an_address_for_the_email_validator_too(address: str) -> None:
    if flaw_in_address(address) is None:
        try:
            checked = validate_email(
                address, check_deliverability=False, test_environment=True
            ).ascii_email
        except EmailNotValidError as error:
            assert "--" in address or "reserved" in str(error)  # noqa: PT017 - one of two answers
        else:
            assert checked is not None
            assert checked.lower() == normalise(address).lower()


def test_an_unknown_outcome_is_sent_again_and_receipts_may_come() -> None:
    assert CHANNEL.resends_unknown
    assert CHANNEL.expects_receipts


def test_a_subject_fits_in_a_line() -> None:
    assert not CHANNEL.flaws_in_content({"subject": "x" * 998, "text": "y" * 100_000})
    assert [f.pointer for f in CHANNEL.flaws_in_content({"subject": "x" * 999})] == ["/subject"]
