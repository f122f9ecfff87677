from itertools import combinations

import pytest

from sendwell.channels import all_channels
from sendwell.domain.backoff import DIRECT, delay
from sendwell.domain.errors import NotFound
from sendwell.domain.ids import ChannelName
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import FINAL, State
from sendwell.domain.presets import PRESETS, find_preset
from sendwell.domain.presets.naming import (
    WHOLE,
    Axis,
    ExchangeKind,
    Naming,
    PhysicalName,
    Share,
)
from sendwell.domain.presets.preset import Broker, KeyCase, Preset
from sendwell.domain.presets.streams import ENDS, OUTSIDE, LogicalStream
from sendwell.domain.presets.verdict import Verdict, verdict_of

EMAIL, PUSH = ChannelName("email"), ChannelName("push")
WEBHOOK = ChannelName("webhook")
CHANNELS = tuple(all_channels().values())
every_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())


def names_of(preset: str, stream: LogicalStream) -> set[str]:
    chosen = PRESETS[preset]
    return {chosen.physical(stream, share).name for share in chosen.shares(stream, CHANNELS)}


def test_all_but_the_plain_preset_hand_requests_or_tasks_on_to_others() -> None:
    assert {name for name, preset in PRESETS.items() if not preset.hands_on} == {"plain"}


def test_the_names_of_preset_tenant() -> None:
    assert names_of("tenant", LogicalStream.REQUESTED) == {"notification.requested"}
    assert names_of("tenant", LogicalStream.TASK) == {"notification.send"}
    assert names_of("tenant", LogicalStream.RETRY) == {"notification.send.retry"}
    assert names_of("tenant", LogicalStream.DEAD) == {"notification.send.dlt"}
    assert names_of("tenant", LogicalStream.STATUS) == {"notification.status"}
    assert PRESETS["tenant"].keys is KeyCase.CAMEL


def test_the_names_of_preset_intents() -> None:
    verdicts = names_of("intents", LogicalStream.STATUS)

    assert names_of("intents", LogicalStream.REQUESTED) == {"notification.intent.received"}
    assert names_of("intents", LogicalStream.ACCEPTED) == {"notification.intent.enriched"}
    assert {"notification.email.requested", "notification.push.requested"} < names_of(
        "intents", LogicalStream.TASK
    )
    assert {
        "notification.email.delivered",
        "notification.email.failed",
        "notification.email.bounced",
        "notification.push.delivered",
        "notification.push.failed",
    } < verdicts
    assert "notification.push.bounced" not in verdicts
    assert {Broker.KAFKA, Broker.RABBITMQ} == set(PRESETS["intents"].brokers)


def test_the_names_of_preset_lanes() -> None:
    assert names_of("lanes", LogicalStream.REQUESTED) == {"notifications.raw"}
    assert names_of("lanes", LogicalStream.ACCEPTED) == {
        "notifications.critical",
        "notifications.high",
        "notifications.medium",
        "notifications.low",
    }
    assert {"delivery.email", "delivery.push"} < names_of("lanes", LogicalStream.TASK)
    assert PRESETS["lanes"].port("gateway") == 8080


def test_the_names_of_preset_direct() -> None:
    direct = PRESETS["direct"]

    assert direct.physical(LogicalStream.TASK, Share(EMAIL)) == PhysicalName(
        "email", "notifications.direct", ExchangeKind.DIRECT, "email.queue", ("email.queue",)
    )
    assert direct.physical(LogicalStream.TASK, Share(PUSH)).queue == "push.queue"
    assert direct.physical(LogicalStream.DEAD, WHOLE).queue == "failed.queue"
    assert direct.brokers == (Broker.RABBITMQ,)


@pytest.mark.parametrize(
    ("role", "channel", "port"),
    [
        ("gateway", None, 8000),
        ("orchestrator", None, 8000),
        ("users", None, 8001),
        ("delivery", EMAIL, 8002),
        ("delivery", PUSH, 8003),
        ("templates", None, 8004),
        ("delivery", ChannelName("sms"), None),
        ("delivery", None, None),
    ],
)
def test_the_ports_of_preset_direct(
    role: str, channel: ChannelName | None, port: int | None
) -> None:
    assert PRESETS["direct"].port(role, channel) == port


def test_the_waits_of_preset_direct_are_1_2_and_4_seconds() -> None:
    retry = PRESETS["direct"].retries.of(WEBHOOK, is_last=True)

    waits = [delay(retry, attempt, chance=0.3).total_seconds() for attempt in (1, 2, 3)]

    assert retry is DIRECT
    assert waits == [1, 2, 4]
    assert retry.attempts == len(waits) + 1


def test_preset_tenant_retries_five_times() -> None:
    assert PRESETS["tenant"].retries.of(WEBHOOK, is_last=True).attempts - 1 == 5


@every_preset
def test_no_two_streams_share_a_name_but_requests_and_tasks_of_a_queue(preset: Preset) -> None:
    physical = {
        stream: {preset.physical(stream, share) for share in preset.shares(stream, CHANNELS)}
        for stream in preset.namings
    }

    shared = {
        frozenset({one, other})
        for one, other in combinations(physical, 2)
        if {(name.exchange, name.name) for name in physical[one]}
        & {(name.exchange, name.name) for name in physical[other]}
    }

    of_a_queue = frozenset({LogicalStream.REQUESTED, LogicalStream.TASK})
    assert shared == ({of_a_queue} if preset.name == "direct" else set())


@every_preset
def test_what_others_write_to_and_read_from_is_named(preset: Preset) -> None:
    public = {stream for stream, ends in ENDS.items() if OUTSIDE & {*ends.writes, *ends.reads}}

    assert all(preset.is_named(stream) for stream in public)


@every_preset
def test_what_is_kept_for_people_has_a_queue_from_the_start(preset: Preset) -> None:
    for stream in (LogicalStream.DEAD, LogicalStream.QUARANTINE):
        if Broker.RABBITMQ in preset.brokers:
            assert preset.physical(stream, WHOLE).queue


@every_preset
def test_every_share_of_every_stream_has_a_kafka_and_amqp_name(preset: Preset) -> None:
    for stream in preset.namings:
        for share in preset.shares(stream, CHANNELS):
            name = preset.physical(stream, share).name

            assert 1 <= len(name) <= 249
            assert set(name) <= set("abcdefghijklmnopqrstuvwxyz._")


def test_a_share_that_leaves_an_axis_open_has_no_name() -> None:
    naming = Naming("delivery.{channel}.{lane}")

    assert naming.axes == {Axis.CHANNEL, Axis.LANE}
    with pytest.raises(ValueError, match="lane"):
        naming.at(Share(EMAIL))


def test_what_a_stream_is_not_divided_by_does_not_matter() -> None:
    naming = Naming("notifications.{lane}")

    assert naming.at(Share(EMAIL, Lane.CRITICAL)).name == "notifications.critical"


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="plain, tenant, intents, lanes, direct"):
        find_preset("preset-9")


@pytest.mark.parametrize("state", State)
def test_a_verdict_comes_at_the_end_and_only_there(state: State) -> None:
    verdict = verdict_of(state, is_end=True, can_bounce=True)

    assert (verdict is not None) == (state in FINAL)


def test_sent_is_no_verdict_while_a_receipt_may_come() -> None:
    assert verdict_of(State.SENT, is_end=False, can_bounce=True) is None


def test_what_cannot_bounce_has_failed() -> None:
    assert verdict_of(State.BOUNCED, is_end=False, can_bounce=True) is Verdict.BOUNCED
    assert verdict_of(State.BOUNCED, is_end=False, can_bounce=False) is Verdict.FAILED
