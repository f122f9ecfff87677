"""Secrets in files of their own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.settings import Origin, read_settings
from sendwell.settings.names import secret_of
from tests.unit.settings.examples import EXAMPLES
from tests.unit.settings.reading import refusal

SECRETS = [name for name in EXAMPLES if secret_of(f"{name}_FILE")]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_means_the_same_in_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"\n{EXAMPLES[name]}\n")

    settings = read_settings({f"{name}_FILE": str(file)})

    assert settings == read_settings({name: EXAMPLES[name]})
    assert {name: Origin.ENVIRONMENT} == settings.origins
    assert (file,) == settings.files


def test_the_file_of_a_secret_lies_beside_the_configuration_file_that_names_it(
    tmp_path: Path,
) -> None:
    config, secret = tmp_path / "sendwell.toml", tmp_path / "key"
    config.write_text("secret_key_file = 'key'")
    secret.write_text(EXAMPLES["SECRET_KEY"])

    settings = read_settings({"SENDWELL_CONFIG": str(config)})

    assert settings.secret == EXAMPLES["SECRET_KEY"]
    assert (config, secret) == settings.files


def test_the_environment_wins_over_a_secret_that_the_configuration_file_names(
    tmp_path: Path,
) -> None:
    config, secret = tmp_path / "sendwell.toml", tmp_path / "key"
    config.write_text(f"secret_key_file = '{secret}'")
    secret.write_text("another secret, of more than 32 characters")

    settings = read_settings({"SENDWELL_CONFIG": str(config), "SECRET_KEY": EXAMPLES["SECRET_KEY"]})

    assert settings.secret == EXAMPLES["SECRET_KEY"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_and_its_file_together_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=f"{name} and {name}_FILE are both set"):
        read_settings({name: EXAMPLES[name], f"{name}_FILE": str(tmp_path)})


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), (b" \n", "is empty"), (b"\xff\xfe", "not text")]
)
def test_a_file_that_holds_no_secret_is_refused(
    content: bytes | None, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Invalid, match=f"^DB_URL_FILE: the file that it names .*{why}"):
        read_settings({"DB_URL_FILE": str(file)})


def test_a_secret_that_stands_where_its_file_should_is_not_repeated() -> None:
    with pytest.raises(Invalid) as refused:
        read_settings({"DB_URL_FILE": EXAMPLES["DB_URL"]})

    assert "hunter2" not in refused.value.message


@given(
    name=st.sampled_from([*SECRETS, *(f"{name}_FILE" for name in SECRETS)]),
    before=st.text(max_size=10),
    behind=st.text(max_size=10),
)
def test_no_refusal_repeats_a_secret(*, name: str, before: str, behind: str) -> None:
    told = refusal({name: f"{before}hunter2{behind}"})

    assert "hunter2" not in (told or "")
