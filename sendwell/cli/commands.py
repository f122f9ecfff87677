"""The list of commands. Importing it stays cheap: what is heavy is imported by who runs it."""

from collections.abc import Callable
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

    The commands behind `up` talk to a running Sendwell over its HTTP API: --url (SENDWELL_URL) says
    where, --key (SENDWELL_API_KEY) who asks. `sendwell COMMAND --help` shows examples of each.
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

people = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Import people, see what is stored, export and erase it.",
)
people.command("import", help=help_of(import_people))(speaking(import_people))
people.command("show", help=help_of(show_person))(speaking(show_person))
people.command("choose", help=help_of(choose_preferences))(speaking(choose_preferences))
people.command("subscribe", help=help_of(subscribe))(speaking(subscribe))
people.command("unsubscribe", help=help_of(unsubscribe))(speaking(unsubscribe))
people.command("consents", help=help_of(show_consents))(speaking(show_consents))
people.command("topics", help=help_of(show_topics))(speaking(show_topics))
people.command("topic", help=help_of(store_topic))(speaking(store_topic))
people.command("export", help=help_of(export_person))(speaking(export_person))
people.command("erase", help=help_of(erase_person))(speaking(erase_person))
app.add_typer(people, name="people")

rules = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Read and change your organization's rules: lanes, routes, limits, quota, budget.",
)
rules.command("get", help=help_of(get_rules))(speaking(get_rules))
rules.command("set", help=help_of(set_rules))(speaking(set_rules))
rules.command("reset", help=help_of(reset_rules))(speaking(reset_rules))
app.add_typer(rules, name="rules")

suppressions = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Addresses that must not be sent to: list, add, remove.",
)
suppressions.command("list", help=help_of(list_suppressions))(speaking(list_suppressions))
suppressions.command("add", help=help_of(add_suppressions))(speaking(add_suppressions))
suppressions.command("remove", help=help_of(remove_suppression))(speaking(remove_suppression))
app.add_typer(suppressions, name="suppressions")
