"""What was written to a client that has not taken it yet."""

import asyncio
import sys

if sys.platform != "win32":
    import fcntl
    import termios


def unread_bytes(transport: asyncio.Transport) -> int:
    """How much is on its way to the client; 0 as soon as the kernel holds the rest of it.

    What the kernel holds counts until the client's side has acknowledged it. It holds megabytes,
    and takes nothing new before a third of them are gone: by the transport's buffer alone a client
    that has read 600 kB (measured) has not read at all.
    """
    waiting = transport.get_write_buffer_size()
    return waiting + _in_kernel(transport) if waiting else 0


def _in_kernel(transport: asyncio.Transport) -> int:
    connection = transport.get_extra_info("socket")
    if connection is None or sys.platform == "win32":
        return 0
    try:
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:  # not every kernel tells
        return 0
    return int.from_bytes(answer, sys.byteorder)
