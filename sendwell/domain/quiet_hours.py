"""When a person does not want to be disturbed.

The rule is what the clock on the wall shows: it is quiet at every instant at which the person's
local time lies in one of the windows. An hour that the clocks repeat in autumn is therefore quiet
(or not) both times, and a window's edge that falls into the hour they skip in spring takes effect
when they are put forward.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.form import Form
from sendwell.domain.zone import LONGEST_STRETCH, find_zone, first_change

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY
_MIDNIGHT = "24:00"
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_ALWAYS = "It would always be quiet. To stop a channel for good, switch it off."

Span = tuple[int, int]
"""Minutes of the week, Monday 00:00 being 0: from the first one up to but without the second."""


@dataclass(frozen=True, slots=True)
class Window:
    """From one minute of the day to another, beginning on each of the `days` (Monday is 0).

    An end that is not after the start is on the next day; an end of 1440 is midnight.
    """

    days: frozenset[int]
    start: int
    end: int

    def spans(self) -> Iterable[Span]:
        """The window's minutes of the week; what runs over the end of Sunday goes on at 0."""
        length = (self.end - self.start) % _DAY or _DAY
        for day in self.days:
            start = day * _DAY + self.start
            end = start + length
            yield start, min(end, _WEEK)
            if end > _WEEK:
                yield 0, end - _WEEK


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A week's quiet windows. Raises Invalid when they leave no minute in which to speak."""

    windows: tuple[Window, ...] = ()
    timezone: str | None = None
    """A zone of their own; None: wherever the person is."""
    _spans: tuple[Span, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        spans = _joined(span for window in self.windows for span in window.spans())
        if spans == ((0, _WEEK),):
            raise Invalid(_ALWAYS, flaws=(Flaw("/windows", _ALWAYS),))
        object.__setattr__(self, "_spans", spans)

    def quiet_until(self, now: datetime, where: tzinfo | None = None) -> datetime | None:
        """The first instant, in UTC, at which it is no longer quiet; None when it is not quiet.

        `now` is aware. The person is in the zone `where`, else in that of `now`, unless the hours
        have a zone of their own. Exact across changes of the clocks; windows that touch are one.
        """
        own = find_zone(self.timezone) if self.timezone else None
        zone = own or where or now.tzinfo or UTC
        if self._end(_minute_at(now, zone)) is None:  # as nearly always
            return None
        moment = now.astimezone(UTC)
        while (left := self._left(moment.astimezone(zone))) is not None:
            moment = _advance(moment, left, zone)
        return moment

    def _left(self, wall: datetime) -> timedelta | None:
        """How long the clock on the wall has still to run to the end of its quiet span."""
        minute = _minute_of_week(wall)
        end = self._end(minute)
        if end is None:
            return None
        begun = timedelta(seconds=wall.second, microseconds=wall.microsecond)
        return timedelta(minutes=end - minute) - begun

    def _end(self, minute: int) -> int | None:
        """The end of the quiet span that this minute of the week is in."""
        for start, end in self._spans:
            if start <= minute < end:
                return end
        return None


@lru_cache(maxsize=1024)
def _minute_at(now: datetime, zone: tzinfo) -> int:
    """What the wall shows there. A batch is decided at one instant, for few zones."""
    return _minute_of_week(now.astimezone(zone))


def _minute_of_week(wall: datetime) -> int:
    return wall.weekday() * _DAY + wall.hour * 60 + wall.minute


def _advance(moment: datetime, left: timedelta, zone: tzinfo) -> datetime:
    """When that much has run on the wall, or the clock is changed, whichever comes first."""
    then = moment + min(left, LONGEST_STRETCH)
    return first_change(zone, moment, then) or then


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same minutes in as few spans as can be, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def parse_quiet_hours(value: object) -> QuietHours:
    """Quiet hours from their JSON form; raises Invalid that points at everything wrong.

        {"timezone": "Europe/Vienna",
         "windows": [{"days": ["mon", "tue"], "from": "22:00", "to": "07:00"}]}

    `timezone` may be left out, and `days` (then it is every day). A `to` that is not after `from`
    is on the next day; a whole day is 00:00 to 24:00.
    """
    form = Form(value)
    hours = read_quiet_hours(form)
    form.refuse_if_flawed("These quiet hours can't be understood.")
    return hours


def quiet_hours_json(hours: QuietHours) -> dict[str, object]:
    """The JSON form, as `parse_quiet_hours` reads it."""
    zone = {} if hours.timezone is None else {"timezone": hours.timezone}
    return {**zone, "windows": [_window_json(window) for window in hours.windows]}


def read_quiet_hours(form: Form) -> QuietHours:
    """Quiet hours as a part of a larger document, which keeps the flaws."""
    timezone = None
    windows: list[Window] = []
    for name, member in form.members(("timezone", "windows")):
        if name == "windows":
            windows.extend(_read_window(item) for item in member.items())
        elif member.value is not None:
            timezone = _read_timezone(member)
    try:
        return QuietHours(tuple(windows), timezone)
    except Invalid as refusal:
        form.adopt(refusal)
        return QuietHours()


_EVERY_DAY = frozenset(range(len(DAYS)))
_NEVER = Window(frozenset(), 0, 0)


def _read_timezone(form: Form) -> str | None:
    name = form.text()
    if name is not None and find_zone(name) is None:
        form.note(f"There is no time zone {name!r}. Use a name like Europe/Vienna.")
    return name


def _read_window(form: Form) -> Window:
    days: frozenset[int] = _EVERY_DAY
    edges: dict[str, int | None] = {}
    for name, member in form.members(("days", "from", "to")):
        if name == "days":
            days = _read_days(member)
        else:
            edges[name] = _read_minute(member, is_end=name == "to")
    if edges.keys() != {"from", "to"}:
        form.note("A window needs both from and to.")
    start, end = edges.get("from"), edges.get("to")
    if start is None or end is None:
        return _NEVER
    if start == end:
        form.note("The window is empty. For a whole day write 00:00 to 24:00.")
    return Window(days, start, end)


def _read_days(form: Form) -> frozenset[int]:
    days = [_read_day(item) for item in form.items()]
    if form.value == []:
        form.note("There must be at least one day. For every day, leave the days out.")
    return frozenset(day for day in days if day is not None)


def _read_day(form: Form) -> int | None:
    if form.value in DAYS:
        return DAYS.index(str(form.value))
    form.note(f"A day is one of {', '.join(DAYS)}.")
    return None


def _read_minute(form: Form, *, is_end: bool) -> int | None:
    text = form.text()
    if text is None:
        return None
    if is_end and text == _MIDNIGHT:
        return _DAY
    if _TIME.fullmatch(text) is None:
        form.note("A time of day is written like 07:30, from 00:00 to 23:59.")
        return None
    return int(text[:2]) * 60 + int(text[3:])


def _window_json(window: Window) -> dict[str, object]:
    days = [DAYS[day] for day in sorted(window.days)]
    return {"days": days, "from": _clock(window.start), "to": _clock(window.end)}


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
