"""One role in another service."""

from datetime import timedelta
from typing import TypeVar

import msgspec

from sendwell.adapters.peers.packed import NOT_UNDERSTOOD
from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.errors import Unavailable
from sendwell.ports.clock import Clock
from sendwell.ports.http import Http, HttpAnswer, HttpRequest
from sendwell.ports.questions import Question
from sendwell.telemetry.outage import Outage

_PATIENCE = timedelta(seconds=3)
_SPARED = BreakerPolicy(window=timedelta(seconds=10), rest=timedelta(seconds=1))
"""A service that was started again is asked again soon."""
_FINE = 200
_ADVICE = {
    401: "give both of them the same SERVICE_TOKEN, or without one the same SECRET_KEY",
    404: "{variable} has to name a service with that role, of this version",
}
Q = TypeVar("Q")
A = TypeVar("A")


class CutShort(Unavailable):
    """Its answer is longer than is taken: that to a smaller question may not be."""


class Peer:
    """Asks it, and spares it while it is down. `token` proves that we are a service too.

    Without a `url` it can never be asked. That it cannot be asked is logged when it begins, when
    the reason is another one, and when it is over.
    """

    def __init__(self, role: str, url: str | None, *, http: Http, token: str, clock: Clock) -> None:
        self._role = role
        self._url = url.rstrip("/") if url else None
        self._http = http
        self._headers = {
            "Authorization": f"Service {token}",
            "Content-Type": "application/json",
        }
        self._clock = clock
        self._breaker = Breaker(_SPARED)
        self._outage = Outage("peer.unavailable", "peer.back", role=role)

    async def ask(self, question: Question[Q, A], asked: Q) -> A:
        """The answer. Raises Unavailable where there is none in time; CutShort: it is too long."""
        if self._url is None:
            why = f"set {self._role.upper()}_URL to where it is"
            raise self._unavailable(why, timedelta(seconds=60))
        now = self._elapsed()
        if not self._breaker.allows(now):
            raise self._said("it did not answer a moment ago", self._breaker.wait(now))
        self._breaker = self._breaker.after_start(now)
        request = HttpRequest(
            "POST",
            f"{self._url}{question.path}",
            self._headers,
            msgspec.json.encode(asked),
            _PATIENCE,
        )
        answer = await self._http.exchange(request)
        if not isinstance(answer, HttpAnswer):
            self._breaker = self._breaker.after_failure(self._elapsed())
            raise self._unavailable(answer.fault.text, timedelta(seconds=1))
        self._breaker = self._breaker.after_success(self._elapsed())
        if answer.status != _FINE:
            raise self._unavailable(self._meaning(answer.status), timedelta(seconds=5))
        if answer.is_cut:
            why = "its answer is longer than is taken"
            raise self._unavailable(why, timedelta(seconds=5), kind=CutShort)
        try:
            answered = msgspec.json.decode(answer.body, type=question.answered)
        except NOT_UNDERSTOOD as error:
            why = "its answer is not understood"
            raise self._unavailable(why, timedelta(seconds=5)) from error
        self._outage.is_over()
        return answered

    def _meaning(self, status: int) -> str:
        advice = _ADVICE.get(status, "").format(variable=f"{self._role.upper()}_URL")
        return f"it answered {status}; {advice}" if advice else f"it answered {status}"

    def _elapsed(self) -> int:
        return int(self._clock.elapsed() * 1e6)

    def _unavailable(
        self, why: str, wait: timedelta, *, kind: type[Unavailable] = Unavailable
    ) -> Unavailable:
        self._outage.lasts(why)
        return self._said(why, wait, kind)

    def _said(
        self, why: str, wait: timedelta, kind: type[Unavailable] = Unavailable
    ) -> Unavailable:
        return kind(
            f"The service {self._role} cannot be asked: {why.rstrip('.')}.", retry_after=wait
        )
