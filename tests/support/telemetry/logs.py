"""Log lines as values, with what their tasks have bound."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from hub.settings.choices import LogFormat, LogLevel
from hub.settings.logs import configure_logging

Line: TypeAlias = Any  # a line says what it says


@contextmanager
def captured_lines() -> Iterator[list[Line]]:
    """The lines that are written meanwhile, of every level."""
    with capture_logs(processors=[merge_contextvars]) as lines:
        yield lines


@contextmanager
def written_log(level: LogLevel) -> Iterator[io.StringIO]:
    """The log as it is written at this level."""
    before, stream = structlog.get_config(), io.StringIO()
    configure_logging(level, LogFormat.JSON, stream)
    structlog.configure(cache_logger_on_first_use=False)  # other tests use these loggers too
    try:
        yield stream
    finally:
        structlog.configure(**before)


def about(lines: list[Line], *events: str) -> list[Line]:
    """The lines about these events."""
    return [line for line in lines if line["event"] in events]
