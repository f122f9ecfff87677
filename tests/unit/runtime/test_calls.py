"""Calls without a framework: their headers, their bodies, and who is asking."""

from collections.abc import AsyncIterator

import pytest

from sendwell.domain.errors import Denied, Invalid, TooLarge
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.tenants import Caller
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.calls import Call, Header
from sendwell.runtime.server.stamp import Stamp

SAMPLE = TenantId("sample")
LOCAL = (b"host", b"127.0.0.1:8000")
JSON = (b"content-type", b"application/json; charset=utf-8")


class OneKey:
    """Tenants of which one has the key `sw_good`."""

    async def caller(self, key: str) -> Caller:
        if key != "sw_good":
            raise Denied("This API key is not valid here.", is_unknown=True)
        return Caller(TenantId("acme"), "shop")

    def policy(self, tenant: TenantId) -> Policy:
        return Policy()


def a_call(*headers: Header, method: str = "POST", body: bytes = b"{}") -> Call:
    length = (b"content-length", b"%d" % len(body))
    return Call(method, "/x", [*headers, length], body=body)


def test_of_several_headers_with_one_name_the_first_counts() -> None:
    call = a_call((b"x-a", b"1"), (b"x-a", b"2"), (b"x-b", b"\xe9"))

    assert ("1", "é", None) == (call.header(b"x-a"), call.header(b"x-b"), call.header(b"x-c"))
    assert (True, False) == (b"x-a" in call, b"x-c" in call)


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer sw_good"),
        (b"authorization", b"bearer  sw_good "),
        (b"x-api-key", b"sw_good"),
    ],
)
@pytest.mark.parametrize("anonymous", [None, SAMPLE])
async def test_a_key_says_who_is_asking(header: Header, anonymous: TenantId | None) -> None:
    caller = await Callers(OneKey(), anonymous)(a_call(header))

    assert ("acme", "shop") == (caller.tenant, caller.name)


@pytest.mark.parametrize(
    "header", [(b"authorization", b"Bearer sw_bad"), (b"authorization", b"Basic x"), (b"a", b"b")]
)
async def test_without_a_good_key_nobody_is_known(header: Header) -> None:
    with pytest.raises(Denied) as denied:
        await Callers(OneKey())(a_call(header, LOCAL, JSON))

    assert denied.value.is_unknown


@pytest.mark.parametrize(
    "call",
    [
        a_call(LOCAL, JSON),
        a_call((b"host", b"localhost"), JSON),
        a_call((b"host", b"[::1]:8000"), (b"content-type", b"application/x-ndjson")),
        a_call(LOCAL, (b"content-type", b"application/ndjson")),
        a_call(LOCAL, (b"content-type", b"Application/JSONL; charset=utf-8")),
        a_call(LOCAL, method="GET", body=b""),
        a_call(LOCAL, method="DELETE", body=b""),
    ],
)
async def test_in_sample_mode_this_machine_needs_no_key(call: Call) -> None:
    caller = await Callers(OneKey(), SAMPLE)(call)

    assert (SAMPLE, "sample") == (caller.tenant, caller.name)


@pytest.mark.parametrize(
    "call",
    [
        a_call(JSON),
        a_call((b"host", b"example.org"), JSON),
        a_call(LOCAL, (b"content-type", b"text/plain")),
        a_call(LOCAL),
        Call("POST", "/x", [LOCAL, (b"transfer-encoding", b"chunked")]),
        *(
            a_call(LOCAL, JSON, (name, b"x"))
            for name in (b"origin", b"forwarded", b"x-forwarded-for", b"x-forwarded-host")
        ),
        a_call(LOCAL, JSON, (b"x-real-ip", b"127.0.0.1")),
    ],
)
async def test_in_sample_mode_strangers_are_refused(call: Call) -> None:
    with pytest.raises(Denied) as denied:
        await Callers(OneKey(), SAMPLE)(call)

    assert not denied.value.is_unknown


async def in_pieces() -> AsyncIterator[bytes]:
    for piece in (b"abc", b"", b"def"):
        yield piece


async def test_a_body_is_read_whole_however_it_comes() -> None:
    whole = await body_of(a_call(body=b"abcdef"), most=6)
    pieces = await body_of(Call("POST", "/x", [], body=in_pieces), most=6)

    assert whole == pieces == b"abcdef"


@pytest.mark.parametrize(
    "call",
    [
        a_call(body=b"abcdef"),
        Call("POST", "/x", [], body=in_pieces),
        Call("POST", "/x", [(b"content-length", b"6")], body=in_pieces),
    ],
)
async def test_too_long_a_body_is_refused(call: Call) -> None:
    with pytest.raises(TooLarge):
        await body_of(call, most=5)


async def test_a_compressed_body_is_refused() -> None:
    plain = await body_of(a_call((b"content-encoding", b"identity")), most=5)

    with pytest.raises(Invalid, match="Compressed"):
        await body_of(a_call((b"content-encoding", b"gzip")), most=5)
    assert plain == b"{}"


def test_a_good_request_id_is_given_back_and_a_bad_one_replaced() -> None:
    stamp = Stamp()

    ids = [
        dict(stamp([(b"x-request-id", sent)]))[b"x-request-id"]
        for sent in (b"order-7", b"a b", b"", b"x" * 129)
    ]

    assert ids[0] == b"order-7"
    assert len({*ids}) == 4
    assert all(each.isalnum() for each in ids[1:])
