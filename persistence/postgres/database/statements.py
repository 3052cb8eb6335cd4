"""Statements as logs and traces show them: by the module and the method that asked for them.

Guarantees: `messages.in_spans` stays the name of a statement as long as the method is called that,
whatever its SQL is. A name is looked for only when somebody wants to know it. Must not know: SQL,
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
"""Wraps the statement of a name; what it gives is told the number of rows."""


@define
class StatementWatch:
    """What is noted of statements. May be changed at any time.

    Args:
        slow: a statement that takes so many seconds has a line in the log.
        open_span: makes a span of each; None: nothing does.
    """

    slow: float = inf
    open_span: OpenSpan | None = None

    def warn_from(self, seconds: float) -> None:
        """Log statements that take so long; 0: none."""
        self.slow = seconds or inf

    def span(self, name: str) -> AbstractContextManager[object]:
        """That of a statement of this name, if something makes spans."""
        return nullcontext() if self.open_span is None else self.open_span(name)

    def done(self, began: float, rows: int | None) -> None:
        """A statement has come to its end. `rows`: None if nobody waited for them."""
        if perf_counter() - began >= self.slow:
            log.warning("statement_slow", name=statement_name(), seconds=_since(began), rows=rows)

    def failed(self, began: float, reason: str) -> None:
        """The server, or the connection to it, has failed."""
        log.warning("statement_failed", name=statement_name(), seconds=_since(began), reason=reason)

    def timed_out(self, began: float, reason: str) -> None:
        """Nobody waits for it any longer."""
        log.warning(
            "statement_timed_out", name=statement_name(), seconds=_since(began), reason=reason
        )


UNWATCHED: Final = StatementWatch()


def _since(began: float) -> float:
    return round(perf_counter() - began, 3)


def statement_name() -> str:
    """The name of the statement that is being carried out: of the innermost method that others may
    call, or else of the innermost one.
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
