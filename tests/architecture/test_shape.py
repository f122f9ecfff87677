"""What imports cannot say about the shape of the code."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from sendwell.channels import all_channels
from sendwell.providers.discovery import vendors

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sendwell"
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 400
VAGUE = {"utils", "util", "helpers", "common", "manager", "misc", "base"}
WITHOUT_TENANT = {"mark", "tenant_version", "outbox", "heard", "database_name"}


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in FILES
        if (lines := len(file.read_text().splitlines())) > MOST_LINES
    }

    assert long == {}


def test_no_module_has_a_vague_name() -> None:
    vague = [str(file.relative_to(ROOT)) for file in FILES if file.stem in VAGUE]

    assert vague == []


def test_every_channel_and_vendor_has_its_test() -> None:
    tests = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))

    untested = [name for name in (*all_channels(), *vendors()) if f"{name}" not in tests]

    assert untested == []


def test_metrics_are_made_in_one_file_only() -> None:
    makers = {"Counter", "Gauge", "Histogram", "Summary"}
    elsewhere = [
        str(file.relative_to(ROOT))
        for file in FILES
        if file != PACKAGE / "telemetry" / "names.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("prometheus_client")
        and makers & {alias.name for alias in node.names}
    ]

    assert elsewhere == []


def test_no_engine_shows_in_its_errors_what_was_bound() -> None:
    makers = {"create_engine", "create_async_engine"}
    calls = {
        f"{file.relative_to(PACKAGE)}:{node.lineno}": {each.arg for each in node.keywords}
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in makers
    }

    assert calls
    assert [place for place, told in calls.items() if "hide_parameters" not in told] == []


def tables_modules() -> list[str]:
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in FILES
        if file.name == "tables.py"
    ]


@pytest.mark.parametrize("module", tables_modules())
def test_every_table_of_tenant_data_has_the_tenant_column(module: str) -> None:
    metadata: MetaData = __import__(module, fromlist=["METADATA"]).METADATA

    without = [
        name
        for name, table in metadata.tables.items()
        if "tenant" not in table.columns and name not in WITHOUT_TENANT
    ]

    assert without == []
