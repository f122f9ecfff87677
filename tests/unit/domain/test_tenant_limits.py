"""Limits and channels as a tenant writes them."""

import pytest

from sendwell.domain.channel_names import read_by_channel, read_channel_order
from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName
from sendwell.domain.limits import Limit
from sendwell.domain.tenant_limits import NO_LIMITS, TenantLimits, drops, limits_json, read_limits

SMS = ChannelName("sms")


@pytest.mark.parametrize(
    "limits",
    [NO_LIMITS, TenantLimits(Limit.parse("100/s"), {SMS: Limit.parse("10/m burst 2 drop")})],
)
def test_their_json_is_read_as_it_was_written(limits: TenantLimits) -> None:
    form = Form(limits_json(limits))

    assert read_limits(form) == limits
    assert form.flaws == []


def test_they_are_none_while_neither_all_nor_a_channel_is_limited() -> None:
    assert NO_LIMITS.are_none
    assert not TenantLimits(Limit.parse("1/s")).are_none
    assert not TenantLimits(channels={SMS: Limit.parse("1/s")}).are_none


def test_only_a_limit_that_says_so_drops_and_nothing_that_is_critical() -> None:
    held, dropped = Limit.parse("1/s"), Limit.parse("1/s drop")

    assert [False, False, True] == [
        drops(each, is_critical=False) for each in (None, held, dropped)
    ]
    assert not drops(dropped, is_critical=True)


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ({"tenant": "fast"}, ["/tenant"]),
        ({"tenant": 5}, ["/tenant"]),
        ({"channels": {"sms": "1/s", "E-mail": "1/s"}}, ["/channels/E-mail"]),
        ({"channels": {"sms": None, "push": "x"}}, ["/channels/sms", "/channels/push"]),
        ({"lanes": {}}, ["/lanes"]),
    ],
)
def test_what_is_no_limit_is_pointed_at(value: object, pointers: list[str]) -> None:
    form = Form(value)

    read_limits(form)

    assert [flaw.pointer for flaw in form.flaws] == pointers


def test_members_by_channel_come_with_their_values() -> None:
    form = Form({"sms": 1, "in_app": 2})

    assert {name: member.value for name, member in read_by_channel(form)} == {"sms": 1, "in_app": 2}


def test_an_order_of_channels_is_read_as_it_stands() -> None:
    form = Form(["push", "email"])

    assert read_channel_order(form) == ("push", "email")
    assert form.flaws == []


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ([], [""]),
        (["sms", "sms"], ["/1"]),
        (["SMS"], ["/0"]),
        ([1], ["/0"]),
        ("sms", [""]),
    ],
)
def test_an_order_that_is_none_is_pointed_at(value: object, pointers: list[str]) -> None:
    form = Form(value)

    read_channel_order(form)

    assert [flaw.pointer for flaw in form.flaws] == pointers
