"""The form of a text in a document, and what is said of one that does not have it."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True, slots=True)
class Pattern:
    """As the annotation of a text: it matches as a whole, or is refused in these words."""

    pattern: str
    why: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": self.pattern}

    def _checked(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise PydanticCustomError("pattern", "{why}", {"why": self.why})
        return text


_LINE = r"^[^\x00-\x1F\x7F-\x9F\u2028\u2029]{}$"
LINE = Pattern(_LINE.format("*"), "This must be one line, without control characters.")
WORDS = Pattern(_LINE.format("+"), "This must be one line, without control characters, not empty.")
