"""Log lines as values, with the context that their tasks have bound."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from hub.settings.choices import LogFormat, LogLevel
from hub.settings.logs import configure_logging

Line: TypeAlias = Any  # a line has any fields


@contextmanager
def captured_lines() -> Iterator[list[Line]]:
    """The lines that are written meanwhile, of every level."""
    with capture_logs(processors=[merge_contextvars]) as lines:
        yield lines


@contextmanager
def restored_logging() -> Iterator[None]:
    """Whatever the block configures, afterwards the log is written as before."""
    root = logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers, root.level
    try:
        yield
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level


@contextmanager
def written_log(level: LogLevel) -> Iterator[io.StringIO]:
    """The log as it is written at this level."""
    stream = io.StringIO()
    with restored_logging():
        configure_logging(level, LogFormat.JSON, stream)
        structlog.configure(cache_logger_on_first_use=False)  # other tests use these loggers too
        yield stream


def about(lines: list[Line], *events: str) -> list[Line]:
    """The lines about these events."""
    return [line for line in lines if line["event"] in events]
