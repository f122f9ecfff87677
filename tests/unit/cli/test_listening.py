"""Where a process listens when nobody said otherwise, and what it must not believe there."""

from dataclasses import replace

import pytest

from sendwell.cli.listening import port_of
from sendwell.cli.serving import guarded
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.settings import BUILT_IN_SECRET, Peers, PresetName, Settings


@pytest.mark.parametrize(
    ("preset", "port"),
    [("plain", 8000), ("tenant", 8000), ("intents", 8000), ("direct", 8000), ("lanes", 8080)],
)
def test_all_roles_together_listen_where_producers_look_for_the_gateway(
    preset: str, port: int
) -> None:
    assert port_of(None, Settings(preset=PresetName(preset))) == port


def test_what_was_asked_for_goes_before_the_preset() -> None:
    assert port_of(0, Settings(preset=PresetName.LANES)) == 0


def test_the_environment_goes_before_the_preset() -> None:
    settings = Settings(preset=PresetName.LANES, peers=Peers(port={"gateway": 9000}))

    assert port_of(None, settings) == 9000


@pytest.mark.parametrize(("channel", "port"), [("email", 8002), ("push", 8003), ("sms", 8000)])
def test_one_channel_listens_where_the_preset_has_it(channel: str, port: int) -> None:
    settings = Settings(
        preset=PresetName.DIRECT,
        roles=frozenset({"delivery"}),
        delivers=ChannelName(channel),
    )

    assert port_of(None, settings) == port


def test_the_built_in_secret_is_believed_on_loopback_only() -> None:
    settings = Settings(secret="s" * 32, secret_also=BUILT_IN_SECRET)

    assert guarded(settings) is settings
    with pytest.raises(Invalid, match="Unset SECRET_KEY_ALSO"):
        guarded(replace(settings, host="0.0.0.0"))  # noqa: S104 - it refuses
