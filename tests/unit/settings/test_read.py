"""Settings from the environment."""

import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.backoff import DIRECT
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.settings import (
    BUILT_IN_SECRET,
    ROLES,
    Origin,
    Settings,
    Url,
    check_apart,
    counted_apart,
    read_settings,
    require_driver,
)
from sendwell.settings.in_force import in_force, shown
from sendwell.settings.names import find
from sendwell.settings.table import SETTINGS
from tests.unit.settings.examples import EXAMPLES
from tests.unit.settings.reading import refusal

EMAIL, WEBHOOK = ChannelName("email"), ChannelName("webhook")


def test_there_is_an_example_for_every_line_of_the_table() -> None:
    lines = {setting.name for name in EXAMPLES if (setting := find(name))}

    assert {setting.name for setting in SETTINGS} - lines == {
        "PROVIDER_CREDENTIALS_<VENDOR>__<ACCOUNT>"  # found by the line above it
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_variable_has_an_effect_and_an_origin(name: str) -> None:
    settings = read_settings({name: EXAMPLES[name]})

    assert in_force(settings)[name] != in_force(Settings()).get(name)
    assert {name: Origin.ENVIRONMENT} == settings.origins


def test_all_variables_can_be_set_together() -> None:
    settings = read_settings(EXAMPLES)

    assert EXAMPLES.keys() <= in_force(settings).keys()
    assert EXAMPLES.keys() == settings.origins.keys()


def test_nothing_set_is_the_embedded_product() -> None:
    settings = read_settings({"PATH": "/usr/bin", "HOME": "/root"})

    assert settings == Settings()
    assert {Url("sqlite:///data/sendwell.db")} == {settings.database_of(role) for role in ROLES}
    assert Url("memory:") == settings.cache == settings.servers.broker


def test_an_empty_variable_is_not_set() -> None:
    settings = read_settings(dict.fromkeys((*EXAMPLES, "DB_URL_FILE", "SENDWELL_CONFIG"), ""))

    assert settings == Settings()


def test_a_role_has_its_own_database_or_that_of_all() -> None:
    settings = read_settings(
        {"DB_URL": "postgresql://all/db", "USERS_DB_URL": "mysql://people/users"}
    )

    assert Url("mysql://people/users") == settings.database_of("users")
    assert Url("postgresql://all/db") == settings.database_of("inbox")


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({"DB_URL": "sqlite:///x.db"}, "memory:"),
        ({"DB_URL": "postgresql://all/db"}, "postgresql://all/db"),
        ({"DELIVERY_DB_URL": "postgresql://own/db"}, "postgresql://own/db"),
        ({"DB_URL": "postgresql://all/db", "CACHE_URL": "memory:"}, "memory:"),
        ({"CACHE_URL": "redis://cache"}, "redis://cache"),
    ],
)
def test_limits_are_counted_where_deliveries_are_unless_said_otherwise(
    environment: dict[str, str], cache: str
) -> None:
    assert Url(cache) == read_settings(environment).cache


@pytest.mark.parametrize(
    ("environment", "cache", "lasting"),
    [
        ({}, "memory:", None),
        ({"DB_URL": "postgresql://all/db"}, "postgresql://all/db", None),
        ({"DB_URL": "postgresql://all/db", "CACHE_URL": "memory:"}, "memory:", None),
        (
            {"DB_URL": "postgresql://all/db", "CACHE_URL": "postgresql://l/l"},
            "postgresql://l/l",
            None,
        ),
        (
            {"DB_URL": "postgresql://all/db", "CACHE_URL": "redis://c"},
            "redis://c",
            "postgresql://all/db",
        ),
        ({"CACHE_URL": "redis://c"}, "redis://c", None),
        ({"LIMITER_DB_URL": "postgresql://l/l"}, "postgresql://l/l", None),
        (
            {"DB_URL": "postgresql://all/db", "LIMITER_DB_URL": "postgresql://l/l"},
            "postgresql://l/l",
            None,
        ),
        (
            {"CACHE_URL": "redis://c", "LIMITER_DB_URL": "postgresql://l/l"},
            "redis://c",
            "postgresql://l/l",
        ),
    ],
)
def test_what_counts_for_a_day_is_counted_where_it_lasts(
    environment: dict[str, str], cache: str, lasting: str | None
) -> None:
    settings = read_settings(environment)

    assert Url(cache) == settings.cache
    assert (Url(lasting) if lasting else None) == settings.lasting


@pytest.mark.parametrize(
    ("environment", "apart"),
    [
        ({}, ["RATE_LIMIT_TENANT", "RATE_LIMIT_USER", "RATE_LIMIT_LANE_LOW"]),
        ({"CACHE_URL": "memory:"}, ["RATE_LIMIT_TENANT", "RATE_LIMIT_USER", "RATE_LIMIT_LANE_LOW"]),
        ({"CACHE_URL": "redis://c"}, ["RATE_LIMIT_USER"]),
        ({"CACHE_URL": "postgresql://l/l"}, []),
        ({"CACHE_URL": "redis://c", "LIMITER_DB_URL": "postgresql://l/l"}, []),
    ],
)
def test_services_count_apart_what_nobody_has_named_one_place_for(
    environment: dict[str, str], apart: list[str]
) -> None:
    rates = {
        "RATE_LIMIT_TENANT": "100/s",
        "RATE_LIMIT_USER": "5/d",
        "RATE_LIMIT_CHANNEL_SMS": "1/s",
        "RATE_LIMIT_LANE_LOW": "5/s",
    }

    assert apart == counted_apart(read_settings(environment | rates))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_URL", "mysql://host/db"),
        ("DB_URL", "kafka://host"),
        ("INBOX_DB_URL", "mysql://host/db"),
        ("USERS_DB_URL", "cassandra://host/db"),
        ("TRACKER_DB_URL", "redis://host"),
        ("DB_LISTEN_URL", "sqlite:///x.db"),
        ("BROKER_URL", "redis://host"),
        ("CACHE_URL", "sqlite:///x.db"),
        ("USERS_URL", "postgresql://host"),
        ("PUBLIC_URL", "notify.example.org"),
        ("USERS_PORT", "65536"),
        ("USERS_PORT", "udp"),
        ("METRICS_PORT", "-1"),
        ("DB_POOL_SIZE", "2"),
        ("RETRY_MAX_ATTEMPTS", "many"),
        ("RETRY_MAX_ATTEMPTS", "9" * 5_000),
        ("RETRY_MAX_ATTEMPTS_WEBHOOK", "0"),
        ("LEASE_SECONDS", "0"),
        ("RETENTION_DAYS", "1.5"),
        ("PRESET", "novu"),
        ("BUS_AUTH", "basic"),
        ("LOG_LEVEL", "loud"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", BUILT_IN_SECRET),
        ("SECRET_KEY_ALSO", "short"),
        ("SECRET_KEY_ALSO", BUILT_IN_SECRET),
        ("SERVICE_TOKEN", "short"),
        ("SCHEDULE_TIMEZONE_DEFAULT", "Vienna"),
        ("OUTBOUND_ALLOW", "10.0.0.1/8"),
        ("ROUTE_EMAIL", "smtp,smtp"),
        ("RATE_LIMIT_GLOBAL", "fast"),
        ("RATE_LIMIT_USER", "5/d lose"),
        ("RATE_LIMIT_LANE_MIDDLE", "5/d"),
        ("PROVIDER_CREDENTIALS_SMTP__", "{}"),
        ("ANONYMOUS_TENANT", "\udcff"),
    ],
)
def test_what_cannot_be_read_is_refused_once_by_its_name(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_settings({name: value})

    assert refused.value.message.startswith(name)
    assert refused.value.message.count(name) == 1


def test_a_preset_brings_its_way_to_retry_and_the_operator_overrules_it() -> None:
    usual = read_settings({"PRESET": "tenant"}).retries
    shorter = read_settings({"PRESET": "tenant", "RETRY_MAX_ATTEMPTS": "2"}).retries

    assert [6, 2] == [each.of(WEBHOOK, is_last=True).attempts for each in (usual, shorter)]


def test_the_preset_direct_brings_its_way_to_retry() -> None:
    usual = read_settings({"PRESET": "direct"}).retries.of(EMAIL)
    shorter = read_settings({"PRESET": "direct", "RETRY_MAX_ATTEMPTS": "2"}).retries.of(EMAIL)

    assert usual == DIRECT
    assert (2, DIRECT.cap) == (shorter.attempts, shorter.cap)


@pytest.mark.parametrize(
    ("environment", "webhook", "email"),
    [
        ({}, 24, 5),
        ({"RETRY_MAX_ATTEMPTS": "2"}, 2, 2),
        ({"RETRY_MAX_ATTEMPTS_WEBHOOK": "30"}, 30, 5),
        ({"RETRY_MAX_ATTEMPTS_EMAIL": "9"}, 24, 9),
        ({"RETRY_MAX_ATTEMPTS": "2", "RETRY_MAX_ATTEMPTS_WEBHOOK": "30"}, 30, 2),
        ({"PRESET": "direct", "RETRY_MAX_ATTEMPTS_WEBHOOK": "30"}, 30, 4),
    ],
)
def test_a_channel_has_the_attempts_that_are_said_of_it_or_else_of_all(
    environment: dict[str, str], webhook: int, email: int
) -> None:
    retries = read_settings(environment).retries

    found = [retries.of(channel, is_last=True).attempts for channel in (WEBHOOK, EMAIL)]

    assert [webhook, email] == found


def test_the_address_of_a_kubernetes_service_is_not_taken_for_a_port() -> None:
    settings = read_settings({"USERS_PORT": "tcp://10.96.0.7:8001", "INBOX_PORT": "8009"})

    assert {"inbox": 8009} == settings.peers.port


def test_idempotency_keys_do_not_outlive_what_they_stand_for() -> None:
    with pytest.raises(Invalid, match="IDEMPOTENCY_WINDOW_HOURS"):
        read_settings({"IDEMPOTENCY_WINDOW_HOURS": "49", "RETENTION_DAYS": "2"})


def test_an_idempotency_key_counts_for_a_day_at_least() -> None:
    assert timedelta(days=1) == read_settings({"IDEMPOTENCY_WINDOW_HOURS": "1"}).idempotency_window


@pytest.mark.parametrize(
    ("broker", "days"),
    [
        ("kafka://one:9092", 30),
        ("kafka+ssl://one:9093", 30),
        ("amqp://host", 30),
        ("amqps://host", 30),
        ("postgresql://host/name", 1),
        ("memory:", 1),
    ],
)
def test_what_waits_on_a_broker_for_weeks_is_still_taken_and_known(broker: str, days: int) -> None:
    given = {"BROKER_URL": broker}

    assert timedelta(days=days) == read_settings(given).idempotency_window
    shorter = read_settings({**given, "IDEMPOTENCY_WINDOW_HOURS": "48"})
    assert timedelta(days=2) == shorter.idempotency_window


def test_a_window_that_nobody_asked_for_gives_way_to_a_short_retention() -> None:
    settings = read_settings({"BROKER_URL": "kafka://one:9092", "RETENTION_DAYS": "7"})

    assert timedelta(days=7) == settings.idempotency_window


def test_roles_on_other_machines_are_not_asked_without_a_token() -> None:
    there, here = {"USERS_URL": "http://users:8001"}, {"USERS_URL": "http://[::1]:8001"}

    with pytest.raises(Invalid, match=r"USERS_URL .* SERVICE_TOKEN"):
        read_settings(there)

    assert read_settings({**there, "SERVICE_TOKEN": "t" * 32}).peers.token == "t" * 32
    assert read_settings(here).peers.token is None


def test_roles_that_others_can_reach_need_a_token() -> None:
    check_apart(Settings(host="127.0.0.1"))
    check_apart(Settings(host="0.0.0.0", peers=read_settings(EXAMPLES).peers))  # noqa: S104

    with pytest.raises(Invalid, match="SERVICE_TOKEN"):
        check_apart(Settings(host="0.0.0.0"))  # noqa: S104


def test_the_built_in_secret_is_believed_by_a_name_of_its_own() -> None:
    settings = read_settings({"SECRET_KEY_ALSO": "built-in"})

    assert settings.secret_also == BUILT_IN_SECRET
    assert shown("SECRET_KEY_ALSO", settings.secret_also) == "built in"


def test_a_driver_that_is_not_there_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_driver("DB_URL", Url("sqlite:///x.db"))
    monkeypatch.setitem(sys.modules, "aio_pika", None)  # how Python remembers what is not there

    with pytest.raises(Invalid, match=r'BROKER_URL: .* pip install -e "\.\[rabbitmq\]"'):
        require_driver("BROKER_URL", Url("amqps://host"))


def test_secrets_are_not_in_the_representation_of_settings() -> None:
    settings = read_settings(EXAMPLES)
    told = [shown(name, value) for name, value in in_force(settings).items()]

    for secret in (
        "hunter2", EXAMPLES["SECRET_KEY"], EXAMPLES["SECRET_KEY_ALSO"], EXAMPLES["SERVICE_TOKEN"],
    ):  # fmt: skip
        assert secret not in repr(settings)
        assert secret not in "\n".join(told)


VALUES = st.one_of(
    st.sampled_from(sorted(EXAMPLES.values())),
    st.text(st.characters()),
    st.integers().map(str),
    st.builds("{}://{}".format, st.sampled_from(["postgresql", "kafka", "http"]), st.text()),
)
NAMES = st.one_of(
    st.sampled_from([*EXAMPLES, *(f"{name}_FILE" for name in EXAMPLES)]),
    st.from_regex(r"(RATE_LIMIT_LANE|PROVIDER_CREDENTIALS|ROUTE)_[A-Z_]{1,9}", fullmatch=True),
)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_environment_is_read_or_refused_by_the_name_of_a_variable(
    environment: dict[str, str],
) -> None:
    told = refusal(environment)

    assert told is None or any(name in told for name in environment)


@given(st.dictionaries(st.sampled_from(sorted(EXAMPLES)), st.none()))
def test_what_is_set_is_what_has_an_origin(names: dict[str, None]) -> None:
    settings = read_settings({"RETENTION_DAYS": "90", **{name: EXAMPLES[name] for name in names}})

    assert settings.origins.keys() == {"RETENTION_DAYS", *names} <= in_force(settings).keys()


@pytest.mark.parametrize(
    ("is_sample", "host", "lets_it_in"),
    [(True, "127.0.0.1", True), (True, "0.0.0.0", False), (False, "127.0.0.1", False)],  # noqa: S104
)
def test_the_sample_is_let_in_where_it_runs_and_on_this_machine_only(
    host: str, *, is_sample: bool, lets_it_in: bool
) -> None:
    assert lets_it_in == Settings(host=host, is_sample=is_sample).lets_sample_in
