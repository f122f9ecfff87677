"""The caller's words against the one channel that was asked for: what it can never say is refused.

Where several channels are asked for, or none, the others may have the words.
"""

from sendwell.domain.channel import Channel
from sendwell.domain.errors import Flaw, Untimely
from sendwell.messages.requested import Content

_SHORT = 350
"""Characters that every channel takes, whatever it counts, if they are text."""


def require_words(content: Content, channel: Channel) -> None:
    """Raise Untimely where the channel has no use for any of the words, or there are too many."""
    if _is_short_text(content):
        return
    fitted = channel.fit(content.counted)
    if flaws := channel.flaws_in_content(fitted):
        raise _refused(flaws[0].why, code="content_too_large")
    is_told = bool(content.html) and "text" in channel.parts
    if not fitted and not content.data and not is_told:
        why = f"There are no words for {channel.name} in it."
        raise _refused(why, code="template_error")


def _is_short_text(content: Content) -> bool:
    if content.data:
        return False
    text, body = content.text or "", content.body or ""
    others = len(content.title or "") + len(content.subject or "") + len(content.html or "")
    return bool(text or body) and len(text) + len(body) + others <= _SHORT


def _refused(why: str, *, code: str) -> Untimely:
    return Untimely(f"/content: {why}", flaws=[Flaw("/content", why)], code=code)
