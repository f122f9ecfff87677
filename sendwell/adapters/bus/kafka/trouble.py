"""What a client of Kafka last complained about."""

import structlog
from confluent_kafka import KafkaError, KafkaException

log = structlog.get_logger()


_TELLING = {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._RESOLVE}  # noqa: SLF001 – public


class Trouble:
    """Keeps what explains most, and logs it when it is new.

    librdkafka repeats itself each second for as long as a broker is away; and what is wrong with
    our password matters more than that one of the brokers is away as well.
    """

    def __init__(self, client: str) -> None:
        self._client = client
        self._code: int | None = None
        self.words = ""

    def notice(self, error: KafkaError) -> None:
        """For `error_cb`, and for errors that come in other ways."""
        if not self._is_new(error.code()):
            return
        self._code, self.words = error.code(), error.str()
        log.warning("kafka.trouble", client=self._client, code=error.name(), why=error.str())

    def _is_new(self, code: int) -> bool:
        if code == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 – public
            return False  # follows what was said of the last one of them
        return code != self._code and (code in _TELLING or self._code not in _TELLING)

    def is_over(self) -> None:
        """It works again."""
        self._code = None
        self.words = ""

    def said(self, error: KafkaException) -> str:
        """Why, for people: what was raised, and what was behind it."""
        raised = error.args[0]
        why = raised.str() if isinstance(raised, KafkaError) else str(error)
        return f"{why} ({self.words})" if self.words and self.words != why else why
