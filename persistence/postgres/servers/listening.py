"""Listening for notifications of Postgres, on a connection of its own.

Guarantees: a connection that receives nothing, not even its own test notifications, is replaced,
and the reader gets a None, because notifications may have been missed. Must not know: what
the notifications are about.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Generic, TypeVar

import asyncpg
import structlog
import trio

from persistence.postgres.database.bridge import Database, in_asyncio
from persistence.postgres.database.session import SESSION, STATEMENT_SECONDS, connect
from persistence.records import StoreUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

RETRY_SECONDS: Final = 0.5
BEGIN_SECONDS: Final = 5.0  # after which the context is entered without listening
TEST_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 5.0  # after a test
LISTENING: Final = "servers.listening.listen"  # the name of its statements
MAX_NOTICES: Final = 10_000
_TEST: Final = "listening"
_NOTIFY: Final = "SELECT pg_notify($1, $2) AS listening"


@asynccontextmanager
async def listen(
    database: Database, channel: str, parse: Callable[[str], T]
) -> AsyncIterator[AsyncIterator[T | None]]:
    """The payloads of NOTIFY on `channel`, parsed. A None comes when listening begins, and when it
    begins again after the connection was lost: earlier notifications may have been missed. The
    context is entered once listening has begun, or after `BEGIN_SECONDS` without.

    Args:
        database: the server.
        channel: the channel's name.
        parse: turns a payload into a value; raises ValueError for one to be logged and ignored.
    """
    listener = _Listener(database, channel, parse)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(listener.run)
        with trio.move_on_after(BEGIN_SECONDS):
            await listener.begun.wait()
        with listener.take:
            yield listener.take
            nursery.cancel_scope.cancel()


class _Listener(Generic[T]):
    """Listens; `begun` is set when listening has begun; `take` returns what is received."""

    def __init__(self, database: Database, channel: str, parse: Callable[[str], T]) -> None:
        self._database = database
        self._channel = channel
        self._parse = parse
        self._give, self.take = trio.open_memory_channel[T | None](MAX_NOTICES)
        self.begun = trio.Event()
        self._heard = trio.Event()  # something since the last test, or the connection is lost
        self._lost = trio.Event()  # of this connection
        self._opened: list[asyncpg.Connection] = []

    async def run(self) -> None:
        while True:
            try:
                await self._listen()
            except StoreUnavailable as error:
                log.warning("listening_lost", channel=self._channel, reason=str(error))
            finally:
                while self._opened:
                    self._opened.pop().terminate()
            await trio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        """Listen. Raises StoreUnavailable when the connection is lost, or receives nothing."""
        self._lost = trio.Event()
        with self._database.watch.span(LISTENING):
            await in_asyncio(self._begin)
        self.begun.set()
        await self._give.send(None)
        while True:
            self._heard = trio.Event()
            with self._database.watch.span(LISTENING):
                await in_asyncio(self._test)
            with trio.move_on_after(SILENCE_SECONDS) as silence:
                await self._heard.wait()
            if silence.cancelled_caught:
                raise StoreUnavailable("nothing is heard over the connection, not even from itself")
            with trio.move_on_after(TEST_SECONDS):
                await self._lost.wait()
                raise StoreUnavailable("the connection was lost, or too much is not read yet")

    # What follows runs in asyncio.

    async def _begin(self) -> None:
        connection = await connect(self._database.dsn, SESSION)
        self._opened.append(connection)
        connection.add_termination_listener(partial(self._end, self._lost))
        listening = connection.add_listener(self._channel, self._hear)
        await asyncio.wait_for(listening, STATEMENT_SECONDS)

    async def _test(self) -> None:
        for connection in self._opened:
            await connection.fetchval(_NOTIFY, self._channel, _TEST, timeout=STATEMENT_SECONDS)

    def _end(self, lost: trio.Event, _: object) -> None:
        lost.set()
        self._heard.set()

    def _hear(self, _: object, __: int, ___: str, payload: str) -> None:
        # Called by asyncio, where an exception would end more than this listener.
        self._heard.set()
        if payload == _TEST:
            return
        try:
            self._give.send_nowait(self._parse(payload))
        except ValueError:
            log.warning("notice_malformed", channel=self._channel)  # any session may notify
        except trio.WouldBlock:
            self._lost.set()  # listening begins again, with a None
        except trio.BrokenResourceError:
            pass  # the context was left
