"""`lanes`: raw notifications on Kafka, then a stream per lane, then one per channel."""

from sendwell.domain.presets.naming import Naming
from sendwell.domain.presets.plain import OURS
from sendwell.domain.presets.preset import Broker, Preset, Service
from sendwell.domain.presets.streams import LogicalStream

PRESET = Preset(
    name="lanes",
    about="Raw notifications are put into lanes by event type, then handed to channels.",
    brokers=(Broker.KAFKA,),
    namings={
        **OURS,
        LogicalStream.REQUESTED: Naming("notifications.raw", is_named=True),
        LogicalStream.ACCEPTED: Naming("notifications.{lane}", is_named=True),
        LogicalStream.TASK: Naming("delivery.{channel}", is_named=True),
        LogicalStream.STATUS: Naming("notifications.status", is_named=True, is_event=True),
    },
    services=(Service("enqueue-service", 8080),),
    publishes_rest=True,
)
