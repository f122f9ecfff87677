"""What is different, and what of it can be changed at run time."""

import pytest

from sendwell.domain.errors import Invalid
from sendwell.settings import Settings, differences, read_settings, reloadable
from sendwell.settings.changes import is_reloadable
from tests.unit.settings.examples import EXAMPLES

AT_RUN_TIME = {
    "SCHEDULE_TIMEZONE_DEFAULT", "RETRY_MAX_ATTEMPTS",
    "RETRY_MAX_ATTEMPTS_WEBHOOK", "OUTBOUND_ALLOW", "LOG_LEVEL",
    "ROUTE_EMAIL",
    *(name for name in EXAMPLES if name.startswith("RATE_LIMIT_")),
}  # fmt: skip
FOLLOWS = {
    "BROKER_URL": ["IDEMPOTENCY_WINDOW_HOURS"],
    "RETRY_MAX_ATTEMPTS": ["RETRY_MAX_ATTEMPTS_WEBHOOK"],
}
"""Whose default is another one then."""


def test_these_can_be_changed_at_run_time_and_no_others() -> None:
    assert {name for name in EXAMPLES if is_reloadable(name)} == AT_RUN_TIME


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_variable_that_is_set_anew_is_the_only_difference(name: str) -> None:
    """But for those whose default follows from it."""
    new = read_settings({name: EXAMPLES[name]})
    different = [name, *FOLLOWS.get(name, [])]

    assert different == list(differences(Settings(), new)) == list(differences(new, Settings()))


def test_a_default_that_is_written_out_is_no_difference() -> None:
    new = read_settings(
        {"RETRY_MAX_ATTEMPTS_WEBHOOK": "24", "RATE_LIMIT_API": "100000/s burst 100000"}
    )

    assert {} == differences(Settings(), new)


def test_a_difference_says_what_it_was_and_what_it_is_now() -> None:
    old = read_settings({"RATE_LIMIT_CHANNEL_SMS": "10/s", "RATE_LIMIT_GLOBAL": "1/s"})
    new = read_settings({"RATE_LIMIT_CHANNEL_SMS": "20/s", "ROUTE_EMAIL": "smtp"})

    assert differences(old, new) == {
        "RATE_LIMIT_CHANNEL_SMS": ("10/s", "20/s"),
        "RATE_LIMIT_GLOBAL": ("1/s", ""),
        "ROUTE_EMAIL": ("", "smtp"),
    }


def test_two_secrets_differ_without_being_shown() -> None:
    old = read_settings(EXAMPLES)
    new = read_settings(
        {name: value.replace("hunter2", "hunter3") for name, value in EXAMPLES.items()}
    )

    found = differences(old, new)

    assert found["PROVIDER_CREDENTIALS_SMTP"] == ("(set)", "(set) (another)")
    assert found["DB_URL"] == (
        "postgresql://sendwell:***@db/sendwell",
        "postgresql://sendwell:***@db/sendwell (another)",
    )
    services = "http://sendwell:***@127.0.0.1:8012,http://127.0.0.1:8013"
    assert found["SERVICE_URLS"] == (services, f"{services} (another)")
    assert "hunter" not in str(found)


def test_what_can_be_changed_at_run_time_is_let_through() -> None:
    new = read_settings({name: EXAMPLES[name] for name in AT_RUN_TIME})

    assert reloadable(Settings(), new) == differences(Settings(), new)
    assert reloadable(new, new) == {}


def test_all_is_refused_when_something_needs_a_restart() -> None:
    new = read_settings({"RATE_LIMIT_GLOBAL": "1/s", "PRESET": "lanes", "LEASE_SECONDS": "4"})

    with pytest.raises(Invalid, match=r"^LEASE_SECONDS, PRESET take effect at the next start"):
        reloadable(Settings(), new)
