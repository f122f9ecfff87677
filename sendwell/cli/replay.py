"""`sendwell replay`: dead letters, sent again."""

from typing import Annotated, Any

import typer

from sendwell.cli.dead_letters import ByCause, ByChannel, ByCode, ByEventType, narrowing
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import console, print_json, show

_PATIENCE_SECONDS = 600.0

LetterId = Annotated[
    int | None,
    typer.Argument(metavar="[ID]", help="A dead letter's number.", show_default=False),
]
IsAll = Annotated[bool, typer.Option("--all", help="All that match the filters.")]
Rate = Annotated[
    float | None,
    typer.Option(
        help="Together with --all: how many a second; 10 when left out.", show_default=False
    ),
]


def replay(
    *,
    letter: LetterId = None,
    is_all: IsAll = False,
    cause: ByCause = None,
    channel: ByChannel = None,
    event_type: ByEventType = None,
    code: ByCode = None,
    rate: Rate = None,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Send dead letters again.

    One by its number, or all that match, spread over time.

    Each becomes a delivery of its own with its own idempotency key, and is on the audit log. What
    was replayed once is not replayed again. Where one channel is enough, --all passes over those
    whom another delivery has reached or may reach yet, and takes one channel for each of the rest.

    Examples:
      sendwell replay 12
      sendwell replay --all --cause provider_outage --rate 50
      sendwell replay --all --channel sms --event-type otp
    """
    narrowed = narrowing(cause, channel, event_type=event_type, code=code)
    _check(letter, is_all=is_all, has_filter=bool(narrowed) or rate is not None)
    client = connect(url, key, data, seconds=_PATIENCE_SECONDS)
    if letter is not None:
        answer = client.post(f"/dead-letters/{letter}/replay")
        said = _said_of_one(letter, answer)
    else:
        wanted = {**narrowed, **({} if rate is None else {"rate_per_second": rate})}
        with console(is_error=True).status("Scheduling …"):
            answer = client.post("/dead-letters/replay", wanted)
        said = _said_of_all(answer)
    if is_json:
        print_json(answer)
    else:
        show(said)


def _said_of_one(letter: int, answer: dict[str, Any]) -> str:
    said = f"Dead letter {letter} goes out again, as delivery {answer['delivery']}."
    if not answer["reached_by"]:
        return said
    others = ", ".join(answer["reached_by"])
    return f"{said} Its recipient may get it twice: {others} has reached them, or may yet."


def _said_of_all(answer: dict[str, Any]) -> str:
    said = f"Go out again: {answer['replayed']:,}, {answer['rate_per_second']:g} a second."
    if not answer["passed_over"]:
        return said
    return f"{said} Passed over: {answer['passed_over']:,}, where one delivery is enough."


def _check(letter: int | None, *, is_all: bool, has_filter: bool) -> None:
    if (letter is None) is not is_all:
        raise typer.BadParameter("Give the number of a dead letter, or --all.")
    if letter is not None and has_filter:
        raise typer.BadParameter("Filters and --rate go with --all.")
