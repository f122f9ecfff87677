"""What a client of Kafka last complained about."""

import structlog
from confluent_kafka import KafkaError, KafkaException

log = structlog.get_logger()


class Trouble:
    """Keeps the latest complaint, and logs it when it is a new one.

    librdkafka repeats itself each second for as long as a broker is away.
    """

    def __init__(self, client: str) -> None:
        self._client = client
        self._code: int | None = None
        self.words = ""

    def notice(self, error: KafkaError) -> None:
        """For `error_cb`, and for errors that come in other ways."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 – its public name
            return  # follows what was said of the last one of them
        self.words = error.str()
        if error.code() != self._code:
            self._code = error.code()
            log.warning("kafka.trouble", client=self._client, code=error.name(), why=error.str())

    def is_over(self) -> None:
        """It works again."""
        self._code = None
        self.words = ""

    def said(self, error: KafkaException) -> str:
        """Why, for people: what was raised, and what was behind it."""
        raised = error.args[0]
        why = raised.str() if isinstance(raised, KafkaError) else str(error)
        return f"{why} ({self.words})" if self.words and self.words != why else why
