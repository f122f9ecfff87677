"""What most vendors need: one HTTP call for one message."""

from collections.abc import Callable

from sendwell.domain.outcome import Outcome, Refused
from sendwell.ports.http import Http, HttpAnswer, HttpRequest


async def send_by_one_call(
    http: Http, made: HttpRequest | Refused, understand: Callable[[HttpAnswer], Outcome]
) -> Outcome:
    """What came of it: refused before the call, as the answer is understood, or unanswered."""
    if isinstance(made, Refused):
        return made
    answer = await http.exchange(made)
    return understand(answer) if isinstance(answer, HttpAnswer) else answer
