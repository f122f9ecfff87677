"""The list of commands."""

import typer

from sendwell.cli.up import up

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tell a person, or an audience, something; never twice, never lost, provable afterwards.",
)
app.command()(up)


@app.callback()
def sendwell() -> None:
    """Tell a person, or an audience, something; never twice, never lost, provable afterwards."""
