"""A Kafka that gives the errors it is told to give: librdkafka brings one along for its own tests.

A real broker gives some of them only within a few milliseconds of its start.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import cimpl

OFFSET_FETCH = 9
"""The number of that request in Kafka's protocol."""
_PRODUCER = 0


class KafkaMock:
    """One broker on the loopback."""

    def __init__(self, library: ctypes.CDLL, cluster: ctypes.c_void_p) -> None:
        self._library = library
        self._cluster = cluster

    @property
    def server(self) -> str:
        """Host and port."""
        ask = self._library.rd_kafka_mock_cluster_bootstraps
        ask.restype = ctypes.c_char_p
        answer: bytes = ask(self._cluster)
        return answer.decode()

    def make(self, topic: str) -> None:
        """It has one partition."""
        self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), 1, 1)

    def refuse(self, request: int, *codes: int) -> None:
        """The next ones of that kind are answered with these errors."""
        push = self._library.rd_kafka_mock_push_request_errors
        push(self._cluster, ctypes.c_int16(request), ctypes.c_size_t(len(codes)), *codes)


@contextmanager
def running() -> Iterator[KafkaMock]:
    """It listens for as long as the block lasts."""
    library = ctypes.CDLL(cimpl.__file__)  # and all that it is linked to
    for maker in (library.rd_kafka_conf_new, library.rd_kafka_new):
        maker.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    quiet = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(quiet, b"log_level", b"2", None, ctypes.c_size_t(0))
    handle = ctypes.c_void_p(library.rd_kafka_new(_PRODUCER, quiet, None, ctypes.c_size_t(0)))
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(handle, 1))
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, ctypes.c_int32(0))
    try:
        yield KafkaMock(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(handle)
