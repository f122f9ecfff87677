"""A locale that somebody names, as it is stored."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_PATTERN = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"
_is_tag = re.compile(_PATTERN).fullmatch


def _written_right(locale: str) -> str:
    if _is_tag(locale) is None:
        raise PydanticCustomError("locale", "A locale is written like en or de-AT.")
    return locale


LocaleTag = Annotated[
    str,
    Field(max_length=35, json_schema_extra={"pattern": _PATTERN}),
    AfterValidator(_written_right),
]
