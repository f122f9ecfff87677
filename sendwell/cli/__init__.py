"""The command `sendwell`: one file a command; parse, call, print."""

import sys


def main() -> None:
    """Run the command that the arguments name."""
    from sendwell.cli.commands import app

    app(prog_name="sendwell")


if __name__ == "__main__":
    sys.exit(main())
