"""The rate limits that a tenant has set itself, beside those of the installation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendwell.domain.channel_names import read_by_channel
from sendwell.domain.errors import Invalid
from sendwell.domain.form import Form
from sendwell.domain.ids import ChannelName
from sendwell.domain.limits import Limit, OverLimit


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """How much of a tenant's may go out. What is absent is not limited."""

    everything: Limit | None = None
    channels: Mapping[ChannelName, Limit] = field(default_factory=dict)

    @property
    def are_none(self) -> bool:
        """Whether nothing is limited."""
        return self.everything is None and not self.channels


NO_LIMITS = TenantLimits()


def drops(limit: Limit | None, *, is_critical: bool) -> bool:
    """Whether what is over the limit is dropped. What is critical never is: it waits."""
    return limit is not None and limit.over is OverLimit.DROP and not is_critical


def read_limits(form: Form) -> TenantLimits:
    """Limits from their JSON form: `{"tenant": "100/s", "channels": {"sms": "10/s drop"}}`."""
    everything = None
    channels: dict[ChannelName, Limit] = {}
    for name, member in form.members(("tenant", "channels")):
        if name == "tenant":
            everything = None if member.value is None else _read(member)
            continue
        for channel, text in read_by_channel(member):
            if (limit := _read(text)) is not None:
                channels[channel] = limit
    return TenantLimits(everything, channels)


def limits_json(limits: TenantLimits) -> dict[str, object]:
    """The JSON form, as `read_limits` reads it."""
    everything = None if limits.everything is None else str(limits.everything)
    return {
        "tenant": everything,
        "channels": {channel: str(limit) for channel, limit in limits.channels.items()},
    }


def _read(form: Form) -> Limit | None:
    text = form.text()
    if text is None:
        return None
    try:
        return Limit.parse(text)
    except Invalid as refusal:
        form.adopt(refusal)
        return None
