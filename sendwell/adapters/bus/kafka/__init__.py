"""The bus on Apache Kafka, or on whatever else speaks its protocol."""

from sendwell.adapters.bus.kafka.bus import KafkaBus

__all__ = ["KafkaBus"]
