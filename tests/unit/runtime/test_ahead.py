"""Reading in the background what is soon too old."""

import asyncio

from sendwell.runtime.ahead import Ahead


class Source:
    """Something to read, which waits until it is let go and may fail."""

    def __init__(self) -> None:
        self.reads = 0
        self.goes_on = asyncio.Event()
        self.fails = False

    async def read(self) -> None:
        self.reads += 1
        await self.goes_on.wait()
        if self.fails:
            raise OSError("disk I/O error")


async def let_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_key_is_read_once_at_a_time_and_again_afterwards() -> None:
    source, ahead = Source(), Ahead()

    for _ in range(3):
        ahead.begin("key", source.read)
    await let_run()
    meanwhile = source.reads
    source.goes_on.set()
    await let_run()
    ahead.begin("key", source.read)
    await let_run()

    assert (meanwhile, source.reads) == (1, 2)


async def test_keys_do_not_wait_for_each_other() -> None:
    slow, quick, ahead = Source(), Source(), Ahead()
    quick.goes_on.set()

    ahead.begin("slow", slow.read)
    ahead.begin("quick", quick.read)
    await let_run()

    assert (slow.reads, quick.reads) == (1, 1)
    slow.goes_on.set()
    await let_run()


async def test_a_read_that_fails_is_begun_again_the_next_time() -> None:
    source, ahead = Source(), Ahead()
    source.fails = True
    source.goes_on.set()

    ahead.begin("key", source.read)
    await let_run()
    ahead.begin("key", source.read)
    await let_run()

    assert source.reads == 2
