"""Bodies: text and HTML parts in the encoding that suits their content (RFC 2045, RFC 2046)."""

from binascii import b2a_base64, b2a_qp, crc32

from sendwell.domain.mime.header import flawed

_LONGEST_LINE = 998
_BASE64_LINE = 76

_ALTERNATIVE = b'Content-Type: multipart/alternative; boundary="%b"\r\n%b\r\n%b%b\r\n%b%b--\r\n'
_PART = b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n%b"


def single(text: str, kind: bytes, *, pointer: str) -> bytes:
    """The rest of a message with one part, beginning at its Content-Type line."""
    return _part(text, kind, pointer)


def alternative(text: str, html: str, *, seed: str) -> bytes:
    """The rest of a message with a text part and an HTML part that say the same."""
    plain, rich = _part(text, b"plain", "/text"), _part(html, b"html", "/html")
    boundary = _boundary(seed.encode(), plain, rich)
    delimiter = b"\r\n--" + boundary
    return _ALTERNATIVE % (boundary, delimiter, plain, delimiter, rich, delimiter)


def _boundary(seed: bytes, *parts: bytes) -> bytes:
    """A delimiter that follows from the seed and occurs in no part.

    `=_` can stand in neither quoted-printable nor base64, but in 7-bit text it can. A checksum will
    do: that it occurs in no part is looked up, and two mails may have the same one.
    """
    boundary = b"=_%08x" % crc32(seed)
    while any(boundary in part for part in parts):
        boundary = b"=_%08x" % crc32(boundary)
    return boundary


def _part(text: str, kind: bytes, pointer: str) -> bytes:
    """A part's header lines, the blank line, and its encoded text with CRLF at its end."""
    encoding, body = _encoded(_lines(text), pointer)
    return _PART % (kind, encoding, body)


def _lines(text: str) -> list[str]:
    """The text's lines, whatever ended them (CRLF, LF or CR)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def _encoded(lines: list[str], pointer: str) -> tuple[bytes, bytes]:
    text = "\r\n".join(lines) + "\r\n"
    if _travels_as_it_is(text, lines):
        return b"7bit", text.encode("ascii")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise flawed(pointer, "holds half a character (a lone surrogate)") from error
    if _is_mostly_ascii(text, data):
        return b"quoted-printable", b2a_qp(data, istext=True)
    return b"base64", _base64(data)


def _travels_as_it_is(text: str, lines: list[str]) -> bool:
    """Whether it is 7-bit already and no relay on the way has a reason to touch it.

    That costs a tenth of quoted-printable. A line that begins with `From ` would get a `>` in
    front of it in mbox files, which breaks signatures.
    """
    return (
        text.isascii()
        and "\0" not in text
        and len(max(lines, key=len)) <= _LONGEST_LINE
        and not ("From " in text and any(line.startswith("From ") for line in lines))
    )


def _is_mostly_ascii(text: str, data: bytes) -> bool:
    """Whether quoted-printable is the shorter one: it adds two bytes to each that is not ASCII,
    base64 adds a third to all.
    """
    beyond = len(data) - len(text.encode("ascii", "ignore"))
    return beyond * 6 <= len(data)


def _base64(data: bytes) -> bytes:
    encoded = b2a_base64(data, newline=False)
    lines = [encoded[at : at + _BASE64_LINE] for at in range(0, len(encoded), _BASE64_LINE)]
    return b"\r\n".join(lines) + b"\r\n"
