"""What the doctor says about the configuration."""

import sys
from pathlib import Path

import pytest

from sendwell.cli.diagnosis.configuration import origins, read_configuration, variables
from sendwell.cli.diagnosis.finding import Level
from sendwell.settings import Settings, read_settings
from tests.unit.settings.examples import EXAMPLES


def found(**environment: str) -> dict[str, Level]:
    _, findings = read_configuration(environment)
    return {f"{each.text} {each.advice or ''}".strip(): each.level for each in findings}


def test_what_is_refused_is_wrong_and_there_are_no_settings() -> None:
    settings, (finding,) = read_configuration({"DB_URL": "mysql://u:hunter2@host/db"})

    assert settings is None
    assert (finding.level, "hunter2" in finding.text) == (Level.WRONG, False)
    assert finding.text.startswith("DB_URL: ")


def test_every_variable_is_shown_without_its_secret() -> None:
    shown = variables(read_settings(EXAMPLES))

    assert EXAMPLES.keys() <= shown.keys()
    assert shown["DB_URL"] == "postgresql://sendwell:***@db/sendwell"
    assert shown["SERVICE_TOKEN"] == shown["PROVIDER_CREDENTIALS_SMTP"] == "(set)"
    assert (shown["RETENTION_DAYS"], shown["LEASE_SECONDS"]) == ("30", "4")
    assert "hunter2" not in str(shown)


def test_what_is_not_set_is_shown_as_what_happens_then() -> None:
    shown = variables(Settings())

    assert shown["DB_URL"] == "SQLite in the data folder"
    assert shown["RATE_LIMIT_GLOBAL"] == "no limit"
    assert shown["SECRET_KEY"] == "built in"
    assert all(shown.values())


def test_every_value_says_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "sendwell.toml"
    file.write_text("lease_seconds = 4\nlog_level = 'debug'")
    environment = {"SENDWELL_CONFIG": str(file), "LOG_LEVEL": "error"}

    said = origins(read_settings(environment))

    assert ("file", "environment", "default") == (
        said["LEASE_SECONDS"], said["LOG_LEVEL"], said["PRESET"],
    )  # fmt: skip
    texts = found(**environment)
    assert texts["From the environment: LOG_LEVEL."] is Level.OK
    assert texts[f"From {file}: LEASE_SECONDS."] is Level.OK


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("RATE_LIMIT_GLOBEL", "RATE_LIMIT_GLOBAL"),
        ("RATE_LIMIT_CHANNEL_sms", "RATE_LIMIT_CHANNEL_SMS"),
        ("SECRETS_KEY_FILE", "SECRET_KEY_FILE"),
    ],
)
def test_a_variable_that_nobody_reads_is_pointed_out(name: str, better: str) -> None:
    text = f"{name} is set and has no effect. Did you mean {better}? Rename it."

    assert found(**{name: "1/s"})[text] is Level.NOTE


@pytest.mark.parametrize("name", ["PATH", "USERS_SERVICE_PORT", "USERS_PORT_80_TCP", "DB_HOST"])
def test_what_is_not_ours_is_not_mentioned(name: str) -> None:
    assert found(**{name: "1"}) == found()


def test_a_secret_that_is_only_believed_is_noted() -> None:
    text = next(each for each in found(SECRET_KEY_ALSO="s" * 32) if "SECRET_KEY_ALSO is" in each)

    assert found(SECRET_KEY_ALSO="s" * 32)[text] is Level.NOTE
    assert text not in found()


def test_a_driver_that_is_not_installed_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)  # how Python remembers what is not there

    texts = found(DB_URL="postgresql://host/db")

    assert Level.WRONG in texts.values()
    assert any('pip install -e ".[postgres]"' in text for text in texts)
