"""Where msgspec says that something is wrong can be made a JSON Pointer of."""

from typing import Any

import msgspec
import pytest

from sendwell.domain.pointer import pointer_to
from sendwell.messages.wire.json_path import split_path


class Inner(msgspec.Struct, rename={"first": "first-name"}):
    first: int = 0


class Outer(msgspec.Struct):
    inner: Inner = msgspec.field(default_factory=Inner)
    rows: list[Inner] = []
    named: dict[str, int] = {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"inner": {"first-name": "x"}}, "/inner/first-name"),
        ({"rows": [{}, {"first-name": "x"}]}, "/rows/1/first-name"),
        ({"named": {"any": "x"}}, "/named"),
        ([], ""),
    ],
    ids=["hyphen", "list", "mapping", "the whole"],
)
def test_msgspecs_words_are_split_from_their_place(body: Any, pointer: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(msgspec.json.encode(body), type=Outer)

    steps, why = split_path(str(refused.value))

    assert pointer == pointer_to(*steps)
    assert why.startswith("Expected `")
    assert " at " not in why
