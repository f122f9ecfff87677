"""Walks what a product can be asked as somebody to whom nothing of it belongs."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx2

from tests.acceptance.surface import Operation

_CLOSED = frozenset({403, 404})
_ANY_LETTER = re.compile(r"[0-9a-z](?=[^0-9a-z]*$)", re.IGNORECASE)
_VOLATILE = re.compile(r'"(?:last_used_at|trace_id|instance|exported_at)":\s*("[^"]*"|null),?')


@dataclass(frozen=True)
class Strange:
    """What belongs to somebody else.

    `said` stands in what they wrote and in nothing that is asked; `named` are values of theirs by
    the names of the fields and parameters that take such a value; `known` is no secret.
    """

    ids: Mapping[str, str]
    said: Collection[str]
    named: Mapping[str, str]
    known: Collection[str] = ()


async def walk(
    client: httpx2.AsyncClient,
    surface: Sequence[Operation],
    strange: Strange,
    *,
    open_to_all: Mapping[str, int],
) -> list[str]:
    """Ask everything with somebody else's ids; gives what should not have been answered so.

    `open_to_all` are the operations that need not be refused, with the answer they give instead.
    """
    faults = [
        f"{operation}: add to belongings._MAKERS how such an id comes to be"
        for operation in surface
        if not operation.is_open and not set(operation.id_paths) <= strange.ids.keys()
    ]
    for operation in _in_order(surface, open_to_all):
        if not operation.is_open and set(operation.id_paths) <= strange.ids.keys():
            faults += await _fault_of(client, operation, strange, open_to_all=open_to_all)
    return faults


def leaks(answer: httpx2.Response, strange: Strange) -> set[str]:
    """What is somebody else's in an answer, and was not in the request."""
    request = answer.request
    asked = unquote(f"{request.url} {request.content.decode(errors='replace')}")
    told = f"{answer.text if not _is_left(answer) else ''} {dict(answer.headers)}"
    theirs = {*strange.said, *(each for each in strange.ids.values() if not each.isdigit())}
    return {each for each in theirs if each in told and each not in asked} - {*strange.known}


def lend(body: Any, named: Mapping[str, str]) -> Any:
    """The body with somebody else's values where a field takes such a value."""
    if isinstance(body, list):
        return [lend(each, named) for each in body]
    if not isinstance(body, dict):
        return body
    return {
        name: named[name] if name in named and isinstance(value, str) else lend(value, named)
        for name, value in body.items()
    }


def stable(text: str) -> str:
    """An answer without what differs from one call to the next."""
    return _VOLATILE.sub("", text)


def _in_order(surface: Sequence[Operation], open_to_all: Collection[str]) -> list[Operation]:
    """Those that ask for one thing first, those that may make one with the same id last."""

    def place(each: Operation) -> tuple[bool, bool, bool]:
        return each.is_writing and str(each) in open_to_all, not each.id_paths, each.is_writing

    return sorted(surface, key=place)


async def _fault_of(
    client: httpx2.AsyncClient,
    operation: Operation,
    strange: Strange,
    *,
    open_to_all: Mapping[str, int],
) -> list[str]:
    nobodys = {path: _other(value) for path, value in strange.ids.items()}
    body = lend(operation.body, strange.named)
    query = {name: strange.named[name] for name in operation.queries if name in strange.named}
    absent = await operation.ask(client, nobodys, body=body, query=query)
    answer = await operation.ask(client, strange.ids, body=body, query=query)
    return [
        f"{operation}: {fault}"
        for fault in (
            *(f"tells {each!r}" for each in sorted(leaks(answer, strange))),
            *_wrong_status(operation, answer, open_to_all.get(str(operation))),
            *_difference(
                answer, absent, {strange.ids[each]: nobodys[each] for each in operation.id_paths}
            ),
        )
    ]


def _wrong_status(
    operation: Operation, answer: httpx2.Response, allowed: int | None
) -> Sequence[str]:
    status = answer.status_code
    if allowed is not None:
        return [f"answers {status}, and not {allowed}"] if status != allowed else []
    is_wrong = status not in _CLOSED if operation.id_paths else status >= 500
    return [f"answers {status}: {answer.text}"] if is_wrong else []


def _difference(
    answer: httpx2.Response, absent: httpx2.Response, ids: Mapping[str, str]
) -> Sequence[str]:
    """Somebody else's thing must look like one that there is not."""
    if not ids or answer.is_success:
        return []
    said, other = stable(answer.text), stable(absent.text)
    for theirs, nobodys in ids.items():
        said = re.sub(rf"\b{re.escape(theirs)}\b", "ID", said)
        other = re.sub(rf"\b{re.escape(nobodys)}\b", "ID", other)
    is_same = (answer.status_code, said) == (absent.status_code, other)
    return [] if is_same else [f"what is not there looks different: {absent.text}"]


def _is_left(answer: httpx2.Response) -> bool:
    """A stream whose body was not read."""
    return answer.is_stream_consumed is False and answer.is_closed


def _other(value: str) -> str:
    """An id like that one, of nothing."""
    if value.isdigit():
        return "987654321"
    return _ANY_LETTER.sub(lambda found: "1" if found[0] != "1" else "2", value)
