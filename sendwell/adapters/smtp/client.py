"""The connections to one relay, and the mails that wait for them."""

import asyncio
import ssl
from collections import deque
from time import monotonic

from sendwell.adapters.smtp.capabilities import Capabilities
from sendwell.adapters.smtp.connection import Connection
from sendwell.adapters.smtp.faults import CLOSED, UNRESPONSIVE, OpeningError
from sendwell.adapters.smtp.limits import Limits
from sendwell.adapters.smtp.mail import OutgoingMail, flaw
from sendwell.adapters.smtp.opening import open_wire
from sendwell.adapters.smtp.wire import Wire
from sendwell.domain.outcome import Blame, Deferred, Fault, Outcome, Refused
from sendwell.ports.smtp import Envelope
from sendwell.ports.vendor import Relay

_USUAL = Limits()

_LATE = Deferred(Fault(UNRESPONSIVE, "No connection to the relay was free in time."))
_CLOSED = Deferred(Fault(CLOSED, "We are shutting down.", Blame.US))

_PAUSE = 5.0
"""Seconds without a further dial, after one has failed while other connections work."""


class SmtpClient:
    """Mails go out in the order they came, over as many connections as they keep busy.

    Whatever the relay does, a mail whose message was not written within `limits.mail` is Deferred,
    and one that was is settled within `limits.answer` of that. A connection that cannot be
    opened fails the waiting mails only when no other is left to carry them. Nothing is dialled
    before the first mail. `tls` says whom to trust; None: the system's authorities.
    """

    def __init__(
        self, relay: Relay, *, limits: Limits = _USUAL, tls: ssl.SSLContext | None = None
    ) -> None:
        self._relay = relay
        self._limits = limits
        self._tls = tls
        self._waiting_seconds = limits.waiting.total_seconds()
        self._mail_seconds = limits.mail.total_seconds()
        self._answer_seconds = limits.answer.total_seconds()
        self._idle_seconds = limits.idle.total_seconds()
        self._waiting: deque[OutgoingMail] = deque()
        self._connections: set[Connection] = set()
        self._resting: dict[Connection, float] = {}
        """Connections without work, and since when; the last one is taken first."""
        self._dialling = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._dials_after = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._has_given_up = False
        self._gone = asyncio.Event()

    async def deliver(self, envelope: Envelope) -> Outcome:
        wrong = flaw(envelope)
        if wrong is not None:
            return wrong
        if self._is_closing:
            return _CLOSED
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        now = monotonic()
        mail = OutgoingMail(
            envelope,
            outcome,
            begin_by=now + self._waiting_seconds,
            deadline=now + self._mail_seconds,
        )
        self._waiting.append(mail)
        self._set_to_work()
        return await outcome

    async def close(self) -> None:
        self._is_closing = True
        self._waiting = deque(mail for mail in self._waiting if not mail.is_settled)
        for connection in list(self._resting):
            self._dismiss(connection)
        if not self._waiting:
            for task in self._tasks:
                task.cancel()
        self._tell_when_gone()
        try:
            async with asyncio.timeout(self._limits.closing.total_seconds()):
                await self._gone.wait()
        except TimeoutError:
            self._give_up()
            await self._gone.wait()

    def next_mail(self) -> OutgoingMail | None:
        now = monotonic()
        while self._waiting:
            mail = self._waiting.popleft()
            if mail.begin_by <= now:
                mail.settle(_LATE)
            elif not mail.is_settled:
                return mail
        return None

    def hand_back(self, mail: OutgoingMail) -> None:
        if self._has_given_up:
            mail.settle(_CLOSED)
        if not mail.is_settled:
            self._waiting.appendleft(mail)
            self._set_to_work()

    def rest(self, connection: Connection) -> None:
        self._resting[connection] = monotonic()
        if self._is_closing:
            self._dismiss(connection)

    def lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._resting.pop(connection, None)
        if self._waiting:
            self._dial()
        self._tell_when_gone()

    def _set_to_work(self) -> None:
        """Have somebody carry the mail that has just been put into the queue."""
        if self._timer is None:
            self._watch()
        if self._resting:
            connection, _ = self._resting.popitem()
            connection.fetch()
        else:
            self._dial()

    def _dial(self) -> None:
        """Begin one more connection, unless enough are there or the relay wants no more of them."""
        if len(self._connections) + self._dialling >= self._limits.connections:
            return
        is_enough = self._dialling >= len(self._waiting)
        is_unwanted = self._connections and monotonic() < self._dials_after
        if not is_enough and not is_unwanted:
            self._dialling += 1
            task = asyncio.get_running_loop().create_task(self._open())
            self._tasks.add(task)
            task.add_done_callback(self._finished)

    async def _open(self) -> None:
        match await self._try_to_open():
            case (wire, capabilities):
                connection = Connection(
                    wire, capabilities, self, answer_seconds=self._answer_seconds
                )
                self._connections.add(connection)
                connection.fetch()
            case outcome:
                self._dials_after = monotonic() + _PAUSE
                if not self._connections and not self._dialling:
                    self._fail_waiting(outcome)

    async def _try_to_open(self) -> tuple[Wire, Capabilities] | Deferred | Refused:
        try:
            return await open_wire(self._relay, within=self._limits.opening, tls=self._tls)
        except OpeningError as error:
            return error.outcome
        finally:
            self._dialling -= 1

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._tell_when_gone()

    def _fail_waiting(self, outcome: Deferred | Refused) -> None:
        while mail := self.next_mail():
            mail.settle(outcome)

    def _give_up(self) -> None:
        """Settle everything now."""
        self._has_given_up = True
        self._fail_waiting(_CLOSED)
        for task in self._tasks:
            task.cancel()
        for connection in self._connections:
            connection.give_up()

    def _dismiss(self, connection: Connection) -> None:
        del self._resting[connection]
        connection.quit()

    def _watch(self) -> None:
        """Settle mails that have run out of time, dismiss connections that have rested long enough,
        and come back when the next one is due; nobody watches while there is nothing to watch.
        """
        now = monotonic()
        while self._waiting and (self._waiting[0].is_settled or self._waiting[0].begin_by <= now):
            self._waiting.popleft().settle(_LATE)
        for connection in self._connections:
            if connection.deadline is not None and connection.deadline <= now:
                connection.run_out(now)
        for connection, since in list(self._resting.items()):
            if since + self._idle_seconds <= now:
                self._dismiss(connection)
        self._watch_again(now)

    def _watch_again(self, now: float) -> None:
        if not self._waiting and not self._connections and not self._tasks:
            self._timer = None
            self._tell_when_gone()
            return
        # What begins from now on is due after the shortest of these, so nothing is overslept.
        due = [now + min(self._waiting_seconds, self._answer_seconds, self._idle_seconds)]
        due += [mail.begin_by for mail in list(self._waiting)[:1]]
        due += [c.deadline for c in self._connections if c.deadline is not None]
        due += [since + self._idle_seconds for since in self._resting.values()]
        wait = max(0.0, min(due) - now)
        self._timer = asyncio.get_running_loop().call_later(wait, self._watch)

    def _tell_when_gone(self) -> None:
        if self._is_closing and not (self._waiting or self._connections or self._tasks):
            if self._timer:
                self._timer.cancel()
            self._gone.set()
