"""Whatever lies on a broker: reading it gives a request or a reason, and never raises."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.presets import PRESETS
from sendwell.domain.presets.naming import Share
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.examples import REQUESTS
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reader import Reader
from sendwell.messages.wire.requests import CONTRACTS
from sendwell.roles.gateway.wire import read
from tests.unit.messages.builders import CHANNELS, NOW, channels, jsons

any_text = st.text(max_size=20)  # with halves of surrogate pairs, as brokers may give
known_headers = st.sampled_from([*headers.MEANING, "organizationId", "X-Tenant-Id"])
any_headers = st.dictionaries(known_headers | any_text, any_text, max_size=4)
any_json = jsons.map(msgspec.json.encode)
shares = st.builds(Share, st.none() | channels, st.none() | st.sampled_from(Lane))
every_preset = pytest.mark.parametrize("preset", PRESETS)


@st.composite
def nearly_right(draw: st.DrawFn, preset: str) -> bytes:
    """The preset's example with fields changed, gone, or added."""
    message: dict[str, Any] = dict(REQUESTS[preset])
    fields = [field.encode_name for field in msgspec.structs.fields(_message(preset))]
    for name in draw(st.lists(st.sampled_from(fields), max_size=4)):
        message[name] = draw(jsons)
    for name in draw(st.lists(st.sampled_from(sorted(message)), max_size=1)):
        del message[name]
    return msgspec.json.encode(message)


def _message(preset: str) -> type[msgspec.Struct]:
    message: type[msgspec.Struct] = CONTRACTS[preset].message
    return message


def check(found: Asked | Quarantined) -> None:
    if isinstance(found, Quarantined):
        assert found.text
        assert found.pointer == "" or found.pointer.startswith("/")
        msgspec.json.encode(found)
    else:
        assert found.tenant
        read(found.body)


@every_preset
@given(
    body=st.binary() | any_json,
    given_headers=any_headers,
    share=shares,
    id_=any_text,
    otherwise=st.none() | st.just(TenantId("acme")),
)
def test_any_bytes_are_a_request_or_quarantined(
    *,
    preset: str,
    body: bytes,
    given_headers: Mapping[str, str],
    share: Share,
    id_: str,
    otherwise: TenantId | None,
) -> None:
    reader = Reader(preset, CHANNELS, otherwise=otherwise)

    check(reader.read(Incoming(body, given_headers, id_, share), now=NOW))


@every_preset
@given(data=st.data())
def test_what_is_nearly_right_is_a_request_that_the_gateway_reads_or_quarantined(
    preset: str, data: st.DataObject
) -> None:
    body = data.draw(nearly_right(preset))
    reader = Reader(preset, CHANNELS, otherwise=TenantId("acme"))

    check(reader.read(Incoming(body, data.draw(any_headers)), now=NOW))


@given(
    st.binary() | any_json,
    st.fixed_dictionaries(
        {
            headers.KIND: st.sampled_from(["task", "requested", "other"]),
            headers.MESSAGE: any_text | any_json.map(bytes.decode),
        },
        optional={headers.BODY: any_text, headers.SEAL: any_text},
    ),
)
def test_any_headers_like_ours_give_a_message_or_quarantine(
    body: bytes, forged: Mapping[str, str]
) -> None:
    found = Opening().open(Incoming(body, forged))

    assert isinstance(found, Requested | Task | Quarantined)
