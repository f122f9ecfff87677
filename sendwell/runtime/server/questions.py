"""Answers what other services ask, if they prove to be services."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from sendwell.domain.errors import Denied, Invalid
from sendwell.ports.questions import Question
from sendwell.runtime.server.bodies import body_of
from sendwell.runtime.server.call_route import CallRoute
from sendwell.runtime.server.calls import Call, Reply

Q = TypeVar("Q")
A = TypeVar("A")
_MOST_BYTES = 10 * 1024 * 1024


class Questions:
    """The internal routes of one service. By any of the tokens others prove that they are one."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = [f"Service {token}".encode() for token in tokens]
        self._routes: list[CallRoute] = []

    def answer(self, question: Question[Q, A], answer: Callable[[Q], Awaitable[A]]) -> None:
        """From now on this one is answered."""

        async def endpoint(call: Call) -> Reply:
            self._refuse_strangers(call)
            body = await body_of(call, most=_MOST_BYTES)
            try:
                asked = msgspec.json.decode(body, type=question.asked)
            except msgspec.DecodeError as error:
                raise Invalid(f"This is not what {question.name} asks: {error}") from error
            return Reply(200, msgspec.json.encode(await answer(asked)))

        self._routes.append(CallRoute(question.path, endpoint, method="POST"))

    def routes(self) -> list[CallRoute]:
        """All of them."""
        return self._routes

    def _refuse_strangers(self, call: Call) -> None:
        told = (call.header(b"authorization") or "").encode("latin-1")
        if not any(hmac.compare_digest(told, token) for token in self._tokens):
            raise Denied("Only services may ask this.", is_unknown=True)
