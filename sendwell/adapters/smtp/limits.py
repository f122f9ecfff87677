"""How far an SMTP client goes."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections at most, and how long things may take."""

    connections: int = 8
    mail: timedelta = timedelta(seconds=60)
    """From `deliver` to the answer to the final dot, waiting for a connection included."""
    opening: timedelta = timedelta(seconds=20)
    """From the dial to the last answer before the first mail."""
    idle: timedelta = timedelta(seconds=60)
    """How long a connection without work is kept."""
