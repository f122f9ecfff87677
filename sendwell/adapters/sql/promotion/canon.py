"""Rows and keys as bytes and text that are the same wherever the row stands."""

import json
from collections.abc import Sequence
from typing import Any

from sendwell.adapters.sql.promotion.shape import Row


def row_bytes(row: Sequence[Any]) -> bytes:
    """The row for a digest: each value with its kind and length, so that no two rows are alike."""
    return b"".join(map(_value_bytes, row))


def key_text(key: Row) -> str:
    """The key as JSON; bytes are told from text."""
    return json.dumps([{"hex": v.hex()} if isinstance(v, bytes) else v for v in key])


def key_of_text(text: str) -> Row:
    """The key that `key_text` wrote."""
    return tuple(bytes.fromhex(v["hex"]) if isinstance(v, dict) else v for v in json.loads(text))


def _value_bytes(value: Any) -> bytes:
    match value:
        case None:
            return b"-"
        case bool() | int():
            kind, content = b"i", str(int(value)).encode()
        case float():
            kind, content = b"f", value.hex().encode()
        case str():
            kind, content = b"t", value.encode()
        case bytes():
            kind, content = b"b", value
        case _:
            raise TypeError(f"no row of ours holds a {type(value).__name__}")
    return b"%b%d:%b" % (kind, len(content), content)
