"""Reads settings for their error."""

from collections.abc import Mapping

from sendwell.domain.errors import Invalid
from sendwell.settings import read_settings


def refusal(environment: Mapping[str, str]) -> str | None:
    """Why that environment is refused; None when it can be read."""
    try:
        read_settings(environment)
    except Invalid as error:
        return error.message
    return None
