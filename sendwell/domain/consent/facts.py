"""What is put on record when choices change: facts, each of one thing agreed to or taken back."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from sendwell.domain.consent.choices import EVERY, EVERYTHING, OptOut, Preferences
from sendwell.domain.topic import path_of


class Fact(NamedTuple):
    """Something was agreed to, or taken back. What is None is meant as a whole: every channel,
    every category. A fact is about a category or a topic, never both.
    """

    is_given: bool
    channel: str | None = None
    category: str | None = None
    topic: str | None = None


def facts_between(before: Preferences, after: Preferences) -> list[Fact]:
    """What has been agreed to and taken back when these choices become those.

    Switching something off takes it back and switching it on gives it. A choice that is gone
    undoes what it was: who has no longer opted in does not agree; who has no longer opted out does,
    unless they have said no to more than that. A topic that is kept below one that is taken back
    is agreed to anew.
    """
    return sorted([*_of_switches(before, after), *_of_topics(before, after)], key=_in_order)


def with_topic(chosen: Preferences, topic: str, by_channel: Mapping[str, bool]) -> Preferences:
    """The choices with these about a topic, by channel or EVERY, in place of those before."""
    return replace(chosen, topics={**chosen.topics, topic: by_channel})


def apply_fact(chosen: Preferences, fact: Fact, later: Iterable[Fact] = ()) -> Preferences:
    """The choices with what the fact says. Of topics, what was said later than that stays.

    A no to a topic is one to all below it: what was agreed to there is taken back. What was refused
    there stays refused when the topic is agreed to again.
    """
    channel = fact.channel or EVERY
    if fact.topic is not None:
        later = list(later)
        left = chosen if fact.is_given else _without_yes(chosen, fact.topic, channel, later)
        refused = _refused_by(later, fact.topic) if fact.is_given and channel == EVERY else {}
        by_channel = {**refused, **left.topics.get(fact.topic, {}), channel: fact.is_given}
        return with_topic(left, fact.topic, by_channel)
    which = frozenset({(channel, fact.category or EVERY)})
    if fact.is_given:
        opted_in = (chosen.opted_in | which) - EVERYTHING
        return replace(chosen, opted_in=opted_in, opted_out=chosen.opted_out - which)
    return replace(chosen, opted_out=chosen.opted_out | which, opted_in=chosen.opted_in - which)


def is_outdated(fact: Fact, later: Iterable[Fact]) -> bool:
    """Whether something later speaks of the same, or takes back more than what this gives.

    Then it still belongs on record, but is not what the person wants now.
    """
    later = list(later)
    return any(each[1:] == fact[1:] for each in later) or _is_taken_back(fact, later)


def _of_switches(before: Preferences, after: Preferences) -> Iterator[Fact]:
    def is_refused(channel: str, category: str) -> bool:
        return False in {after.channel(channel), after.category(channel, category)}

    for key, is_given in _changes(_switches(before), _switches(after), is_refused):
        channel, category = key
        yield Fact(is_given, _any(channel), _any(category))


def _of_topics(before: Preferences, after: Preferences) -> Iterator[Fact]:
    def is_refused(topic: str, channel: str) -> bool:
        said = after.topic(channel, topic)
        return after.channel(channel) is False or (said is not None and not said[1])

    was, is_now = _topics(before), _topics(after)
    changed = [
        Fact(is_given, _any(channel), topic=topic)
        for (topic, channel), is_given in _changes(was, is_now, is_refused)
    ]
    kept = [
        Fact(is_given=True, channel=_any(channel), topic=topic)
        for (topic, channel), is_wanted in was.items() & is_now.items()
        if is_wanted
    ]
    yield from changed
    yield from (fact for fact in kept if _is_taken_back(fact, changed))


def _changes(
    before: Mapping[OptOut, bool],
    after: Mapping[OptOut, bool],
    is_refused: Callable[[str, str], bool],
) -> Iterator[tuple[OptOut, bool]]:
    for key in before.keys() | after.keys():
        was, is_now = before.get(key), after.get(key)
        if is_now is not None and is_now != was:
            yield key, is_now
        elif is_now is None and (was or not is_refused(*key)):
            yield key, not was


def _without_yes(
    chosen: Preferences, topic: str, channel: str, later: Iterable[Fact]
) -> Preferences:
    """The choices without what was agreed to of the topic, and all below it, by that channel.

    What was agreed to later stays.
    """
    agreed = {(fact.topic, fact.channel or EVERY) for fact in later if fact.is_given}
    left = {
        key: _without_yes_by(channel, by_channel, {on for on in by_channel if (key, on) in agreed})
        if topic in path_of(key)
        else by_channel
        for key, by_channel in chosen.topics.items()
    }
    return replace(
        chosen, topics={key: by_channel for key, by_channel in left.items() if by_channel}
    )


def _without_yes_by(
    channel: str, by_channel: Mapping[str, bool], since: Collection[str]
) -> Mapping[str, bool]:
    left = {
        on: yes
        for on, yes in by_channel.items()
        if not yes or on in since or channel not in {on, EVERY}
    }
    is_left_open = left.get(EVERY) and EVERY not in since
    return {channel: False, **left} if is_left_open else left


def _refused_by(facts: Iterable[Fact], topic: str) -> Mapping[str, bool]:
    """No to each channel by which they refuse the topic, or one above it."""
    return {
        fact.channel: False
        for fact in facts
        if fact.channel and fact.topic in path_of(topic) and not fact.is_given
    }


def _switches(chosen: Preferences) -> dict[OptOut, bool]:
    return {**dict.fromkeys(chosen.opted_in, True), **dict.fromkeys(chosen.opted_out, False)}


def _topics(chosen: Preferences) -> dict[OptOut, bool]:
    return {
        (topic, channel): is_wanted
        for topic, by_channel in chosen.topics.items()
        for channel, is_wanted in by_channel.items()
    }


def _is_taken_back(fact: Fact, by: Iterable[Fact]) -> bool:
    return fact.is_given and any(not each.is_given and _covers(each, fact) for each in by)


def _covers(wide: Fact, narrow: Fact) -> bool:
    if wide.channel not in {None, narrow.channel}:
        return False
    if wide.topic is not None:
        return narrow.topic is not None and wide.topic in path_of(narrow.topic)
    return wide.category in {None, narrow.category}


def _any(name: str) -> str | None:
    return None if name == EVERY else name


def _in_order(fact: Fact) -> tuple[str, ...]:
    return fact.topic or "", fact.category or "", fact.channel or ""
