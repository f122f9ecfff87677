"""The page for people: its tables are made from the table of variables.

After a change there, write them anew with SENDWELL_SNAPSHOT=write.
"""

import os
import re
from pathlib import Path

import pytest

from sendwell.settings import ROLES, Url, read_settings
from sendwell.settings.schemes import ways
from sendwell.settings.table import SETTINGS, Group, Setting

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "configuration.md"
HEAD = "| variable | meaning | default | change by |\n| --- | --- | --- | --- |\n"


def row(setting: Setting) -> str:
    change = "reload" if setting.is_reloadable else "restart"
    default = f" {setting.default} " if setting.default else " "
    return f"| `{setting.name}` | {setting.meaning} |{default}| {change} |\n"


def table(group: Group) -> str:
    rows = "".join(row(setting) for setting in SETTINGS if setting.group is group)
    return f"\n{HEAD}{rows}\n"


def place_of(group: Group) -> re.Pattern[str]:
    begin = re.escape(f"<!-- begin: {group.value} -->\n")
    return re.compile(f"(?<={begin}).*?(?=<!-- end -->)", re.DOTALL)


@pytest.mark.parametrize("group", Group)
def test_the_page_has_every_variable_as_it_is(group: Group) -> None:
    if os.environ.get("SENDWELL_SNAPSHOT") == "write":
        page = place_of(group).sub(lambda _: table(group), PAGE.read_text(), count=1)
        PAGE.write_text(page)

    found = place_of(group).search(PAGE.read_text())

    assert found is not None
    assert found[0] == table(group)


def test_the_example_of_a_configuration_file_can_be_read(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(?P<text>.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    elsewhere = tmp_path / "sendgrid.json"
    text = found["text"].replace("/run/secrets/sendgrid.json", str(elsewhere))
    file = tmp_path / "sendwell.toml"
    file.write_text(text)
    elsewhere.write_text("{}")
    (tmp_path / "database-url").write_text("postgresql://u:p@host/name")

    settings = read_settings({"SENDWELL_CONFIG": str(file)})

    assert {"smtp", "sendgrid"} == {each.name for each in settings.credentials}
    assert {"ROUTE_EMAIL", "RATE_LIMIT_GLOBAL", "RATE_LIMIT_CHANNEL_SMS"} < settings.origins.keys()
    assert settings.servers.database == Url("postgresql://u:p@host/name")


@pytest.mark.parametrize("role", ROLES)
def test_the_page_names_every_role(role: str) -> None:
    assert f"`{role.upper()}`" in PAGE.read_text()


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "cassandra", "redis", "kafka", "amqp"])
def test_the_page_says_what_to_install_for_a_server(scheme: str) -> None:
    _, _, command = ways([scheme]).partition(": ")

    assert f"`{command.removesuffix(')')}`" in PAGE.read_text()
