"""The list of commands. Importing it stays cheap: what is heavy is imported by who runs it."""

from collections.abc import Callable, Mapping
from inspect import cleandoc
from typing import Annotated, Any

import typer

from sendwell import __version__
from sendwell.cli.audit import audit
from sendwell.cli.bench import bench
from sendwell.cli.dead_letters import dead_letters
from sendwell.cli.doctor import doctor
from sendwell.cli.ledger import ledger
from sendwell.cli.migrate import migrate
from sendwell.cli.people import show_person
from sendwell.cli.people_choices import (
    choose_preferences,
    show_consents,
    show_topics,
    store_topic,
    subscribe,
    unsubscribe,
    verify_contact,
)
from sendwell.cli.people_erase import erase_person
from sendwell.cli.people_export import export_person
from sendwell.cli.people_import import import_people
from sendwell.cli.promote import promote
from sendwell.cli.quarantine import quarantine
from sendwell.cli.replay import replay
from sendwell.cli.rules import get_rules, reset_rules, set_rules
from sendwell.cli.run import run
from sendwell.cli.screen import speaking
from sendwell.cli.send import send
from sendwell.cli.status import status
from sendwell.cli.suppressions import add_suppressions, list_suppressions, remove_suppression
from sendwell.cli.timeline import timeline
from sendwell.cli.topics import topics
from sendwell.cli.up import up

_AS_IT_IS = "\b\n"  # to the help's formatter: do not wrap the paragraph


def help_of(command: Callable[..., Any]) -> str:
    """The docstring as help: paragraphs are wrapped, but for those with indented lines."""
    paragraphs = cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(
        f"{_AS_IT_IS}{each}" if "\n " in f"\n{each}" else each for each in paragraphs
    )


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"sendwell {__version__}")
        raise typer.Exit


def sendwell(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Tell a person, or an audience, something; never twice, never lost, provable afterwards.

    Begin like this, each in a terminal of its own:
      sendwell up
      sendwell send --user user-001 --subject Hello --text "It works." --wait

    `up` and `run` are Sendwell itself; `topics`, `migrate`, `promote`, `doctor` and `bench` need no
    running one. All others talk to it over its HTTP API: --url (SENDWELL_URL) says where, --key
    (SENDWELL_API_KEY) who asks. `sendwell COMMAND --help` shows examples of each.
    """


# Plain help: examples can be copied as they stand, and it is there in a third of the time.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.callback(help=help_of(sendwell))(sendwell)
for command in (
    up,
    run,
    send,
    status,
    timeline,
    replay,
    dead_letters,
    quarantine,
    ledger,
    audit,
    topics,
    migrate,
    promote,
    doctor,
    bench,
):
    app.command(help=help_of(command))(speaking(command))

_GROUPS: Mapping[str, tuple[str, Mapping[str, Callable[..., Any]]]] = {
    "people": (
        "Import people, see what is stored, export and erase it.",
        {
            "import": import_people,
            "show": show_person,
            "choose": choose_preferences,
            "subscribe": subscribe,
            "unsubscribe": unsubscribe,
            "consents": show_consents,
            "verify": verify_contact,
            "topics": show_topics,
            "topic": store_topic,
            "export": export_person,
            "erase": erase_person,
        },
    ),
    "rules": (
        "Read and change the rules of your organization.",
        {"get": get_rules, "set": set_rules, "reset": reset_rules},
    ),
    "suppressions": (
        "Addresses that must not be sent to: list, add, remove.",
        {"list": list_suppressions, "add": add_suppressions, "remove": remove_suppression},
    ),
}
for group, (about, members) in _GROUPS.items():
    grouped = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=about)
    for name, member in members.items():
        grouped.command(name, help=help_of(member))(speaking(member))
    app.add_typer(grouped, name=group)
