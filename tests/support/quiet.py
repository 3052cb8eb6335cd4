"""When a server has done all it had to do.

Every task waits, and none of them for the database: what was to be sent has been sent, until a
timer runs out or somebody asks for something. So "nothing came" can be said without waiting.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from inspect import isasyncgenfunction, iscoroutinefunction, unwrap
from typing import Any

import trio
import trio.testing
from attrs import define, evolve, field, fields

from persistence.changes import ProfileOpened
from persistence.interface import Store
from persistence.records import StoreUnavailable
from protocol.model import UserId

NOBODY_OPENED = ProfileOpened(UserId(0))
NOTIFY_NOBODY_OPENED = "SELECT pg_notify('parlour_changes', 'opened 0')"


@define
class Statements:
    """Those that the database has not answered yet."""

    running: int = 0
    heard: set["Hearing"] = field(factory=set)
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


@define(eq=False)
class Hearing:
    """What a hub is notified of by one database. Notices come in the order in which their changes
    were committed: who hears of one that is sent now has heard of all changes until now. It
    concerns nobody, and the hub does not see it.
    """

    _relations: Any
    _came: trio.Event = field(factory=trio.Event)

    async def all_until_now(self) -> None:
        came = self._came
        with suppress(StoreUnavailable):  # then nothing comes
            await _statements().run(lambda: self._relations.database.fetch(NOTIFY_NOBODY_OPENED))
            await came.wait()

    async def through(self, changes: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        async for change in changes:
            if change in (NOBODY_OPENED, None):  # None: whatever was not heard is looked up
                self._came.set()
                self._came = trio.Event()
            if change != NOBODY_OPENED:
                yield change


@define
class CountedRelations(Counted):
    """Relations on a real database, of whose changes `until_noticed` waits for the notices."""

    @asynccontextmanager
    async def changes(self) -> AsyncGenerator[AsyncIterator[Any]]:
        hearing, heard = Hearing(self._part), _statements().heard
        async with (
            _listening(self._part.changes()) as changes,
            aclosing(hearing.through(changes)) as others,
        ):
            heard.add(hearing)
            try:
                yield others
            finally:
                heard.discard(hearing)


def counted(store: Store) -> Store:
    """A store on a real database, for whose answers `until_quiet` waits."""
    names = {part.name for part in fields(Store)} - {"figures"}  # which nothing waits for
    parts: dict[str, Any] = {name: Counted(getattr(store, name)) for name in names}
    parts["relations"] = CountedRelations(store.relations)
    return evolve(store, **parts)


async def until_quiet() -> None:
    """Wait until nothing goes on any more. Never returns beside a task that turns without end."""
    await trio.testing.wait_all_tasks_blocked()
    while (statements := _statements()).running:
        await statements.one_ended()
        await trio.testing.wait_all_tasks_blocked()


async def until_noticed() -> None:
    """Wait until nothing goes on any more, and every hub has heard of what was changed in its
    database, and has done what follows.
    """
    await until_quiet()
    for hearing in list(_statements().heard):
        await hearing.all_until_now()
    await until_quiet()
