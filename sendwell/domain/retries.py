"""Which channel is tried how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendwell.domain.backoff import RetryPolicy
from sendwell.domain.ids import ChannelName

PATIENT = RetryPolicy(attempts=24)
"""For endpoints that people deploy and mend: some six hours, hardly ever less than three, at most
twelve. Standard Webhooks suggests ten in 75 hours, but then what is back again may wait a day more.
"""


@dataclass(frozen=True, slots=True)
class Retries:
    """The retry policies of all channels."""

    usual: RetryPolicy = field(default_factory=RetryPolicy)
    own: Mapping[ChannelName, RetryPolicy] = field(default_factory=dict)
    """Those of channels for which somebody has said so."""
    patient: Mapping[ChannelName, RetryPolicy] = field(
        default_factory=lambda: {ChannelName("webhook"): PATIENT}
    )
    """Where nobody has, those of channels that are worth waiting for while no other may follow."""

    def of(self, channel: ChannelName, *, is_last: bool = False) -> RetryPolicy:
        """The policy of a delivery by that channel; `is_last`: no other channel may follow it."""
        usual = self.patient.get(channel, self.usual) if is_last else self.usual
        return self.own.get(channel, usual)
