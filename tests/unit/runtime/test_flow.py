"""A message that fails alone: what is a defect is told, what has to wait is not."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import Unavailable
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene

MESSAGE = cast("Status", object())


@pytest.mark.parametrize(
    ("error", "told"),
    [(Unavailable("The database is away."), []), (RuntimeError("a defect"), ["flow.poisoned"])],
    ids=["waits", "defect"],
)
async def test_who_only_has_to_wait_is_no_poison(error: Exception, told: list[str]) -> None:
    flow = Flow(cast("Database", None), SystemClock())  # nothing is written
    given_up: list[tuple[Any, Exception]] = []

    async def fail(_: Sequence[Any], __: Scene) -> Sequence[Message]:
        raise error

    async def give_up(message: Message, why: Exception) -> None:
        given_up.append((message, why))

    flow.listen(object, fail)
    with capture_logs() as lines:
        await flow.run_apart([MESSAGE], give_up)

    assert given_up == [(MESSAGE, error)]
    assert [line["event"] for line in lines] == told
