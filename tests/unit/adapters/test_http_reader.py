from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.reader import Garbled, Reader
from sendwell.ports.http import HttpAnswer

LIMITS = Limits(head_size=2000, body_size=100, header_count=10)
NAMES = st.from_regex(r"x-[a-z0-9]{1,10}", fullmatch=True)
VALUES = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def feed(reader: Reader, data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    for start, end in pairwise(edges):
        if start < end:
            reader.feed(data[start:end])


@given(
    headers=st.dictionaries(NAMES, VALUES, max_size=8),
    body=st.binary(max_size=100),
    size=st.integers(0, 100),
    cuts=st.lists(st.integers(0, 10_000), max_size=10),
)
def test_an_answer_is_the_same_however_it_is_framed_and_cut(
    *, headers: dict[str, str], body: bytes, size: int, cuts: list[int]
) -> None:
    length = {"transfer-encoding": "chunked"} if size else {"content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **length}.items())
    framed = chunked(body, size) if size else body
    reader = Reader(LIMITS)

    feed(reader, f"HTTP/1.1 404 Not Here\r\n{lines}\r\n".encode() + framed, cuts)

    assert reader.is_complete
    assert reader.keeps_alive
    assert reader.take() == HttpAnswer(404, {**headers, **length}, body)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_make_an_answer_or_are_garbled_or_lack_more(data: bytes, cuts: list[int]) -> None:
    reader = Reader(LIMITS)

    try:
        feed(reader, b"HTTP/1.1 200 OK\r\n" + data, cuts)
    except Garbled:
        return

    assert len(reader.take().body) <= LIMITS.body_size


@pytest.mark.parametrize(
    ("answer", "is_complete"),
    [
        (b"", False),
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\nsome", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nsome", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nsome\r\n", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n", False),
    ],
)
def test_the_end_completes_only_what_has_no_length(answer: bytes, is_complete: bool) -> None:
    reader = Reader(LIMITS)
    reader.feed(answer)

    assert reader.end() is is_complete
    assert not reader.keeps_alive


def test_the_head_of_an_answer_may_be_as_large_as_the_cap_but_no_larger() -> None:
    def answer(size: int) -> bytes:
        name = b"x-large"
        return b"HTTP/1.1 204 None\r\n%s: %s\r\n\r\n" % (name, b"x" * (size - len(name)))

    fits = Reader(LIMITS)
    fits.feed(answer(LIMITS.head_size))

    assert fits.is_complete
    with pytest.raises(Garbled, match="too large a head"):
        Reader(LIMITS).feed(answer(LIMITS.head_size + 1))
