"""A channel that somebody names is one that there is: a misspelt one would find nothing."""

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from sendwell.channels import all_channels


def _known(name: str | None) -> str | None:
    known = all_channels()
    if name is not None and name not in known:
        raise PydanticCustomError(
            "channel", "There is no such channel; there are {names}.", {"names": ", ".join(known)}
        )
    return name


KNOWN_CHANNEL = AfterValidator(_known)
"""For a field or a parameter; also a channel that is not enabled may have deliveries."""
