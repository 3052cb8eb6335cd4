"""Waiting until a server has done all its work.

Then every task waits, and none of them for the database: every frame has been sent, until a timer
runs out or a new request comes. So a test can assert without a delay that no frame came.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import Any

import trio
import trio.testing
from attrs import define, evolve, field, frozen
from trio.testing import MockClock

from persistence.changes import ProfileOpened
from persistence.interface import Store
from persistence.postgres.database.statements import StatementWatch
from persistence.records import StoreUnavailable
from persistence.sessions import UserChanged
from protocol.model import UserId


@define
class Statements:
    """The statements that the database has not finished yet."""

    running: int = 0
    heard: set["Hearing"] = field(factory=set)
    _ended: trio.Event = field(factory=trio.Event)

    @contextmanager
    def one(self) -> Iterator[None]:
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._ended.set()  # wakes the tasks that wait; later ones wait for the next end
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


@contextmanager
def _counted(_: str) -> Iterator[Callable[[int], None]]:
    with _statements().one():
        yield lambda _: None


def counting() -> StatementWatch:
    """The watch that a store on a real database is opened with, so that `until_quiet` waits for the
    results of all statements: also of those that begin to listen for notices, and those that check
    whether notices can still come.
    """
    return StatementWatch(open_span=_counted)


@frozen
class Notice:
    """A notice that concerns no user: the statement that sends it, and the change that it is read
    as.
    """

    sql: str
    change: object


NOBODY_OPENED = Notice("SELECT pg_notify('parlour_changes', 'opened 0')", ProfileOpened(UserId(0)))
NOBODY_CHANGED = Notice("SELECT pg_notify('parlour_sessions', 'user 0')", UserChanged(UserId(0)))


@define(eq=False)
class Hearing:
    """The notices that a hub gets on one channel of a database. They come in the order in which
    their changes were committed: when a notice that is sent now has come, so have those of all
    earlier changes. That notice concerns no user, and is not passed on to the hub.
    """

    _database: Any
    _notice: Notice
    _came: trio.Event = field(factory=trio.Event)

    async def all_until_now(self) -> None:
        came = self._came
        with suppress(StoreUnavailable):  # then nothing comes
            await self._database.fetch(self._notice.sql)
            await came.wait()

    async def through(self, changes: AsyncIterator[Any]) -> AsyncGenerator[Any]:
        async for change in changes:
            if change in (self._notice.change, None):  # None: missed notices are looked up
                self._came.set()
                self._came = trio.Event()
            if change != self._notice.change:
                yield change


@define
class Heard:
    """A part of a store on a real database, of whose changes `until_noticed` waits for the notices.

    Args:
        part: reports changes.
        notice: the one that is sent and awaited.
    """

    part: Any
    notice: Notice

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)

    @asynccontextmanager
    async def changes(self) -> AsyncGenerator[AsyncIterator[Any]]:
        hearing, heard = Hearing(self.part.database, self.notice), _statements().heard
        async with (
            self.part.changes() as changes,
            aclosing(hearing.through(changes)) as others,
        ):
            heard.add(hearing)
            try:
                yield others
            finally:
                heard.discard(hearing)


def heard(store: Store) -> Store:
    """A store on a real database, for whose notices `until_noticed` waits."""
    relations: Any = Heard(store.relations, NOBODY_OPENED)
    sessions: Any = Heard(store.sessions, NOBODY_CHANGED)
    return evolve(store, relations=relations, sessions=sessions)


async def until_quiet() -> None:
    """Wait until every task waits. Never returns beside a task that loops without end."""
    await trio.testing.wait_all_tasks_blocked()
    while (statements := _statements()).running:
        await statements.one_ended()
        await trio.testing.wait_all_tasks_blocked()


async def until_noticed() -> None:
    """Wait until every task waits, every hub has got the notices of what was changed in its
    database, and has acted on them.
    """
    await until_quiet()
    for hearing in list(_statements().heard):
        await hearing.all_until_now()
    await until_quiet()


async def let_pass(clock: MockClock, seconds: float) -> None:
    """Let time pass at once, and wait for the effects. No task may wait for the database then: its
    timeout would have passed, too. A listener whose connection is given up for that reason listens
    again a moment later, which never comes on a clock that stands still.
    """
    await until_noticed()
    clock.jump(seconds)
    await until_quiet()
