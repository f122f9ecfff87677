"""The frame with a message's properties is, byte for byte, what the driver's own code makes."""

import struct
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic
from pamqp.common import FieldTable
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from sendwell.adapters.bus.rabbitmq.wire import content_header

SHORT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
HEADERS = st.dictionaries(SHORT, st.text(st.characters(exclude_categories=["Cs"]), max_size=200))


@given(id_=SHORT, headers=HEADERS, channel=st.integers(1, 2047), size=st.integers(0, 2**24))
def test_it_is_what_the_driver_makes(
    id_: str, headers: dict[str, str], channel: int, size: int
) -> None:
    table = cast("FieldTable", headers)
    properties = Basic.Properties(message_id=id_, delivery_mode=2, headers=table or None)
    expected = marshal(ContentHeader(body_size=size, properties=properties), channel)
    in_order = dict(sorted(headers.items()))  # as the driver puts them

    assert content_header(id_, in_order, channel=channel, body_bytes=size) == expected


@pytest.mark.parametrize(
    ("id_", "headers"),
    [
        pytest.param("x" * 256, {}, id="a long id"),
        pytest.param("\ud800", {}, id="half a character in the id"),
        pytest.param("n-1", {"name": "\ud800"}, id="half a character in a header"),
        pytest.param("n-1", {"x" * 256: ""}, id="a long name"),
    ],
)
def test_what_does_not_fit_is_refused(id_: str, headers: dict[str, str]) -> None:
    with pytest.raises((ValueError, struct.error)):
        content_header(id_, headers, channel=1, body_bytes=0)
