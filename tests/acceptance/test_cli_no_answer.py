"""What the command line says when no answer comes: the truth about what was accepted."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sendwell.cli.client import Client
from sendwell.cli.diagnosis.server import look_at_server
from sendwell.domain.errors import SendwellError
from tests.acceptance.command import answering_in_turn, sendwell

IN_DOUBT = "may or may not have been accepted"


@contextmanager
def taking(then: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that reads one whole request and does this with the connection."""

    def take() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as sent:
            while sent.readline().strip():
                pass
            sent.read(len(b"{}"))
            then(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


def test_a_post_whose_connection_ends_without_an_answer_may_have_been_accepted() -> None:
    with (
        taking(lambda _: None) as url,
        pytest.raises(SendwellError, match=IN_DOUBT) as raised,
    ):
        Client(url, None, seconds=30).post("/notifications")

    assert raised.value.code == "unreachable"


def test_a_post_whose_answer_takes_too_long_may_have_been_accepted() -> None:
    is_over = threading.Event()
    with taking(lambda _: is_over.wait()) as url:
        try:
            with pytest.raises(SendwellError, match=IN_DOUBT):
                Client(url, None, seconds=0.5).post("/notifications")
        finally:
            is_over.set()


def test_a_get_without_an_answer_is_in_no_doubt() -> None:
    with (
        answering_in_turn(None) as url,
        pytest.raises(SendwellError, match="cannot be reached"),
    ):
        Client(url, None, seconds=30).get("/ledger")


def test_a_post_that_nobody_hears_was_not_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(SendwellError, match="Nobody answers at"):
        Client(url, None, seconds=30).post("/notifications")


def test_who_says_that_they_are_ready_in_other_words_is_somebody_else() -> None:
    with answering_in_turn((200, ["OK"])) as url:
        found = look_at_server(Client(url, None, seconds=30))

    assert found.text == f"Something else than Sendwell answers at {url}."


ACCEPTED: dict[str, object] = {"id": "order-7", "duplicate": False}
SEND = ("send", "--to", "a@example.com", "--text", "x", "--wait", "--json")


@pytest.mark.parametrize("between", [(503, {}), (502, {}), (429, {}), None])
async def test_waiting_outlasts_a_restart(between: tuple[int, dict[str, object]] | None) -> None:
    with answering_in_turn((202, ACCEPTED), between, (200, {"status": "SENT"})) as url:
        sent = await sendwell(*SEND, at=url)

    assert (sent.code, sent.json) == (0, {"status": "SENT"})


async def test_what_was_accepted_is_told_where_nobody_says_what_became_of_it() -> None:
    with answering_in_turn((202, ACCEPTED), (503, {"detail": "Not now."})) as url:
        sent = await sendwell(*SEND, "--timeout", "0.1", at=url)

    assert (sent.code, sent.out) == (1, "")
    assert sent.errors == "Accepted: order-7\nsendwell: Not now.\n"


async def test_waiting_ends_where_the_server_refuses_to_say() -> None:
    with answering_in_turn((202, ACCEPTED), (403, {"detail": "Not yours."})) as url:
        sent = await sendwell(*SEND, at=url)

    assert sent.errors == "Accepted: order-7\nsendwell: Not yours.\n"
