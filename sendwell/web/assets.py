"""Our own static files: held in memory, named by their content, kept by browsers for good."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sendwell.web.headers import ASSET

_FOLDER = Path(__file__).parent / "static"
_PREFIX = "/static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    content: bytes
    media_type: str
    version: str


class Assets:
    """All files of the folder `static`, read once."""

    def __init__(self) -> None:
        self._assets = {
            path.name: _read(path) for path in _FOLDER.iterdir() if path.suffix in _TYPES
        }

    def url(self, name: str) -> str:
        """Where a page finds the file; another URL as soon as its content is another."""
        return f"{_PREFIX}/{name}?v={self._assets[name].version}"

    def route(self) -> Route:
        """The route that serves them."""
        return Route(f"{_PREFIX}/{{name}}", self._serve, include_in_schema=False)

    async def _serve(self, request: Request) -> Response:
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404, "There is no such file.")
        return Response(asset.content, headers=ASSET, media_type=asset.media_type)


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
