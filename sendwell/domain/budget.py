"""The attention budget: how many messages may reach a person in one day of theirs.

It counts deliveries, over all channels and categories but those declared critical. The day is the
one on the person's calendar, so a clock that is changed makes it 23 or 25 hours long and still one.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.form import Form
from sendwell.domain.limits import OverLimit, Rate
from sendwell.domain.schedule import on_the_wall

MOST_PER_DAY = 1_000
_DAY = timedelta(days=1)
_NEVER_THAT_DAY_US = 48 * 3_600_000_000
"""No calendar day lasts as long: one that is lived twice at the date line has 47 hours."""
_HOW = f"Say how many messages a day: a whole number from 1 to {MOST_PER_DAY}."


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `per_day` messages to a person in one of their days, and what happens beyond.

    Raises Invalid for a number that is no budget.
    """

    per_day: int
    over: OverLimit = OverLimit.HOLD
    rate: Rate = field(init=False, repr=False, compare=False)
    """The budget as a GCRA rate for a key of one person and one calendar day: a burst of `per_day`,
    of which one comes back every 48 hours, longer than any day.

    A key that nobody uses is whole again, and forgotten, after `per_day` times 48 hours.
    """

    def __post_init__(self) -> None:
        if not 1 <= self.per_day <= MOST_PER_DAY:
            raise Invalid(_HOW, flaws=(Flaw("", _HOW),))
        object.__setattr__(self, "rate", Rate(1, _NEVER_THAT_DAY_US, self.per_day))


def day_of(now: datetime, zone: tzinfo) -> date:
    """The day that the person's calendar shows."""
    return now.astimezone(zone).date()


def next_turn(now: datetime, zone: tzinfo) -> datetime:
    """When to ask again what is over today's budget: tomorrow, at what the clock shows now. In UTC.

    A time that the clocks skip tomorrow is the first instant after the gap; of a time that they
    repeat it is the first. It is always on a later day of the person.
    """
    return on_the_wall(now.astimezone(zone).replace(tzinfo=None) + _DAY, zone)


def read_budget(form: Form) -> Budget | None:
    """A budget from its JSON form, `{"per_day": 5, "over": "drop"}`; without a number: none.

    `over` may be left out: then what is over it is held until the next day.
    """
    per_day: Form | None = None
    over = OverLimit.HOLD
    for name, member in form.members(("per_day", "over")):
        if name == "over":
            over = _read_over(member)
        elif member.value is not None:
            per_day = member
    return None if per_day is None else _read_budget(per_day, over)


def budget_json(budget: Budget | None) -> dict[str, object]:
    """The JSON form, as `read_budget` reads it."""
    if budget is None:
        return {"per_day": None, "over": OverLimit.HOLD.value}
    return {"per_day": budget.per_day, "over": budget.over.value}


def _read_budget(per_day: Form, over: OverLimit) -> Budget | None:
    if not isinstance(per_day.value, int) or isinstance(per_day.value, bool):
        per_day.note(_HOW)
        return None
    try:
        return Budget(per_day.value, over)
    except Invalid as refusal:
        per_day.adopt(refusal)
        return None


def _read_over(form: Form) -> OverLimit:
    text = form.text()
    found = next((over for over in OverLimit if over == text), None)
    if found is None and text is not None:
        form.note("What is over the budget is either hold or drop.")
    return found or OverLimit.HOLD
