"""Logs: structured lines on stderr; stdout carries only the results of commands.

Guarantees: no value is written whose key names content, a token, a password or a cookie, however
deep, nor a password that stands in a text, such as a URL in the message of an exception; neither a
value nor a traceback can control a terminal or look like another log line; the level can be changed
while loggers are in use; lines below it are still made for the followers of a user. Must not know:
what is logged.
"""

import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO, cast

import structlog
from attrs import define
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from hub.settings.choices import LogFormat, LogLevel
from hub.settings.log_sink import LogSink
from hub.settings.log_tap import tap
from hub.settings.redaction import redact

SECRET_WORDS: Final = (
    "authorization", "body", "content", "cookie", "dsn", "password", "secret", "token",
)  # fmt: skip
REDACTED: Final = "[redacted]"


@define
class _Threshold:
    """Drops lines below a level."""

    level: int = logging.INFO

    def early(self, _: WrappedLogger, name: str, event: EventDict) -> EventDict:
        """Drop a line before anything else is done for it, unless there are followers."""
        if _SEVERITY[name] < self.level and not tap:
            raise structlog.DropEvent
        return event

    def late(self, _: WrappedLogger, name: str, event: EventDict) -> EventDict:
        """Drop a line once the followers got it."""
        if _SEVERITY[name] < self.level:
            raise structlog.DropEvent
        return event


_SEVERITY: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
_threshold: Final = _Threshold()


def configure_logging(
    level: LogLevel, style: LogFormat, stream: TextIO | LogSink = sys.stderr
) -> None:
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
        ending = [
            _redact,
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty() and not os.environ.get("NO_COLOR"),
                exception_formatter=_indented_traceback,
            ),
        ]
    else:
        render = structlog.processors.JSONRenderer()
        ending = [structlog.processors.format_exc_info, _redact, render]
    structlog.configure(
        processors=[_threshold.early, *shared, _show_followers, _threshold.late, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", stream)),
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
    set_level(level)
    if isinstance(stream, LogSink):
        stream.drop_notice = lambda count: _rendered([*shared, *ending], count)


def level_in_force() -> LogLevel:
    """The least severe lines that are written."""
    return next(each for each in LogLevel if getattr(logging, each.name) == _threshold.level)


def set_level(level: LogLevel) -> None:
    """Write no lines below this level, from now on."""
    _threshold.level = getattr(logging, level.name)
    # of libraries, only warnings and errors are logged
    logging.getLogger().setLevel(max(_threshold.level, logging.WARNING))


def _rendered(processors: Sequence[Processor], count: int) -> str:
    """The line with the number of lines that were dropped."""
    event: Any = {"event": "log_lines_dropped", "count": count}
    for process in processors:
        event = process(None, "warning", event)
    return f"{event}\n"


def _show_followers(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    if tap and (followers := tap.followers_of(event)):
        shown = structlog.processors.format_exc_info(logger, name, {**event})
        line = _redact(logger, name, shown)
        for follower in followers:
            follower.offer(line)
    return event


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
