"""Choices of all kinds, and what is asked of them."""

from itertools import product

from hypothesis import strategies as st

from sendwell.domain.consent import (
    EVERY,
    Matter,
    Preferences,
    objection,
)
from sendwell.domain.ids import ChannelName
from sendwell.domain.quiet_hours import QuietHours, Window

CHANNELS = ("email", "sms", "push")

CATEGORIES = ("marketing", "security", "default")

TOPICS = ("news", "news/sport", "news/sport/football", "offers")

EVERYTHING = set(product(CHANNELS, CATEGORIES))


def allowed(preferences: Preferences, *, is_critical: bool = False) -> set[tuple[str, str]]:
    return {
        (channel, category)
        for channel, category in EVERYTHING
        if objection(Matter(channel, category), preferences, is_critical=is_critical) is None
    }


choices = st.tuples(st.sampled_from((*CHANNELS, EVERY)), st.sampled_from((*CATEGORIES, EVERY)))

topics = st.dictionaries(
    st.sampled_from(TOPICS),
    st.dictionaries(st.sampled_from((*CHANNELS, EVERY)), st.booleans(), min_size=1),
)


@st.composite
def preferences(draw: st.DrawFn) -> Preferences:
    """What a document can say: nothing is both on and off, and everything only off."""
    off = draw(st.frozensets(choices))
    on = draw(st.frozensets(choices)) - off - {(EVERY, EVERY)}
    order = draw(st.lists(st.sampled_from(CHANNELS).map(ChannelName), unique=True).map(tuple))
    hours = draw(st.none() | st.just(QuietHours((Window(frozenset({0}), 60, 120),), "UTC")))
    return Preferences(order, off, hours, on, draw(topics))


matters = st.builds(
    Matter,
    st.sampled_from(CHANNELS),
    st.sampled_from(CATEGORIES),
    st.none() | st.sampled_from(TOPICS),
)

modes = st.dictionaries(st.sampled_from(TOPICS), st.booleans())
