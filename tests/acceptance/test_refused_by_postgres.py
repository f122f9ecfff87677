"""A PostgreSQL that is there and does not let us in: whoever starts on it is told in words."""

from pathlib import Path

import pytest

from tests.acceptance.command import Result, sendwell
from tests.services.needs import needs
from tests.services.postgres import PASSWORD, Postgres

pytestmark = needs("postgres")
RUN = ("run", "all", "--port", "0")
MIGRATE = ("migrate",)
LET_IN = "The database does not let us in"
NOT_SO = "The database cannot be used like this"


@pytest.fixture
def refusing(
    request: pytest.FixtureRequest, postgres_server: Postgres, postgres_url: str
) -> tuple[str, str]:
    """A URL that leads to a server which refuses us, and what is to be said then."""
    match request.param:
        case "password":
            return postgres_url.replace(f":{PASSWORD}@", ":hunter2@"), LET_IN
        case "name":
            return f"{postgres_url}_missing", LET_IN
        case "rights":
            name = postgres_url.rpartition("/")[2]
            postgres_server.sql(f"ALTER DATABASE {name} OWNER TO postgres")
            postgres_server.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=name)
            return postgres_url, NOT_SO
        case option:
            return f"{postgres_url}?{option}", NOT_SO


@pytest.mark.parametrize(
    ("refusing", "variable", "command"),
    [
        ("password", "DB_URL", RUN),
        ("password", "BROKER_URL", RUN),
        ("password", "CACHE_URL", RUN),
        ("password", "USERS_DB_URL", RUN),
        ("name", "DB_URL", MIGRATE),
        ("rights", "DB_URL", RUN),
        ("rights", "DB_URL", MIGRATE),
        ("nonsense=1", "DB_URL", RUN),
        ("sslmode=nonsense", "DB_URL", RUN),
    ],
    indirect=["refusing"],
)
async def test_who_refuses_us_is_named_in_one_line(
    refusing: tuple[str, str], variable: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    url, words = refusing
    environment = {variable: url, "CHANNEL_ENABLE_LIST": "in_app"}

    told = await sendwell(*command, "--data", str(tmp_path), environment=environment)

    (line,) = [line for line in told.errors.splitlines() if line.startswith("sendwell: ")]
    assert url.partition("@")[2] in line
    assert words in line
    assert told.code == 1
    assert is_discreet(told)


@pytest.mark.parametrize("refusing", ["password", "nonsense=1"], indirect=True)
async def test_a_promotion_to_who_refuses_us_is_told_in_one_line(
    refusing: tuple[str, str], tmp_path: Path
) -> None:
    url, words = refusing
    await sendwell("migrate", "--data", str(tmp_path))

    told = await sendwell("promote", "--from", str(tmp_path), "--to", url)

    assert words in told.errors
    assert told.code == 1
    assert is_discreet(told)


@pytest.mark.parametrize("refusing", ["password", "rights"], indirect=True)
async def test_doctor_looks_also_at_a_bus_that_refuses_us(
    refusing: tuple[str, str], tmp_path: Path
) -> None:
    url, _ = refusing
    data = ("--data", str(tmp_path))

    told = await sendwell("doctor", "--json", *data, environment={"BROKER_URL": url})

    found = [each["level"] for each in told.json["findings"] if each["topic"] == "bus"]
    assert found == ["note" if PASSWORD in url else "wrong"]
    assert is_discreet(told)


def is_discreet(told: Result) -> bool:
    """Neither a password nor our insides are to be seen."""
    secrets = ("Traceback", "hunter2", f":{PASSWORD}@")
    return not any(secret in told.out + told.errors for secret in secrets)
