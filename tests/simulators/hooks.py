"""The webhooks that a simulated vendor sends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx2


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook call, signed and ready; header names are lower case."""

    url: str
    headers: Mapping[str, str]
    body: bytes


async def send(hooks: Iterable[Hook]) -> list[int]:
    """Post them one after the other; the statuses that came back."""
    async with httpx2.AsyncClient(timeout=30) as client:
        return [
            (await client.post(hook.url, headers=dict(hook.headers), content=hook.body)).status_code
            for hook in hooks
        ]
