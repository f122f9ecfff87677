"""`Original`: a request as its producer wrote it."""

import msgspec


class Original(msgspec.Struct, frozen=True, gc=False):
    """The JSON object word for word, but for blanks around it, and the schema it is written by:
    on streams of another one its readers would not understand it.
    """

    schema: str
    body: msgspec.Raw
