"""Right and wrong names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.channels import all_channels
from sendwell.settings import ROLES
from sendwell.settings.names import find, is_spelled_right, nearest, secret_of
from tests.unit.settings.examples import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_variable_is_spelled_right_and_most_like_itself(name: str) -> None:
    assert is_spelled_right(name)
    assert name == nearest(name) or "__" in name  # how accounts are called is not ours to know


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("suffix", ["DB_URL", "URL", "PORT"])
def test_every_role_has_its_variables(role: str, suffix: str) -> None:
    assert find(f"{role.upper()}_{suffix}") is not None


@pytest.mark.parametrize("channel", all_channels())
def test_every_channel_has_its_variables(channel: str) -> None:
    assert is_spelled_right(f"RATE_LIMIT_CHANNEL_{channel.upper()}")
    assert is_spelled_right(f"ROUTE_{channel.upper()}")
    assert is_spelled_right(f"RETRY_MAX_ATTEMPTS_{channel.upper()}")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("BROKER_UR", "BROKER_URL"),
        ("RATE_LIMIT_GLOBEL", "RATE_LIMIT_GLOBAL"),
        ("RATE_LIMIT_CHANNEL_SMSS", "RATE_LIMIT_CHANNEL_SMS"),
        ("RATE_LIMIT_LANE_CRITCAL", "RATE_LIMIT_LANE_CRITICAL"),
        ("PROVIDER_CREDENTIAL_TWILIO", "PROVIDER_CREDENTIALS_TWILIO"),
        ("PROVIDER_CREDENTIALS_TWILIO_FIEL", "PROVIDER_CREDENTIALS_TWILIO_FILE"),
        ("USER_DB_URL", "USERS_DB_URL"),
        ("ROUTE_EMIAL", "ROUTE_EMAIL"),
        ("SECRET_KEY_FIL", "SECRET_KEY_FILE"),
        ("", None),
        ("SOMETHING_ELSE_ALTOGETHER", None),
    ],
)
def test_a_wrong_name_leads_to_the_right_one(wrong: str, right: str | None) -> None:
    assert right == nearest(wrong)
    assert right is None or is_spelled_right(right)


@pytest.mark.parametrize(
    "name",
    [
        "RATE_LIMIT_CHANNEL_SMSS",
        "RATE_LIMIT_LANE_MIDDLE",
        "RATE_LIMIT_CHANNEL_",
        "RATE_LIMIT_CHANNEL_sms",
        "ROUTE_EMIAL",
        "RATE_LIMIT_USER_FILE",
        "CONFIG_DB_URL",
        "db_url",
        "SENDWELL_CONFIG",
    ],
)
def test_a_name_that_nobody_reads_is_not_spelled_right(name: str) -> None:
    assert not is_spelled_right(name)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("SECRET_KEY_FILE", "SECRET_KEY"),
        ("SECRET_KEY_ALSO_FILE", "SECRET_KEY_ALSO"),
        ("SERVICE_TOKEN_FILE", "SERVICE_TOKEN"),
        ("DB_URL_FILE", "DB_URL"),
        ("USERS_DB_URL_FILE", "USERS_DB_URL"),
        ("DB_LISTEN_URL_FILE", "DB_LISTEN_URL"),
        ("BROKER_URL_FILE", "BROKER_URL"),
        ("CACHE_URL_FILE", "CACHE_URL"),
        ("PROVIDER_CREDENTIALS_SMTP__EU_FILE", "PROVIDER_CREDENTIALS_SMTP__EU"),
        ("RATE_LIMIT_GLOBAL_FILE", None),
        ("USERS_URL_FILE", None),
        ("_FILE", None),
        ("DB_URL", None),
    ],
)
def test_every_secret_may_come_from_a_file_and_nothing_else(name: str, secret: str | None) -> None:
    assert secret == secret_of(name)


@given(st.text())
def test_any_text_may_be_asked_for(name: str) -> None:
    setting = find(name)

    assert setting is None or name in EXAMPLES or "<" in setting.name
    assert secret_of(name) is None or name.endswith("_FILE")
