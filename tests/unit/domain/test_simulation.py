"""Which addresses stand for what."""

import pytest

from sendwell.domain.simulation import Simulated, simulated

GOOD, LATER, NEVER = Simulated.DELIVERED, Simulated.TEMPORARY, Simulated.PERMANENT


@pytest.mark.parametrize(
    ("address", "meaning"),
    [
        ("delivered@simulator.sendwell", GOOD),
        ("tempfail@simulator.sendwell", LATER),
        ("PermFail@Simulator.Sendwell", NEVER),
        ("ada+delivered@example.org", GOOD),
        ("ada+tempfail@example.org", LATER),
        ("ada.l+x+permfail@example.org", NEVER),
        ("+15005550006", GOOD),
        ("+15005550008", LATER),
        ("+15005550001", NEVER),
        ("permfail", NEVER),
        ("device-token:tempfail", LATER),
        ("https://example.org/hooks/delivered", GOOD),
        ("https://example.org/hook?case=permfail", NEVER),
        ("https://example.org/@ada/tempfail", LATER),
        ("permfail@example.org", None),
        ("anna@simulator.sendwell", None),
        ("undelivered@simulator.sendwell", None),
        ("ada+permfailed@example.org", None),
        ("+14155550100", None),
        ("https://example.org/undelivered", None),
        ("https://example.org/permfail/ada", None),
        ("https://example.org/?to=ada+permfail@example.org", None),
        ("tokenpermfail", None),
        ("", None),
    ],
)
def test_an_address_stands_for_what_it_says(address: str, meaning: Simulated | None) -> None:
    assert simulated(address) is meaning
