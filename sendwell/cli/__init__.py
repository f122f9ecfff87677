"""The command `sendwell`: one file a command; parse, call, print."""


def main() -> None:
    """Run the command that the arguments name."""
    from sendwell.cli.commands import app

    app(prog_name="sendwell")
