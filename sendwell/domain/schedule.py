"""When something that was asked for a certain time is due."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.zone import find_zone, first_change

RECIPIENT = "recipient"
"""In place of a zone's name: wherever each recipient is."""

_FORM = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<minute>[0-9]{2}:[0-9]{2})"
    r"(?::(?P<second>[0-5][0-9]|60)(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_HOW = "Write a time as 2026-05-01T09:00:00+02:00 or 2026-05-01T07:00:00Z."
_LEAP_SECOND = 60


def parse_instant(text: str, *, pointer: str = "") -> datetime:
    """The instant, in UTC, of an RFC 3339 time with an offset. Raises Invalid for anything else.

    A leap second is the second after it; digits beyond the microsecond are dropped.
    """
    moment = _parse(text, pointer)
    if moment.tzinfo is None:
        raise _wrong(pointer, f"{text!r} does not say in which time zone. {_HOW}")
    return _in_utc(moment, moment.tzinfo, pointer)


def due(
    send_at: str, *, timezone: str | None, recipient_zone: str | None, default_zone: str
) -> datetime:
    """The instant, in UTC, that `send_at` means for this recipient.

    With an offset it is an instant for everybody. Without one it is what the clock on the wall
    shows in `timezone`, where that is missing or "recipient" in the recipient's zone, and where
    that is not known in `default_zone`. A time that the clocks skip in spring is the first
    instant after the gap; of a time that they repeat in autumn it is the first.

    Raises Invalid that points at /send_at or /timezone.
    """
    moment = _parse(send_at, "/send_at")
    zone = _zone(timezone, recipient_zone, default_zone)
    return _in_utc(moment, moment.tzinfo or zone, "/send_at")


def is_one_instant(send_at: str, timezone: str | None) -> bool:
    """Whether `send_at` is the same instant for every recipient. Raises Invalid where `due` does
    for its form.
    """
    return timezone not in {None, RECIPIENT} or _parse(send_at, "/send_at").tzinfo is not None


def on_the_wall(wall: datetime, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which the clocks of the zone show this; `wall` has no zone itself.

    A time that they skip is the first instant after the gap; of a time that they repeat it is the
    first. Raises OverflowError beyond the calendar.
    """
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    return _after_gap(wall, zone)


def _zone(timezone: str | None, recipient_zone: str | None, default_zone: str) -> tzinfo:
    if timezone is not None and timezone != RECIPIENT:
        return _known(timezone)
    theirs = find_zone(recipient_zone) if recipient_zone else None
    return theirs or _known(default_zone)


def _known(name: str) -> tzinfo:
    zone = find_zone(name)
    if zone is None:
        raise _wrong("/timezone", f"There is no time zone {name!r}. Use a name like Europe/Vienna.")
    return zone


def _parse(text: str, pointer: str) -> datetime:
    found = _FORM.fullmatch(text)
    if found is None:
        raise _wrong(pointer, f"{text!r} is not an RFC 3339 time. {_HOW}")
    second = int(found["second"] or 0)
    fraction = (found["fraction"] or "").ljust(6, "0")[:6]
    offset = (found["offset"] or "").upper()
    written = f"{found['date']}T{found['minute']}:{second % _LEAP_SECOND:02}.{fraction}{offset}"
    try:
        moment = datetime.fromisoformat(written)
        return moment + timedelta(minutes=second // _LEAP_SECOND)
    except (ValueError, OverflowError) as cause:
        raise _wrong(pointer, f"{text!r} is not a time of the calendar.") from cause


def _in_utc(wall: datetime, zone: tzinfo, pointer: str) -> datetime:
    try:
        return on_the_wall(wall.replace(tzinfo=None), zone)
    except OverflowError as cause:
        raise _wrong(pointer, f"{wall} lies beyond the calendar.") from cause


def _after_gap(wall: datetime, zone: tzinfo) -> datetime:
    """The first instant after the gap in which `wall` would lie.

    Read with the offset that holds after the gap (fold=1) the time comes before it, and read with
    the earlier offset it comes behind it (PEP 495).
    """
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    behind = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return first_change(zone, before, behind) or behind


def _wrong(pointer: str, why: str) -> Invalid:
    return Invalid(why, flaws=(Flaw(pointer, why),))
