"""The OpenAPI document as the reference page shows it: operation by operation, in plain rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sendwell.web.schema_rows import Row, SchemaRows

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """What goes in or comes out: its fields and examples."""

    title: str
    description: str
    type: str
    rows: tuple[Row, ...]
    examples: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter and the place where it goes: path, query or header."""

    place: str
    row: Row


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    is_open: bool
    parameters: tuple[Parameter, ...]
    bodies: tuple[Body, ...]
    answers: tuple[Body, ...]
    errors: tuple[tuple[str, str], ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


def groups_of(document: Document) -> list[Group]:
    """Everything in the document, by tag."""
    reader = _Reader(document)
    operations = [
        (operation["tags"][0], reader.operation(method, path, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [
        Group(
            tag["name"],
            tag["description"],
            tuple(operation for name, operation in operations if name == tag["name"]),
        )
        for tag in document["tags"]
    ]


class _Reader:
    def __init__(self, document: Document) -> None:
        self._rows = SchemaRows(document["components"]["schemas"])
        self._responses = document["components"]["responses"]

    def operation(self, method: str, path: str, operation: Document) -> Operation:
        return Operation(
            id=operation["operationId"],
            method=method.upper(),
            path=path,
            summary=operation["summary"],
            description=operation["description"],
            is_open=operation.get("security") == [],
            parameters=tuple(self._parameter(each) for each in operation.get("parameters", ())),
            bodies=tuple(self._bodies("", operation.get("requestBody", {}))),
            answers=tuple(self._answers(operation["responses"])),
            errors=tuple(self._errors(operation["responses"])),
            curl=operation["x-codeSamples"][0]["source"],
        )

    def _parameter(self, parameter: Document) -> Parameter:
        row = self._rows.row(
            parameter["name"],
            {**parameter["schema"], "description": parameter.get("description", "")},
            is_required=parameter.get("required", False),
        )
        return Parameter(parameter["in"], row)

    def _answers(self, responses: Document) -> Iterator[Body]:
        for status, response in responses.items():
            if _is_good(response):
                found = list(self._bodies(status, response))
                yield from found or [Body(status, response["description"], "", (), ())]

    def _errors(self, responses: Document) -> Iterator[tuple[str, str]]:
        for status, response in responses.items():
            if not _is_good(response):
                name = response.get("$ref", "").rpartition("/")[2]
                whole = self._responses[name] if name else response
                yield "other" if status == "default" else status, whole["description"]

    def _bodies(self, title: str, holder: Document) -> Iterator[Body]:
        for kind, content in holder.get("content", {}).items():
            schema = content.get("schema", {})
            yield Body(
                title or kind,
                holder.get("description", ""),
                self._rows.type_of(schema),
                tuple(self._rows.rows(schema)),
                tuple(
                    (each.get("summary", "Example"), each["value"])
                    for each in content.get("examples", {}).values()
                ),
            )


def _is_good(response: Document) -> bool:
    """An answer that is no problem document; an unhealthy /readyz has such a one, too."""
    return "$ref" not in response and "application/problem+json" not in response.get("content", {})
