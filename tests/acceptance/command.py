"""The command `sendwell` as a black box: run once, with what it printed and its exit code."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.acceptance.preloaded import Beginning
from tests.acceptance.processes import begin
from tests.acceptance.product import ROOT, Product

_OURS = ("SENDWELL_", "PROVIDER_", "ROUTE_", "RATE_LIMIT_")


@dataclass(frozen=True, slots=True)
class Result:
    """What one run came to."""

    code: int
    out: str
    errors: str

    @property
    def json(self) -> Any:
        """Standard output, which is a JSON document."""
        return json.loads(self.out)


async def sendwell(
    *arguments: str,
    at: Product | str | None = None,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Run `sendwell` with these arguments, against `at` if it is given."""
    url = at.url if isinstance(at, Product) else at
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(_OURS)}
    beginning = Beginning(
        arguments=arguments,
        environment={**inherited, **({"SENDWELL_URL": url} if url else {}), **(environment or {})},
        folder=ROOT,
        stdin=stdin,
    )
    async with asyncio.timeout(180):
        process = await begin(beginning)
        assert process.stdout
        assert process.stderr
        out, errors = await asyncio.gather(process.stdout.read(), process.stderr.read())
        code = await process.wait()
    return Result(code, out.decode(), errors.decode())


def answering(status: int, document: dict[str, Any]) -> AbstractContextManager[str]:
    """A server that says the same to everybody; gives its address."""
    return answering_in_turn((status, document))


@contextmanager
def answering_in_turn(*answers: tuple[int, object] | None) -> Iterator[str]:
    """A server with one answer for each request, None hangs up; the last one is for all others."""
    rest = list(answers)

    class InTurn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = rest.pop(0) if len(rest) > 1 else rest[0]
            if answer is None:
                return
            status, document = answer
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), InTurn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
