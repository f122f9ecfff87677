"""Against the idna package, which knows all of IDNA 2008."""

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.idn import ascii_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("example.org", "example.org"),
        ("Mail.EXAMPLE.org", "mail.example.org"),
        ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
        ("उदाहरण.परीक्षा", "xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g"),
    ],
)
def test_a_name_is_given_in_the_form_that_dns_knows(name: str, expected: str) -> None:
    assert expected == ascii_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "example.org.",
        ".example.org",
        "a..b",
        "-a.example",
        "a-.example",
        "-ü.example",
        "a_b.example",
        "a b.example",
        "a\n.example",
        "a@b.example",
        "ex。ample",
        "ex\uff0eample",
        "ｅxample.org",
        "☃.example",
        "a\u200dü.example",
        "\u0301ü.example",
        "ü!.example",
        f"{'a' * 64}.example",
        f"{'ü' * 60}.example",
        ".".join(["a" * 63] * 4),
        "\ud800.example",
    ],
)
def test_anything_else_is_no_name(name: str) -> None:
    assert ascii_name(name) is None


def test_labels_and_names_may_be_as_long_as_dns_allows() -> None:
    name = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])

    assert len(name) == 253
    assert name == ascii_name(name)


letters = st.characters(categories=["Ll", "Lo", "Lm", "Mn", "Mc", "Nd"])
labels = st.text(letters | st.sampled_from("abcäöüßςжя例あ09-"), min_size=1, max_size=12)


@given(labels)
def test_every_label_that_idna_encodes_is_encoded_the_same(label: str) -> None:
    try:
        expected = idna.encode(label).decode()
    except idna.IDNAError:
        return

    assert expected == ascii_name(label)


@given(st.text(max_size=20))
def test_a_name_is_ascii_and_stays_the_same_when_asked_again(text: str) -> None:
    name = ascii_name(text)

    if name is not None:
        assert name.isascii()
        assert name == ascii_name(name)
