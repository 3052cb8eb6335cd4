"""When a server has done all it had to do.

Every task waits, and none of them for the database: what was to be sent has been sent, until a
timer runs out or somebody asks for something. So "nothing came" can be said without waiting.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from inspect import isasyncgenfunction, iscoroutinefunction, unwrap
from typing import Any

import trio
import trio.testing
from attrs import define, evolve, field, fields

from persistence.interface import Store


@define
class Statements:
    """Those that the database has not answered yet."""

    running: int = 0
    _ended: trio.Event = field(factory=trio.Event)

    async def run(self, statement: Callable[[], Awaitable[Any]]) -> Any:
        self.running += 1
        try:
            return await statement()
        finally:
            self.running -= 1
            self._ended.set()  # whoever waits, and the next ones wait for the next end
            self._ended = trio.Event()

    async def one_ended(self) -> None:
        await self._ended.wait()


_STATEMENTS: trio.lowlevel.RunVar[Statements] = trio.lowlevel.RunVar("statements")


def _statements() -> Statements:
    try:
        return _STATEMENTS.get()
    except LookupError:
        _STATEMENTS.set(statements := Statements())
        return statements


@define
class Counted:
    """A part of a store whose calls count as statements, as does the beginning of what it listens
    for: until then changes that were made wait in the database.
    """

    _part: Any

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)
        if isasyncgenfunction(unwrap(method)):  # a context that reports changes
            return lambda *args: _listening(method(*args))
        if not iscoroutinefunction(method):
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await _statements().run(lambda: method(*args, **kwargs))

        return call


@asynccontextmanager
async def _listening(
    listens: AbstractAsyncContextManager[AsyncIterator[Any]],
) -> AsyncGenerator[AsyncIterator[Any]]:
    async with listens as changes, aclosing(_begun(changes)) as counted_changes:
        yield counted_changes


async def _begun(changes: AsyncIterator[Any]) -> AsyncGenerator[Any]:
    yield await _statements().run(changes.__anext__)  # says that listening has begun
    async for change in changes:
        yield change


def counted(store: Store) -> Store:
    """A store on a real database, for whose answers `until_quiet` waits."""
    names = {part.name for part in fields(Store)} - {"figures"}  # which nothing waits for
    parts: dict[str, Any] = {name: Counted(getattr(store, name)) for name in names}
    return evolve(store, **parts)


async def until_quiet() -> None:
    """Wait until nothing goes on any more. Never returns beside a task that turns without end."""
    await trio.testing.wait_all_tasks_blocked()
    while (statements := _statements()).running:
        await statements.one_ended()
        await trio.testing.wait_all_tasks_blocked()
