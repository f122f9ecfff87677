"""A channel that somebody names is one that there is: a misspelt one would find nothing."""

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from sendwell.channels import all_channels


def flaw_in_channel(name: str) -> str | None:
    """Why there is no such channel; None: there is."""
    known = all_channels()
    return None if name in known else f"There is no such channel; there are {', '.join(known)}."


def _known(name: str | None) -> str | None:
    if name is not None and (why := flaw_in_channel(name)):
        raise PydanticCustomError("channel", "{why}", {"why": why})
    return name


KNOWN_CHANNEL = AfterValidator(_known)
"""For a field or a parameter; also a channel that is not enabled may have deliveries."""
