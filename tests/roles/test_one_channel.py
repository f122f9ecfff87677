"""Who delivers by one channel only: what is read, what is refused, and what is left for others."""

from pathlib import Path
from typing import cast

import pytest

from sendwell.bootstrap.core import build_core
from sendwell.bootstrap.edge import Edge
from sendwell.bootstrap.exchanges import build_exchanges
from sendwell.domain.errors import Invalid, Unavailable
from sendwell.domain.ids import ChannelName
from sendwell.domain.presets import PRESETS, find_preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.wire.carrier import Carrier
from sendwell.ports.bus import Bus
from sendwell.providers.accounts import Providers
from sendwell.providers.null import Null
from sendwell.runtime.announce import Announcements
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.settings import Peers, PresetName, Servers, Settings, Url
from tests.roles.delivery_house import a_house, a_task

PUSH = ChannelName("push")


def settings(folder: Path, preset: str, only: str | None) -> Settings:
    return Settings(
        data=folder,
        roles=frozenset({"delivery"}),
        delivers=ChannelName(only) if only else None,
        preset=PresetName(preset),
        servers=Servers(broker=Url("kafka://127.0.0.1:1")),
        peers=Peers(url={"accounts": Url("http://127.0.0.1:1")}),
    )


@pytest.mark.parametrize(
    ("preset", "only", "names"),
    [
        ("intents", "push", ["notification.push.requested"]),
        ("lanes", "push", ["delivery.push"]),
        ("tenant", None, ["notification.send"]),
        (
            "lanes",
            None,
            [f"delivery.{each}" for each in ("email", "sms", "push", "in_app", "webhook")],
        ),
    ],
)
async def test_only_the_tasks_of_its_channel_are_read(
    preset: str, only: str | None, names: list[str], tmp_path: Path
) -> None:
    core = await build_core(settings(tmp_path, preset, only))
    edge = Edge(
        core,
        cast("Bus", None),
        find_preset(preset),
        cast("Carrier", None),
        cast("Outbox", None),
        cast("Announcements", None),
    )

    read = edge.read()

    await core.process.stop()
    assert sorted(names) == sorted(stream.name for stream in read[LogicalStream.TASK])


@pytest.mark.parametrize("preset", PRESETS)
async def test_one_channel_is_refused_where_all_share_a_stream(preset: str, tmp_path: Path) -> None:
    refused = ""
    try:
        core = await build_core(settings(tmp_path, preset, "push"))
        await core.process.stop()
    except Invalid as error:
        refused = error.message

    assert (preset == "tenant") == bool(refused)
    assert not refused or ("notification.send" in refused and "leave out --channel" in refused)


async def test_there_is_no_mailbox_for_channels_that_others_deliver_by(tmp_path: Path) -> None:
    core = await build_core(settings(tmp_path, "intents", "push"))

    exchanges = build_exchanges(core, Providers(), mailbox=Null(), inbox=Null())

    await core.process.stop()
    assert [PUSH] == [*exchanges.by_channel]


async def test_a_task_for_another_channel_is_left_on_the_bus(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house, house.at_work():
        own, other = a_task("ada@example.org"), a_task("token", PUSH)

        with pytest.raises(Unavailable, match="Nobody delivers by push in this process"):
            await house.delivery.take_arrived([other, own])

        assert {"ada@example.org": "SENT"} == await house.ends([own])
        assert [] == await house.open()


async def test_who_finds_work_of_another_channel_does_not_begin(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        await house.leave("token", channel=PUSH)

        with pytest.raises(Invalid, match="Nobody delivers by push in this process"):
            await house.delivery.recover()

        assert ["PENDING"] == await house.open()
