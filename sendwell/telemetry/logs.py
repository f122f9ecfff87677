"""Logs: one JSON object a line on standard error; an event name and fields, no personal data."""

import logging
import sys

import msgspec
import structlog


def set_up_logs(*, level: int = logging.INFO) -> None:
    """From now on everything that is logged goes out as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_encode),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)


def _encode(line: object, **_: object) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()
