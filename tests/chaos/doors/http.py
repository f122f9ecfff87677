"""By HTTP, to one process."""

from collections.abc import Sequence
from typing import Any

import httpx2

from tests.chaos.doors.door import Answer, GoneError, Refused, Taken, Unheard
from tests.chaos.draft import Draft

_ACCEPTED = 202
_JSON = {"content-type": "application/json"}
_LATER = frozenset({"unavailable", "still_running"})
"""What a server may say while something that it needs is away."""


class HttpDoor:
    """Several drafts are asked for as a batch. `may_be_busy`: "later" is no refusal."""

    def __init__(self, client: httpx2.AsyncClient, *, may_be_busy: bool = False) -> None:
        self._client = client
        self._later = _LATER if may_be_busy else frozenset()

    async def ask(self, drafts: Sequence[Draft]) -> Sequence[Answer]:
        is_one = len(drafts) == 1
        body = drafts[0].body if is_one else b"[" + b",".join(d.body for d in drafts) + b"]"
        path = "/api/v1/notifications" if is_one else "/api/v1/notifications/batch"
        answer = await self._post(path, content=body, headers=_JSON)
        if answer.status_code != _ACCEPTED:
            return [self._no(answer.json(), answer.text)] * len(drafts)
        items = [answer.json()] if is_one else answer.json()["items"]
        return [self._said(item) for item in items]

    async def cancel(self, id_: str) -> tuple[str, ...] | None:
        """The deliveries that will not go out any more; None where it cannot be done."""
        answer = await self._post(f"/api/v1/notifications/{id_}/cancel")
        return tuple(answer.json()["cancelled"]) if answer.is_success else None

    async def shut(self) -> None:
        """Whoever is behind it is gone, and answers nothing any more."""
        await self._client.aclose()

    async def _post(self, path: str, **what: Any) -> httpx2.Response:
        if self._client.is_closed:
            raise GoneError("Who was asked is gone.")
        try:
            return await self._client.post(path, **what)
        except httpx2.TransportError as error:
            raise GoneError(str(error)) from error

    def _said(self, item: dict[str, Any]) -> Answer:
        return self._no(item, str(item)) if item["status"] == "refused" else Taken(item["id"])

    def _no(self, problem: dict[str, Any], text: str) -> Answer:
        return Unheard() if problem.get("code") in self._later else Refused(text)
