"""What a running product can be asked, as its OpenAPI document says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_PARAMETER = re.compile(r"\{(\w+)\}")
_NO_IDS = frozenset({"channel", "provider", "integration"})
"""Parameters of paths whose values are everybody's."""
_METHODS = ("get", "put", "post", "patch", "delete")
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Operation:
    """One method of one path. `body` is the document's own example, None where it takes none."""

    method: str
    path: str
    is_open: bool
    """Whether nobody needs to be known."""
    queries: tuple[str, ...]
    examples: Mapping[str, Any]
    """Of the parameters in the path."""
    headers: Mapping[str, str]
    """Those that have to be there, with a value that makes sense."""
    body: Any
    kind: str | None
    schema: Mapping[str, Any]
    statuses: frozenset[str]

    @classmethod
    def of(cls, path: str, method: str, described: Mapping[str, Any]) -> Self:
        """The operation that the document describes."""
        parameters = described.get("parameters", ())
        content = described.get("requestBody", {}).get("content", {})
        kind = next((each for each in (JSON, *content) if each in content), None)
        taken = content[kind] if kind else {}
        examples = list(taken.get("examples", {}).values())
        return cls(
            method.upper(),
            path,
            is_open=described.get("security") == [],
            queries=tuple(each["name"] for each in parameters if each["in"] == "query"),
            examples={each["name"]: each.get("example") for each in parameters},
            headers={
                each["name"]: str(each["schema"].get("minimum", each.get("example")))
                for each in parameters
                if each["in"] == "header" and each.get("required")
            },
            body=examples[0]["value"] if examples else None,
            kind=kind,
            schema=taken.get("schema", {}),
            statuses=frozenset(described["responses"]),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id_paths(self) -> tuple[str, ...]:
        """For each id in the path the path up to it: what kind of id it is."""
        return tuple(
            self.path[: found.end()]
            for found in _PARAMETER.finditer(self.path)
            if found[1] not in _NO_IDS
        )

    @property
    def is_stream(self) -> bool:
        """Whether its answer has no end."""
        return self.path.endswith("/stream")

    @property
    def is_writing(self) -> bool:
        """Whether it may change something."""
        return self.method not in _SAFE

    def filled(self, ids: Mapping[str, str]) -> str:
        """The path with ids by their `id_paths`; what is not among them is the example."""

        def value(found: re.Match[str]) -> str:
            return str(ids.get(self.path[: found.end()], self.examples.get(found[1])))

        return _PARAMETER.sub(value, self.path)

    async def ask(
        self,
        client: httpx2.AsyncClient,
        ids: Mapping[str, str],
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Call it with the document's example, or with another body; of a stream only its head."""
        given = self.body if body is None else body
        request = client.build_request(
            self.method,
            self.filled(ids),
            params=query,
            headers={**self.headers, **({"Content-Type": self.kind} if self.kind else {})},
            **_content(self.kind, given),
        )
        answer = await client.send(request, stream=self.is_stream)
        if self.is_stream and answer.is_success:
            await answer.aclose()
        else:
            await answer.aread()
        return answer


def _content(kind: str | None, body: Any) -> dict[str, Any]:
    if kind is None:
        return {}
    if kind in {JSON, FORM}:
        return {"json" if kind == JSON else "data": body}
    text = body if isinstance(body, str) else ""
    return {"content": text}


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """All operations of a document."""
    return [
        Operation.of(path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if method in _METHODS
    ]


async def surface(client: httpx2.AsyncClient) -> list[Operation]:
    """All operations of whoever answers."""
    return operations((await client.get("/openapi.json")).json())
