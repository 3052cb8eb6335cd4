"""Logs: structured lines on stderr; stdout carries only what a person asked for.

Guarantees: no value is written whose key speaks of content, a token, a password or a cookie,
however deep; a value or a traceback cannot drive a terminal or pass for a line of its own.
Must not know: who logs.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

SECRET_WORDS: Final = (
    "authorization", "body", "content", "cookie", "dsn", "password", "secret", "token",
)  # fmt: skip
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
        ending = [structlog.dev.ConsoleRenderer(exception_formatter=_indented_traceback)]
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
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: object, value: object) -> object:
    if isinstance(key, str) and any(word in key.lower() for word in SECRET_WORDS):
        return REDACTED
    match value:
        case Mapping():
            return {inner: _redacted(inner, each) for inner, each in value.items()}
        case list() | tuple():
            return [_redacted(None, each) for each in value]
        case _:
            return value


def _escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {
        key: _printable(value) if isinstance(value, str) else value for key, value in event.items()
    }


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _indented_traceback(stream: TextIO, info: ExcInfo) -> None:
    """A traceback in which every line is marked as part of one."""
    text = "".join(traceback.format_exception(*info))
    stream.write("".join(f"\n  | {_printable(line)}" for line in text.rstrip().split("\n")))
