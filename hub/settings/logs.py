"""Logs: structured lines on stderr; stdout carries only what a person asked for.

Guarantees: no value is written whose key names content, a token, a password or a cookie, however
deep, nor a password that stands in a text, such as a URL in the message of an exception; neither a
value nor a traceback can drive a terminal or pass for a line of its own. Must not know: who logs.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from hub.settings.choices import LogFormat, LogLevel
from hub.settings.redaction import redact

SECRET_WORDS: Final = (
    "authorization", "body", "content", "cookie", "dsn", "password", "secret", "token",
)  # fmt: skip
REDACTED: Final = "[redacted]"


def configure_logging(level: LogLevel, style: LogFormat, stream: TextIO = sys.stderr) -> None:
    """Route structlog and the standard library's loggers to `stream`.

    Args:
        level: the least severe lines that are written.
        style: how they look.
        stream: where lines go.
    """
    is_console = style is LogFormat.CONSOLE or (style is LogFormat.AUTO and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _escape,
    ]
    ending: list[Processor]
    if is_console:
        ending = [_redact, structlog.dev.ConsoleRenderer(exception_formatter=_indented_traceback)]
    else:
        render = structlog.processors.JSONRenderer()
        ending = [structlog.processors.format_exc_info, _redact, render]
    threshold = getattr(logging, level.name)
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
    return {
        key: value if key == "exc_info" else _redacted(key, value) for key, value in event.items()
    }


def _redacted(key: object, value: object) -> object:
    if isinstance(key, str) and any(word in key.lower() for word in SECRET_WORDS):
        return REDACTED
    match value:
        case Mapping():
            return {inner: _redacted(inner, each) for inner, each in value.items()}
        case list() | tuple():
            return [_redacted(None, each) for each in value]
        case None | bool() | int() | float():
            return value
        case _:
            return redact(value if isinstance(value, str) else repr(value))


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
    lines = redact(text).rstrip().split("\n")
    stream.write("".join(f"\n  | {_printable(line)}" for line in lines))
