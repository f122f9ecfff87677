"""`sendwell send`: tell somebody something, or everybody in a file."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from sendwell.cli.batch import send_file
from sendwell.cli.client import Client
from sendwell.cli.options import HOME, IsJson, Key, Url, connect
from sendwell.cli.request import check_header, json_object, recipients, text_or_file, ttl_seconds
from sendwell.cli.screen import REFUSED, print_json, show, warn
from sendwell.cli.timeline import show_timeline
from sendwell.cli.waiting import await_end, is_at_end, went_out

Priority = Literal["critical", "high", "medium", "low"]
_WAIT_SECONDS = 60.0


def option(help_: str, *names: str, metavar: str | None = None) -> Any:
    """An option that has no default worth showing."""
    return typer.Option(*names, help=help_, metavar=metavar, show_default=False)


Many = list[str] | None
Text = str | None


def send(
    *,
    to: Annotated[
        Many,
        option(
            "E-mail address, +phone, URL, or token:… ; several times for several.",
            metavar="ADDRESS",
        ),
    ] = None,
    user: Annotated[Many, option("A person known to Sendwell.", metavar="ID")] = None,
    subject: Annotated[
        Text, option("Subject of an e-mail; the title elsewhere.", metavar="TEXT")
    ] = None,
    text: Annotated[Text, option("The words.", metavar="TEXT")] = None,
    html: Annotated[Text, option("HTML of an e-mail.", metavar="HTML|@FILE")] = None,
    template: Annotated[Text, option("A template instead of words.", metavar="CODE")] = None,
    data: Annotated[Text, option("The template's data.", metavar="JSON|@FILE")] = None,
    locale: Annotated[Text, option("Language of the template, like de-AT.", metavar="TAG")] = None,
    channel: Annotated[Many, option("Channel; several times for several.", metavar="NAME")] = None,
    fallback: Annotated[bool, typer.Option("--fallback", help="Try the channels in turn.")] = False,
    priority: Annotated[
        Priority | None,
        option("critical, high, medium or low; else the event type decides.", metavar="LANE"),
    ] = None,
    event_type: Annotated[
        Text, option("What has happened, like order_shipped.", metavar="NAME")
    ] = None,
    topic: Annotated[
        Text, option("What it is about, like news/sport; people subscribe to it.", metavar="PATH")
    ] = None,
    send_at: Annotated[
        Text,
        option("2030-05-01T09:00:00+02:00; without an offset it is local time.", metavar="TIME"),
    ] = None,
    timezone: Annotated[
        Text, option("Whose local time: a zone; else each recipient's.", metavar="ZONE")
    ] = None,
    ttl: Annotated[
        Text, option("Too late after this: 90s, 10m, 2h, 1d.", metavar="DURATION")
    ] = None,
    idempotency_key: Annotated[Text, option("The same key sends once.", metavar="KEY")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end, then show it.")] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long --wait waits at most.")
    ] = _WAIT_SECONDS,
    batch: Annotated[
        Text, option("Many at once: NDJSON or a JSON list; - is standard input.", metavar="FILE")
    ] = None,
    url: Url = HOME,
    key: Key = None,
    is_json: IsJson = False,
) -> None:
    """Send a notification, or all notifications of a file.

    Prints the id once the notification is stored durably; what becomes of it then is told by
    `sendwell timeline ID`. Exits with 1 when it is refused, and with --wait when it does not go
    out.

    Examples:
      sendwell send --to someone@example.com --subject Hello --text "It works."
      sendwell send --user user-001 --template welcome --data '{"name": "Ada", "link": "https://example.com"}'
      sendwell send --user user-001 --text "Your code is 123456" --event-type otp --ttl 5m --wait
      sendwell send --to +14155550100 --to someone@example.com --text "Closed on Monday"
      sendwell send --user user-001 --text "Good morning" --send-at 2030-05-01T09:00
      sendwell send --batch notifications.ndjson --idempotency-key import-7

    A file has one JSON notification a line, as POST /api/v1/notifications takes it, or is one
    JSON list of them. It may have any size. Refused ones are listed with their lines, and refuse
    nothing else. With --idempotency-key the same notification or file can be sent again safely,
    also when no answer came.
    """
    client = connect(url, key)
    if idempotency_key is not None:
        check_header(idempotency_key, "--idempotency-key")
    words = {"subject": subject, "text": text, "html": html and text_or_file(html, "--html")}
    request = {
        "content": _given(words) or None,
        "template": template,
        "data": None if data is None else json_object(data, "--data"),
        "locale": locale,
        "channels": channel or None,
        "routing": "fallback" if fallback else None,
        "priority": priority,
        "event_type": event_type,
        "topic": topic,
        "send_at": send_at,
        "timezone": timezone,
        "ttl_seconds": None if ttl is None else ttl_seconds(ttl),
    }
    if batch is not None:
        _check_alone(_given({**request, "to": to, "user": user}), is_waiting=wait)
        _send_file(client, batch, idempotency_key, is_json=is_json)
        return
    whole = {**recipients(to or (), user or ()), **_given(request)}
    answer = client.post("/notifications", whole, headers=_headers(idempotency_key))
    if wait:
        warn(_accepted(answer))
        _wait(client, answer["id"], timeout, is_json=is_json)
    else:
        _show(answer, is_json=is_json)


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _headers(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}


def _show(answer: dict[str, Any], *, is_json: bool) -> None:
    if is_json:
        print_json(answer)
    elif answer["duplicate"]:
        show(_accepted(answer))
    else:
        show(_accepted(answer), f"  sendwell timeline {answer['id']}")


def _accepted(answer: dict[str, Any]) -> str:
    if answer["duplicate"]:
        return f"Repeated: it was accepted before, as {answer['id']}. Nothing more is sent."
    return f"Accepted: {answer['id']}"


def _wait(client: Client, id_: str, seconds: float, *, is_json: bool) -> None:
    found = await_end(client, id_, seconds=seconds)
    if is_json:
        print_json(found)
    else:
        show_timeline(client, id_)
    if not is_at_end(found):
        warn(f"sendwell: {id_} is still {found['status']} after {seconds:g} s.")
    if not went_out(found):
        raise typer.Exit(REFUSED)


def _check_alone(given: dict[str, Any], *, is_waiting: bool) -> None:
    if given or is_waiting:
        raise typer.BadParameter(
            "--batch takes everything from the file; beside it go only --idempotency-key, --url,"
            " --key and --json."
        )


def _send_file(client: Client, name: str, key: str | None, *, is_json: bool) -> None:
    tally = send_file(client, name, key=key)
    if is_json:
        print_json(asdict(tally))
    else:
        show(f"{tally}.")
    if tally.refused:
        raise typer.Exit(REFUSED)
