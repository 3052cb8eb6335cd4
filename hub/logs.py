"""Logs: structured lines on stderr; stdout carries only what a person asked for.

Guarantees: no content, token, password or cookie is ever written, whatever key a caller used; a
value cannot start a new line or drive a terminal. Must not know: who logs.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_KEYS: Final = frozenset(
    {"authorization", "body", "content", "cookie", "password", "secret", "token"}
)
REDACTED: Final = "[redacted]"


def configure_logging(level: str, style: str, stream: TextIO = sys.stderr) -> None:
    """Route structlog and the standard library's loggers to `stream`.

    Args:
        level: "debug", "info", "warning" or "error".
        style: "json", "console", or "auto": console on a terminal.
        stream: where lines go.
    """
    console = style == "console" or (style == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
        _escape,
    ]
    ending: list[Processor]
    if console:
        plain = structlog.dev.plain_traceback
        ending = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    else:
        ending = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    threshold = getattr(logging, level.upper())
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.WARNING))  # libraries speak up only when it matters


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key in event:
        if key.lower() in SECRET_KEYS:
            event[key] = REDACTED
    return event


def _escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            _replace(event, key, value)
    return event


def _replace(event: MutableMapping[str, Any], key: str, value: str) -> None:
    event[key] = "".join(c if c.isprintable() else repr(c)[1:-1] for c in value)
