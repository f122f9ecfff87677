"""Request bodies: read with a limit, so that nobody fills the memory."""

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from sendwell.domain.errors import Invalid, TooLarge
from sendwell.runtime.server.calls import Call
from sendwell.runtime.server.framework import call_of


async def body_of(asked: Call | Request, *, most: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be, and Invalid when it comes
    compressed or breaks off.
    """
    call = asked if isinstance(asked, Call) else call_of(asked)
    if call.header(b"content-encoding") not in {None, "identity"}:
        raise Invalid("Compressed bodies are not accepted.", code="unsupported_encoding")
    if isinstance(call.body, bytes):
        if len(call.body) > most:
            raise _too_large(most)
        return call.body
    declared = call.header(b"content-length") or "0"
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    try:
        return await _joined(call.body(), most)
    except ClientDisconnect as error:
        raise Invalid("The body broke off.") from error  # nobody reads it, and it is no defect


async def _joined(chunks: AsyncIterator[bytes], most: int) -> bytes:
    read: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        read.append(chunk)
    return read[0] if len(read) == 1 else b"".join(read)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body may have at most {most} bytes.")
