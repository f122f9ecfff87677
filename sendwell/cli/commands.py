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
from sendwell.cli.promote import promote
from sendwell.cli.quarantine import quarantine
from sendwell.cli.replay import replay
from sendwell.cli.run import run
from sendwell.cli.screen import speaking
from sendwell.cli.send import send
from sendwell.cli.status import status
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
