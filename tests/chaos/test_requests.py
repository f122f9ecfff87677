"""What the harness must remember of what it asked."""

from pathlib import Path
from random import Random

import httpx2
import pytest

from tests.chaos.doors.door import GoneError
from tests.chaos.doors.http import HttpDoor
from tests.chaos.draft import Draft
from tests.chaos.producer_log import ProducerLog
from tests.chaos.requests import Requests


async def test_a_cancel_that_got_no_answer_was_asked_for(tmp_path: Path) -> None:
    client = httpx2.AsyncClient()
    await client.aclose()
    with ProducerLog(tmp_path / "producer.log") as log:
        requests = Requests(log, Random(1))

        with pytest.raises(GoneError):
            await requests.cancel(HttpDoor(client), Draft(7, b"{}", ("webhook",), "high"), "n-7")

        assert (requests.cancels, log.cancelled()) == ({7}, [])
