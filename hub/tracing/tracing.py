"""Traces: the way of a frame or a request through the hub, as spans that are sent to a collector.

Guarantees: nothing of OpenTelemetry is imported unless traces are on; without a `Tracing`, no work
is done for it. Must not know: OpenTelemetry (`otlp.py` does), what is in a command.
"""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Final, Protocol, TypeAlias, TypeVar

import trio

from hub.settings.choices import Traces
from hub.settings.setting import ConfigError
from persistence.records import Locked, Outcome
from protocol.events import Event

CLOSE_SECONDS: Final = 2.0
A = TypeVar("A")
C = TypeVar("C")
R = TypeVar("R")


class Accepted(Protocol):
    """A message that waits for its lane: when it came, and its trace."""


class Delivering(Protocol):
    """The delivery of the messages that were stored."""

    def delivered(self, event: Event, connections: int) -> None:
        """An event was delivered to so many connections."""

    def done(self) -> None:
        """All events were delivered."""


class Committing(Protocol):
    """The statement that stores a batch."""

    def stored(self, answers: Sequence[Outcome | Locked]) -> Delivering:
        """The outcome of each message, in their order."""


Responded: TypeAlias = Callable[[str | None, int | None], None]
"""Takes the pattern of a request's path and the status of its response."""


class Tracing(Protocol):
    """Makes spans. None of them holds what a user wrote."""

    def frame(self, dialect: str, command: str) -> AbstractContextManager[None]:
        """A command is carried out, until it is in a queue or has its answer."""

    def request(
        self, method: str, scheme: str, given: str | None
    ) -> AbstractContextManager[Responded]:
        """A request is responded to.

        Args:
            method: the request's.
            scheme: "http" or "https".
            given: the value of a `traceparent` that can be trusted.
        """

    def statement(self, name: str) -> AbstractContextManager[Callable[[int], None]]:
        """A statement of the database, if it belongs to a trace; see `OpenSpan`."""

    def accepted(self) -> Accepted:
        """A message is put into the queue of its lane."""

    def commit(self, messages: Sequence[Accepted]) -> AbstractContextManager[Committing]:
        """These messages are stored in one statement."""

    def close(self) -> None:
        """Send the remaining spans, for a while. Blocks."""


@asynccontextmanager
async def open_tracing(traces: Traces) -> AsyncIterator[Tracing | None]:
    """What makes spans; None if traces are off. The remaining spans are sent on exit.

    Raises:
        ConfigError: traces are on, and OpenTelemetry is not installed.
    """
    if traces is Traces.OFF:
        yield None
        return
    try:
        otlp = await trio.to_thread.run_sync(importlib.import_module, "hub.tracing.otlp")
    except ModuleNotFoundError as missing:
        raise ConfigError(
            f"traces: otlp needs parlour[traces], of which {missing.name} is not installed"
        ) from None
    tracing: Tracing = otlp.OtlpTracing()
    try:
        yield tracing
    finally:
        with trio.move_on_after(CLOSE_SECONDS, shield=True):
            await trio.to_thread.run_sync(tracing.close, abandon_on_cancel=True)


def in_frames(
    tracing: Tracing | None, dialect: str, carry_out: Callable[[A, C, R], Awaitable[None]]
) -> Callable[[A, C, R], Awaitable[None]]:
    """`carry_out`, which takes an asker, a command and a reply, in a span of each command."""
    if tracing is None:
        return carry_out

    async def traced(asker: A, command: C, reply: R) -> None:
        with tracing.frame(dialect, type(command).__name__):
            await carry_out(asker, command, reply)

    return traced
