"""What a dialogue makes of a connection that ends between two of its questions."""

import asyncio
import gc
from typing import Any

import pytest

from sendwell.adapters.smtp.dialogue import Dialogue
from sendwell.adapters.smtp.wire import Reply


async def test_who_asks_after_the_end_is_told_what_ended_it() -> None:
    dialogue = Dialogue()
    dialogue.replied(Reply(220, b"Welcome"))
    dialogue.wire.connection_lost(None)

    with pytest.raises(ConnectionError, match="closed by the relay"):
        await dialogue.ask(b"EHLO [127.0.0.1]")


async def test_an_end_that_nobody_waits_for_is_no_matter_for_the_log() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    dialogue = Dialogue()

    dialogue.wire.connection_lost(ConnectionResetError("reset"))
    del dialogue
    gc.collect()

    assert told == []
