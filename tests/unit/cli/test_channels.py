"""What the doctor says about channels."""

import pytest

from sendwell.cli.diagnosis.channels import look_at_channels
from sendwell.cli.diagnosis.finding import Level
from sendwell.domain.ids import ChannelName
from sendwell.settings import Settings, read_settings

CREDENTIALS = '{"host": "mail.example.org", "from": "Shop <hello@example.org>"}'


def test_a_channel_without_an_account_is_said_to_stop_run() -> None:
    (found,) = look_at_channels(Settings(channels=(ChannelName("email"),)))

    assert Level.NOTE == found.level
    assert "dev mailbox with `sendwell up`" in found.text
    assert "`sendwell run` refuses" in found.text


@pytest.mark.parametrize(
    ("variable", "value", "kind", "known"),
    [
        ("ROUTE_SMSS", "mailbox", "channel", "email, in_app, push, sms, webhook"),
        ("RATE_LIMIT_CHANNEL_SMSS", "1/s", "channel", "email, in_app, push, sms, webhook"),
        ("RETRY_MAX_ATTEMPTS_SMSS", "1", "channel", "email, in_app, push, sms, webhook"),
        ("RATE_LIMIT_PROVIDER_SMPT", "1/s", "account", "smtp, smtp__eu, in_app, mailbox, null"),
        ("RATE_LIMIT_PROVIDER_SMTP_EU", "1/s", "account", "smtp, smtp__eu, in_app, mailbox, null"),
    ],
)
def test_a_variable_that_names_what_is_not_there_is_told(
    variable: str, value: str, kind: str, known: str
) -> None:
    told = notes({variable: value})

    assert {f"{variable} names no {kind} and has no effect.": f"There are {known}."} == told


@pytest.mark.parametrize("account", ["smtp", "smtp__eu", "in_app", "mailbox", "null"])
def test_a_limit_of_an_account_that_is_there_needs_no_word(account: str) -> None:
    assert {} == notes({f"RATE_LIMIT_PROVIDER_{account.upper()}": "1/s"})


def notes(given: dict[str, str]) -> dict[str, str | None]:
    """What the doctor notes of channels, with what to do, where there are two accounts."""
    accounts = {f"PROVIDER_CREDENTIALS_{name}": CREDENTIALS for name in ("SMTP", "SMTP__EU")}
    found = look_at_channels(read_settings(accounts | given))
    return {each.text: each.advice for each in found if each.topic == "channels"}
