"""Logs: one JSON object a line on standard error; an event name and fields, no personal data."""

import logging
import sys

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from sendwell.telemetry.standard_error import forgiving

_NUMBERS = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}
_least = {"number": logging.INFO}


def set_up_logs(level: str = "info") -> None:
    """From now on what is logged goes out as JSON lines; one that cannot be written is dropped."""
    if sys.stderr:
        sys.stderr = forgiving(sys.stderr)
    structlog.configure(
        processors=[
            _drop_what_is_less,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_encode),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    set_log_level(level)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)


def set_log_level(level: str) -> None:
    """From now on only lines of this level and above are logged."""
    _least["number"] = _NUMBERS[level]


def _drop_what_is_less(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    if _NUMBERS["error" if method == "exception" else method] < _least["number"]:
        raise structlog.DropEvent
    return event


def _encode(line: object, **_: object) -> str:
    return msgspec.json.encode(line, enc_hook=str).decode()
