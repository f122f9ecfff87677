"""`sendwell people choose` and its kin: what people want, what they agreed to, and the topics."""

import json
from typing import Annotated, Any

import typer

from sendwell.cli.client import step
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.request import json_object
from sendwell.cli.screen import print_json, show, show_table

User = Annotated[str, typer.Argument(metavar="USER_ID", help="Your own id of the person.")]
Topic = Annotated[str, typer.Argument(metavar="TOPIC", help="A path like news/sport.")]
_MOST = 200


def choose_preferences(
    *,
    user: User,
    preferences: Annotated[
        str, typer.Argument(metavar="JSON|@FILE", help="The whole document; it is replaced.")
    ],
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Store what a person wants.

    Examples:
      sendwell people choose user-001 '{"categories": {"marketing": false}}'
      sendwell people choose user-001 @preferences.json
    """
    document = json_object(preferences, "JSON|@FILE")
    stored = connect(url, key, data).put(_preferences(user), json.dumps(document).encode())
    if is_json:
        print_json(stored)
    else:
        show(f"Stored. It holds at once, also for what is queued for {user}.")


def subscribe(
    *,
    user: User,
    topic: Topic,
    wording: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The words that they agreed to.")
    ] = None,
    evidence: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What proves it: the number of a form.")
    ] = None,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
) -> None:
    """Subscribe a person to a topic, and put it on record.

    Examples:
      sendwell people subscribe user-001 news/sport
      sendwell people subscribe user-001 news --wording "Yes, tell me." --evidence "form 7"
    """
    said = {"wording": wording, "evidence": evidence}
    given = {name: text for name, text in said.items() if text is not None}
    path = _subscription(user, topic)
    connect(url, key, data).put(path, json.dumps(given).encode())
    show(f"{user} gets {topic}, and what lies below.")


def unsubscribe(
    *, user: User, topic: Topic, url: Url = HOME, key: Key = None, data: Data = None
) -> None:
    """Take a person's subscription back, also where they have subscribed to a topic above it.

    Examples:
      sendwell people unsubscribe user-001 news/sport
    """
    connect(url, key, data).delete(_subscription(user, topic))
    show(f"{user} gets nothing of {topic} any more.")


def show_consents(
    *, user: User, url: Url = HOME, key: Key = None, data: Data = None, is_json: IsJson = False
) -> None:
    """Show what a person agreed to and took back, the newest first; the last 200 facts.

    Examples:
      sendwell people consents user-001
    """
    query = {"limit": _MOST}
    found = connect(url, key, data).get(f"/users/{step(user)}/consents", query)["data"]
    if is_json:
        print_json(found)
        return
    rows = [
        (each["at"], "given" if each["given"] else "taken back", _about(each), each["source"])
        for each in found
    ]
    show_table(("AT", "", "ABOUT", "BY"), rows)


def verify_contact(
    *,
    user: User,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Like email or sms.")],
    is_not: Annotated[bool, typer.Option("--not", help="It is not, or no longer.")] = False,
    how: Annotated[
        str | None, typer.Option(metavar="TEXT", help="How that is known.", show_default=False)
    ] = None,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Say that a person's address by a channel is certainly theirs, or that it is not.

    Examples:
      sendwell people verify user-001 email --how "They opened the link we sent."
      sendwell people verify user-001 email --not
    """
    path = f"/users/{step(user)}/contacts/{step(channel)}/verification"
    contact = connect(url, key, data).post(path, {"verified": not is_not, "how": how})
    if is_json:
        print_json(contact)
    else:
        show(f"{contact['address']} is {'not ' * is_not}verified.")


def show_topics(
    *, url: Url = HOME, key: Key = None, data: Data = None, is_json: IsJson = False
) -> None:
    """Show the topics that people can subscribe to; the first 200 of them.

    Examples:
      sendwell people topics
    """
    found = connect(url, key, data).get("/topics", {"limit": _MOST})["data"]
    if is_json:
        print_json(found)
    else:
        rows = [(each["topic"], each["mode"], each["name"]) for each in found]
        show_table(("TOPIC", "MODE", "NAME"), rows)


def store_topic(
    *,
    topic: Topic,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As people are shown it.")],
    description: Annotated[str, typer.Option(metavar="TEXT", help="What comes by it.")] = "",
    is_opt_in: Annotated[
        bool, typer.Option("--opt-in", help="Only for those who have subscribed.")
    ] = False,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Store a topic in place of any before.

    Examples:
      sendwell people topic news "News"
      sendwell people topic news/sport "Sport" --opt-in
    """
    mode = "opt_in" if is_opt_in else "opt_out"
    document = {"name": name, "description": description, "mode": mode}
    stored = connect(url, key, data).put(f"/topics/{_path(topic)}", json.dumps(document).encode())
    if is_json:
        print_json(stored)
    else:
        show(f"Stored: {topic} ({mode}).")


def _preferences(user: str) -> str:
    return f"/users/{step(user)}/preferences"


def _subscription(user: str, topic: str) -> str:
    return f"/users/{step(user)}/subscriptions/{_path(topic)}"


def _path(topic: str) -> str:
    return "/".join(step(each) for each in topic.split("/"))


def _about(fact: dict[str, Any]) -> str:
    what = fact["topic"] or fact["category"] or "everything"
    return f"{what} by {fact['channel']}" if fact["channel"] else what
