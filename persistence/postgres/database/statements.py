"""Names statements in logs and traces, by the module and the method that run them.

Guarantees: a statement keeps its name, such as `messages.in_spans`, as long as the method keeps its
name, whatever the SQL is. A name is looked up only when it is needed. Must not know: SQL,
values, who reads logs or traces.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import inf
from time import perf_counter
from types import FrameType
from typing import Final, TypeAlias

import structlog
from attrs import define

log = structlog.get_logger(__name__)

_PACKAGE: Final = "persistence.postgres"
_PACKAGES_OWN: Final = "store"
_BETWEEN: Final = (f"{_PACKAGE}.database.bridge", __name__)
UNNAMED: Final = "unnamed"

OpenSpan: TypeAlias = Callable[[str], AbstractContextManager[Callable[[int], None]]]
"""Wraps the statement of a name; the context's value is called with the number of rows."""


@define
class StatementWatch:
    """Logs and traces statements. May be changed at any time.

    Args:
        slow: a statement that takes so many seconds is logged.
        open_span: makes a span for each statement; None: there are no spans.
    """

    slow: float = inf
    open_span: OpenSpan | None = None

    def warn_from(self, seconds: float) -> None:
        """Log statements that take so many seconds; 0: none."""
        self.slow = seconds or inf

    def span(self, name: str) -> AbstractContextManager[object]:
        """The span of a statement of this name; does nothing if there are no spans."""
        return nullcontext() if self.open_span is None else self.open_span(name)

    def done(self, began: float, rows: int | None) -> None:
        """Note the end of a statement. `rows`: None if its caller was cancelled."""
        if perf_counter() - began >= self.slow:
            log.warning("statement_slow", name=statement_name(), seconds=_since(began), rows=rows)

    def failed(self, began: float, reason: str) -> None:
        """Log that the server, or the connection to it, has failed."""
        log.warning("statement_failed", name=statement_name(), seconds=_since(began), reason=reason)

    def timed_out(self, began: float, reason: str) -> None:
        """Log that a statement was given up after its deadline."""
        log.warning(
            "statement_timed_out", name=statement_name(), seconds=_since(began), reason=reason
        )


UNWATCHED: Final = StatementWatch()


def _since(began: float) -> float:
    return round(perf_counter() - began, 3)


def statement_name() -> str:
    """The name of the statement that is being executed: of the innermost public method of the
    package on the stack, or else of the innermost private one.
    """
    inner: str | None = None
    frame = inspect.currentframe()
    while frame is not None:
        module: str = frame.f_globals.get("__name__", "")
        if module.startswith(_PACKAGE) and module not in _BETWEEN:
            name = _name_of(module, frame)
            if not frame.f_code.co_name.startswith(("_", "<")):
                return name
            inner = inner or name
        frame = frame.f_back
    return inner or UNNAMED


def _name_of(module: str, frame: FrameType) -> str:
    own = module.removeprefix(_PACKAGE).removeprefix(".") or _PACKAGES_OWN
    return f"{own}.{frame.f_code.co_name.strip('_<>')}"
