"""`sendwell topics`, as a black box."""

import pytest

from sendwell.domain.presets import PRESETS
from tests.acceptance.command import sendwell


async def test_every_name_is_printed_with_its_ends_key_and_schema() -> None:
    result = await sendwell("topics", "--preset", "tenant")

    rows = [line.split() for line in result.out.splitlines()]
    assert result.code == 0
    assert [
        "notification.requested", "requested", "public", "producers", "gateway", "tenant",
        "TenantRequest",
    ] in rows  # fmt: skip
    assert {"notification.send", "notification.send.dlt", "notification.status"} <= {
        row[0] for row in rows if row
    }


@pytest.mark.parametrize("preset", PRESETS)
async def test_every_schema_that_is_named_is_in_the_json(preset: str) -> None:
    result = await sendwell("topics", "--preset", preset, "--json")

    public = {row["schema"] for row in result.json["topics"] if row["public"]}
    assert result.json["preset"] == preset
    assert public - {"as it came"} <= result.json["schemas"].keys()


async def test_queues_are_told_where_there_are_any() -> None:
    direct, tenant = [await sendwell("topics", "--preset", name) for name in ("direct", "tenant")]

    assert "email.queue" in direct.out
    assert "QUEUE" not in tenant.out


async def test_without_an_option_the_names_are_those_of_the_settings() -> None:
    environment = {"PRESET": "direct", "PARTITION_BY": "user"}

    result = await sendwell("topics", "--json", environment=environment)

    assert "direct" == result.json["preset"]
    assert {"user"} == {row["key"] for row in result.json["topics"]}


async def test_an_option_stands_before_the_settings() -> None:
    result = await sendwell("topics", "--preset", "tenant", environment={"PRESET": "direct"})

    assert result.code == 0
    assert "notification.requested" in result.out


async def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    result = await sendwell("topics", "--preset", "preset-9")

    assert (result.code, result.out) == (1, "")
    assert "plain, tenant, intents, lanes, direct" in result.errors
