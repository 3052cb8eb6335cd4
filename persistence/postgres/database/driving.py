"""Awaits asyncpg's statements in trio tasks, in as few turns of the scheduler as possible.

`bridge.py` runs each statement with `drive`, in the loop that `open_asyncio` has prepared.

Guarantees: the task that waits for a result is woken in the turn in which the result is read. A
cancelled task goes on once asyncpg has given the statement up. A socket that breaks ends only its
own connection. Must not know: SQL, connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import Any, Final, TypeVar, final

import trio
import trio_asyncio
from attrs import define, field

T = TypeVar("T")


async def drive(coroutine: Coroutine[Any, None, T]) -> T:
    """Await an asyncio coroutine without an asyncio task, which would double the cost of a short
    statement. The coroutine may await futures only, as asyncpg's statements do.

    Cancellation cancels the future; what the coroutine then raises is raised here.
    """
    futures: _Futures = trio_asyncio.current_loop.get().create_future
    while True:
        futures.are_inline = True
        try:
            future = coroutine.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            futures.are_inline = False
        future._asyncio_future_blocking = False  # noqa: SLF001  as asyncio's task does when it awaits
        await _until_done(future)


async def _until_done(future: "asyncio.Future[Any]") -> None:
    task = trio.lowlevel.current_task()
    future.add_done_callback(lambda _: trio.lowlevel.reschedule(task))

    def give_up(_: object) -> trio.lowlevel.Abort:
        future.cancel()
        return trio.lowlevel.Abort.FAILED  # the cancelled future is done and reschedules

    await trio.lowlevel.wait_task_rescheduled(give_up)


def read_promptly(loop: asyncio.AbstractEventLoop) -> None:
    """Prepare a loop of trio-asyncio for `drive`: futures of statements call back at once, and a
    socket is read again without waiting for the loop's own turns.
    """
    given: Any = loop
    given.create_future = _Futures(loop.create_future)
    given._io_task = _io_task  # noqa: SLF001  there is no public way to replace it


async def _io_task(
    fd: int,
    handle: Any,  # noqa: ANN401  a private class of trio-asyncio
    wait_until_ready: Callable[[int], Awaitable[None]],
) -> None:
    """As that of trio-asyncio, but without a wait for the loop's callbacks after each chunk."""
    with handle._scope:  # noqa: SLF001
        try:
            while not handle._cancelled:  # noqa: SLF001
                await wait_until_ready(fd)
                if not handle._cancelled:  # noqa: SLF001
                    handle._run()  # noqa: SLF001
        except Exception as error:  # noqa: BLE001  it ends only this connection
            if not handle._cancelled:  # noqa: SLF001
                handle._raise(error)  # noqa: SLF001


@final
class _Inline:
    """In place of a loop: `call_soon` calls at once."""

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> None:
        del context
        callback(*args)

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: object) -> None:
        """Ignore the error: its statement was given up, and no task waits for it."""


_INLINE: Final[Any] = _Inline()


@define(eq=False)
class _Futures:
    """Makes the futures of a loop; while a statement is driven, futures that call back at once."""

    _ordinary: Callable[[], "asyncio.Future[Any]"]
    are_inline: bool = field(default=False, init=False)

    def __call__(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=_INLINE) if self.are_inline else self._ordinary()
