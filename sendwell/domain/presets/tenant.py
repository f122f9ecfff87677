"""`tenant`: one notification service for many organizations on Kafka."""

from sendwell.domain.backoff import RetryPolicy
from sendwell.domain.presets.naming import Naming
from sendwell.domain.presets.plain import OURS
from sendwell.domain.presets.preset import Broker, KeyCase, Preset, Service
from sendwell.domain.presets.streams import LogicalStream
from sendwell.domain.retries import Retries

PRESET = Preset(
    name="tenant",
    about="Organizations publish requests to Kafka and read what became of them.",
    brokers=(Broker.KAFKA,),
    namings={
        **OURS,
        LogicalStream.REQUESTED: Naming("notification.requested", is_named=True),
        LogicalStream.TASK: Naming("notification.send", is_named=True),
        LogicalStream.RETRY: Naming("notification.send.retry", is_named=True, is_event=True),
        LogicalStream.STATUS: Naming("notification.status", is_named=True, is_event=True),
        LogicalStream.DEAD: Naming(
            "notification.send.dlt", queue="notification.send.dlt", is_named=True
        ),
    },
    services=(Service("notification-service", 8000),),
    keys=KeyCase.CAMEL,
    # max_retries 5: the first attempt is none
    retries=Retries(RetryPolicy(attempts=6), patient={}),
)
