"""A service without people asks the one that has them who has changed, and misses nobody."""

import asyncio
from collections.abc import Sequence

import msgspec

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.peers.changes import RemoteChanges
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.directory import ANYBODY, Changed
from sendwell.ports.questions import AskChanges, ChangesFound
from tests.conformance.http_server import Talk, ok, serving

CLOCK = SystemClock()
ADA, BOB = (Changed(TenantId("acme"), UserId(name)) for name in ("ada", "bob"))
SOON_SECONDS = 10


async def followed(*answers: ChangesFound | None) -> tuple[list[dict[str, int]], list[Changed]]:
    """What was asked, and who was heard of, when the service answers that; None: it does not."""
    heard = list[Changed]()
    left, is_over = list(answers), asyncio.Event()

    async def answer(talk: Talk) -> None:
        while await talk.hear():
            if not left:
                is_over.set()
                await talk.until_gone()
                return
            await talk.say(_told(left.pop(0)))

    async with serving(answer) as server:
        http = HttpClient(policy=Trusted(), clock=CLOCK)
        peer = Peer("users", f"http://127.0.0.1:{server.port}", http=http, token="", clock=CLOCK)
        following = asyncio.create_task(RemoteChanges(peer, heard.append, seconds=0.01).run())
        async with asyncio.timeout(SOON_SECONDS):
            await is_over.wait()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await http.close()
    return _asked(server.requests), heard


def _told(found: ChangesFound | None) -> bytes:
    return ok(status=b"500 Oops") if found is None else ok(msgspec.json.encode(found))


def _asked(requests: Sequence[bytes]) -> list[dict[str, int]]:
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests]
    return [msgspec.json.decode(body, type=AskChanges).seen for body in bodies]


async def test_it_asks_for_what_it_has_not_seen_and_hands_it_on() -> None:
    asked, heard = await followed(
        ChangesFound("a", 3, [ANYBODY]), ChangesFound("a", 5, [ADA, BOB]), ChangesFound("a", 5, [])
    )

    assert asked == [{}, {"a": 3}, {"a": 5}, {"a": 5}]
    assert heard == [ANYBODY, ADA, BOB]


async def test_several_processes_behind_one_address_are_told_apart() -> None:
    asked, heard = await followed(
        ChangesFound("a", 3, [ANYBODY]),
        ChangesFound("b", 9, [ANYBODY]),
        ChangesFound("a", 4, [ADA]),
    )

    assert asked == [{}, {"a": 3}, {"a": 3, "b": 9}, {"a": 4, "b": 9}]
    assert heard == [ANYBODY, ANYBODY, ADA]


async def test_processes_that_are_gone_are_forgotten_in_the_end() -> None:
    asked, _ = await followed(*(ChangesFound(f"p{number}", 1, []) for number in range(20)))

    assert asked[-1] == {f"p{number}": 1 for number in range(4, 20)}


async def test_what_it_missed_while_there_was_no_answer_it_hears_afterwards() -> None:
    asked, heard = await followed(
        ChangesFound("a", 3, []), None, None, ChangesFound("a", 5, [ADA, BOB])
    )

    assert asked == [{}, {"a": 3}, {"a": 3}, {"a": 3}, {"a": 5}]
    assert heard == [ADA, BOB]
