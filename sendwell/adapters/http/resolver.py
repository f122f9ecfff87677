"""Names of strangers, asked on threads that nobody else waits for."""

import asyncio
import contextlib
import socket
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from threading import Thread
from time import monotonic

from sendwell.adapters.http.domains import Domains, domain_of
from sendwell.domain.outbound import Address

Ask = Callable[[str], Sequence[Address]]
"""The addresses of a name, best first; blocks until they are there. Raises OSError."""
_Askers = set[Future[Sequence[Address]]]

_WAITING_OF_A_DOMAIN = 32


def ask_machine(name: str) -> Sequence[Address]:
    """What the machine's resolver says. It also reads numbers like 0x7f.1 as addresses."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [ip_address(place[0]) for *_, place in found]


class Resolver:
    """The addresses of a name, best first, for one event loop. Raises OSError.

    The loop's own `getaddrinfo` answers two questions at a time on uvloop, and whoever connects
    by name stands in that line: vendors, relays, the database. A name whose servers are silent
    takes 10 s and more and cannot be called off. So names that others choose are not asked there.

    At most 64 questions are asked at once, shared out by `Domains`. The others wait in the order
    of coming; while 32 wait for one domain, further ones fail at once with gaierror. Equal names
    are asked once for all who wait, and a question that nobody waits for any more is not begun.
    No answer is kept.
    """

    def __init__(self, *, ask: Ask = ask_machine, now: Callable[[], float] = monotonic) -> None:
        self._ask = ask
        self._now = now
        self._domains = Domains()
        self._waiting: dict[str, _Askers] = {}
        self._begun: dict[str, _Askers] = {}

    async def __call__(self, name: str) -> Sequence[Address]:
        answer: Future[Sequence[Address]] = asyncio.get_running_loop().create_future()
        self._join(name, answer)
        try:
            self._begin_what_may()
            return await answer
        finally:
            self._leave(name, answer)

    def _join(self, name: str, answer: Future[Sequence[Address]]) -> None:
        for questions in (self._begun, self._waiting):
            if name in questions:
                questions[name].add(answer)
                return
        domain = domain_of(name)
        if sum(domain_of(other) == domain for other in self._waiting) >= _WAITING_OF_A_DOMAIN:
            raise socket.gaierror(socket.EAI_AGAIN, "Too many names of this domain are asked for.")
        self._waiting[name] = {answer}

    def _leave(self, name: str, answer: Future[Sequence[Address]]) -> None:
        for questions in (self._begun, self._waiting):
            questions.get(name, set()).discard(answer)
        if not self._waiting.get(name, {answer}):
            del self._waiting[name]

    def _begin_what_may(self) -> None:
        now = self._now()
        for name in tuple(self._waiting):
            if self._domains.are_full:
                return
            if self._domains.may_begin(domain_of(name), now):
                self._begin(name)

    def _begin(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        # No ThreadPoolExecutor: the interpreter would wait for its threads before it ends.
        Thread(target=self._run, args=(name, loop), name="resolver", daemon=True).start()
        self._begun[name] = self._waiting.pop(name)
        self._domains.begin(domain_of(name))

    def _run(self, name: str, loop: AbstractEventLoop) -> None:
        found: Sequence[Address] | Exception
        began = self._now()
        try:
            found = self._ask(name)
        except Exception as error:  # noqa: BLE001 - whatever it was, who asked must hear of it
            found = error
        took = self._now() - began
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(self._answered, name, found, took)

    def _answered(self, name: str, found: Sequence[Address] | Exception, took: float) -> None:
        self._domains.end(domain_of(name), took=took, now=self._now())
        for answer in self._begun.pop(name):
            if answer.done():
                continue
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)
        self._begin_what_may()
