"""Request bodies: read with a limit, so that nobody fills the memory."""

from starlette.requests import Request

from sendwell.domain.errors import Invalid, TooLarge


async def body_of(request: Request, *, most: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is known to be, and Invalid when compressed."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Invalid("Compressed bodies are not accepted.", code="unsupported_encoding")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body may have at most {most} bytes.")
