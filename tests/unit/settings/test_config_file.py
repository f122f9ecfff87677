"""The configuration file."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.settings import Origin, Settings, Url, read_settings
from sendwell.settings.config_file import read_file
from tests.unit.settings.examples import EXAMPLES
from tests.unit.settings.reading import refusal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sendwell.toml"


def read(file: Path, **environment: str) -> Settings:
    return read_settings({"SENDWELL_CONFIG": str(file), **environment})


def test_names_may_be_flat_or_nested_and_in_any_case(file: Path) -> None:
    file.write_text(
        """
        DB_POOL_SIZE = 12
        broker_url = "amqps://u:p@host/"
        channel_enable_list = ["email", "sms"]

        [users]
        db_url = "mysql://host/users"
        PORT = 8001

        [rate_limit]
        global = "500/s"
        channel.sms = "10/s"
        lane = { low = "5/s" }

        [retry.max]
        attempts = 3
        """
    )

    assert read_file(file) == {
        "DB_POOL_SIZE": "12",
        "BROKER_URL": "amqps://u:p@host/",
        "CHANNEL_ENABLE_LIST": "email,sms",
        "USERS_DB_URL": "mysql://host/users",
        "USERS_PORT": "8001",
        "RATE_LIMIT_GLOBAL": "500/s",
        "RATE_LIMIT_CHANNEL_SMS": "10/s",
        "RATE_LIMIT_LANE_LOW": "5/s",
        "RETRY_MAX_ATTEMPTS": "3",
    }


def test_a_table_of_credentials_is_the_json_of_an_account(file: Path) -> None:
    file.write_text(
        """
        [provider_credentials.smtp__eu]
        host = "mail.example.org"
        port = 587
        from = "Käse <hello@example.org>"
        [provider_credentials.standard]
        secrets = ["whsec_a", "whsec_b"]
        """
    )

    standard, smtp = sorted(read(file).credentials, key=lambda each: each.vendor, reverse=True)

    assert ("smtp__eu", "standard") == (smtp.name, standard.name)
    assert json.loads(smtp.json)["port"] == 587
    assert json.loads(smtp.json)["from"] == "Käse <hello@example.org>"
    assert json.loads(standard.json) == {"secrets": ["whsec_a", "whsec_b"]}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_variable_means_the_same_in_the_file(name: str, file: Path) -> None:
    file.write_text(f"{name.lower()} = {json.dumps(EXAMPLES[name])}")

    settings = read(file)

    assert settings == read_settings({name: EXAMPLES[name]})
    assert {name: Origin.FILE} == settings.origins
    assert (file,) == settings.files


def test_the_environment_wins_over_the_file(file: Path) -> None:
    file.write_text('db_url = "postgresql://file/db"\nlease_seconds = 4')

    settings = read(file, DB_URL="postgresql://environment/db", LEASE_SECONDS="")

    assert Url("postgresql://environment/db") == settings.servers.database
    assert 4 == settings.lease.total_seconds()
    assert {"DB_URL": Origin.ENVIRONMENT, "LEASE_SECONDS": Origin.FILE} == settings.origins


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('rate_limit_globel = "1/s"', "nobody reads RATE_LIMIT_GLOBEL. .*RATE_LIMIT_GLOBAL?"),
        (
            '[rate_limit.channel]\nsmss = "1/s"',
            "RATE_LIMIT_CHANNEL_SMSS. .*RATE_LIMIT_CHANNEL_SMS?",
        ),
        ('route.emial = "smtp"', "ROUTE_EMIAL. Did you mean ROUTE_EMAIL?"),
        ("weather = 1", r"nobody reads WEATHER\.$"),
        ("sendwell_config = 1", "nobody reads SENDWELL_CONFIG"),
        ('db_url = "sqlite:///a"\nDB_URL = "sqlite:///a"', "DB_URL stands there twice"),
        ('db_url = "sqlite:///a"\ndb.url = "sqlite:///a"', "DB_URL stands there twice"),
        ("lease_seconds = 2026-01-01", "LEASE_SECONDS holds what it cannot be"),
        ("[provider_credentials.smtp]\nsince = 2026-01-01", "PROVIDER_CREDENTIALS_SMTP holds"),
        ("[provider_credentials.smtp]\nport = inf", "PROVIDER_CREDENTIALS_SMTP holds"),
        ("lease_seconds = ", "this is not TOML"),
        ("lease_seconds = [" + "[" * 5_000, "this is not TOML"),
    ],
)
def test_a_slip_of_the_pen_is_not_silent(text: str, why: str, file: Path) -> None:
    file.write_text(text)

    with pytest.raises(Invalid, match=why) as refused:
        read(file)

    assert refused.value.message.startswith(f"{file}: ")


def test_a_wrong_value_is_refused_by_its_name(file: Path) -> None:
    file.write_text("lease_seconds = true")

    with pytest.raises(Invalid, match=r"^LEASE_SECONDS: 'true' is not a whole number"):
        read(file)


def test_a_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read: No such file"):
        read(file)


NAMES = st.sampled_from([*(name.lower() for name in EXAMPLES), "weather", "rate_limit", "db"])
VALUES = st.recursive(
    st.one_of(
        st.sampled_from([json.dumps(value) for value in EXAMPLES.values()]),
        st.integers().map(str),
        st.sampled_from(["true", "1.5", "nan", "1979-05-27", "''", '"\\u0000"']),
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]"),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lines=st.dictionaries(NAMES, VALUES, max_size=5), junk=st.text(max_size=5))
def test_any_file_is_read_or_refused(lines: dict[str, str], junk: str, file: Path) -> None:
    text = "\n".join(f"{name} = {value}" for name, value in lines.items())
    file.write_bytes(f"{text}\n{junk}".encode(errors="surrogatepass"))

    told = refusal({"SENDWELL_CONFIG": str(file)})

    assert told is None or any(name in told for name in (str(file), *map(str.upper, lines)))
