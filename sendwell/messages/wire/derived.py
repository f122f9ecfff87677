"""The words of a request that came with neither template nor content."""

import msgspec

from sendwell.domain.plain_words import text_of, title_of
from sendwell.messages.requested import Content, Requested, plain


def words_for(event_type: str, data: msgspec.Raw) -> Content:
    """What the gateway makes of an event type and its data."""
    title = title_of(event_type)
    return Content(subject=title, title=title, text=text_of(event_type, plain(data)))


def is_derived(request: Requested) -> bool:
    """Whether nobody wrote its words: they are made from event type and data, at any time again."""
    content = request.content
    if content is None or content.title != title_of(request.event_type):
        return False
    try:
        return content == words_for(request.event_type, request.data)
    except msgspec.DecodeError:  # data is stored as it came: a number can be beyond a double
        return False
