"""What `doctor` says of limits that a vendor may keep, too."""

import pytest

from sendwell.cli.diagnosis.limits import look_at_limits
from sendwell.settings import read_settings


def notes(**environment: str) -> list[str]:
    return [found.text for found in look_at_limits(read_settings(environment))]


@pytest.mark.parametrize("name", ["RATE_LIMIT_PROVIDER_SMTP__EU", "RATE_LIMIT_CHANNEL_EMAIL"])
def test_a_limit_of_a_day_that_lets_more_through_in_one_is_noted(name: str) -> None:
    (told,) = notes(**{name: "500/d"})

    assert told.startswith(f"{name}: 500/d lets 500 through at once")
    assert told.endswith("up to 999.")


@pytest.mark.parametrize("rate", ["480/d burst 20", "1/d", "500/h"])
def test_a_limit_with_a_burst_or_for_less_than_a_day_is_not(rate: str) -> None:
    assert [] == notes(RATE_LIMIT_PROVIDER_SMTP=rate)
