"""The log of a Postgres as a whole: see the routines epoch.sql, deletion.sql and retention.sql.

Guarantees: messages are stored only in the log whose epoch the hub has read: a new connection to
another log is refused until the hub has read that log's epoch. Must not know: who may see what.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import asyncpg
import trio

from persistence.postgres.contents.message_rows import TO_FIRST, message_in
from persistence.postgres.database.bridge import Database
from persistence.postgres.database.hold import Hold
from persistence.records import Expired, StoreUnavailable, Written
from protocol.model import ChannelId, MessageFate, MessageId, UserId

LOOK_SECONDS: Final = 1.0

_EPOCH: Final = "SELECT log_epoch() AS epoch"
_NEW_EPOCH: Final = "SELECT new_epoch($1) AS epoch"
_PART: Final = """
    SELECT max(p.id) AS upto
      FROM (SELECT m.id FROM messages m WHERE m.id > $1 ORDER BY m.id LIMIT $2) AS p
"""
_WRITTEN: Final = f"""
    SELECT {TO_FIRST} FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.id > $2 AND m.id <= $3 AND m.author_id = $1 AND m.deleted_at IS NULL
     ORDER BY m.id
"""
_SWEEP: Final = "SELECT sweep_messages($1, $2, $3, $4) AS upto"
_EXPIRE: Final = "SELECT removed, next_above FROM expire_messages($1, $2, $3, $4)"


class AnotherLog(StoreUnavailable):
    """The server has another log than the one whose epoch the hub has read."""

    def __init__(self) -> None:
        super().__init__("the log is not the one that it was: a failover, or a restore")


class Expected:
    """The epoch of the log that messages may be stored in."""

    def __init__(self) -> None:
        self._epoch: str | None = None
        self._refused = trio.Event()

    def is_now(self, epoch: str) -> None:
        """Set the epoch that the hub has read."""
        self._epoch = epoch

    async def refused(self) -> None:
        """Return when a connection is refused."""
        await self._refused.wait()

    def checking(
        self, connect: Callable[[], Awaitable[asyncpg.Connection]], seconds: float
    ) -> Callable[[], Awaitable[asyncpg.Connection]]:
        """`connect`, which raises AnotherLog for a server that has another log.

        Args:
            connect: opens a connection; a coroutine function of asyncio.
            seconds: how long the server may take to return its epoch.
        """

        async def checked() -> asyncpg.Connection:
            connection = await connect()
            try:
                if self._epoch is not None:
                    self._check(await connection.fetchval(_EPOCH, timeout=seconds))
            except BaseException:
                connection.terminate()
                raise
            return connection

        return checked

    def _check(self, found: str | None) -> None:
        if found != self._epoch:
            self._refused.set()
            self._refused = trio.Event()
            raise AnotherLog


class PostgresLog:
    """Implements `persistence.interface.Log`.

    Args:
        database: the server.
        expected: gets each epoch that is read.
        hold: the hub's hold on the database; None: the store is not a hub's.
    """

    def __init__(self, database: Database, expected: Expected, hold: Hold | None) -> None:
        self._database = database
        self._expected = expected
        self._hold = hold
        self._others = 0  # `Hold.others` when the epoch was read last

    async def epoch(self) -> str:
        """See the interface."""
        self._require_hold()
        return self._expect(await self._database.fetch_one(_EPOCH))

    async def new_epoch(self, seen: str) -> str:
        """See the interface."""
        self._require_hold()
        return self._expect(await self._database.fetch_one(_NEW_EPOCH, seen))

    def changed(self, epoch: str) -> Awaitable[None]:
        """See the interface. Looks every second, and when a connection has been refused."""
        return self._changed(epoch)

    async def _changed(self, epoch: str) -> None:
        while self._hold is None or self._hold.others == self._others:
            with suppress(StoreUnavailable):
                row = await self._database.fetch_one(_EPOCH)
                if row is not None and row["epoch"] not in (None, epoch):
                    return
            with trio.move_on_after(LOOK_SECONDS):
                await self._expected.refused()

    async def written(self, author_id: UserId, *, above: MessageId, limit: int) -> Written:
        """See the interface."""
        part = await self._database.fetch_one(_PART, above, limit)
        if part is None or part["upto"] is None:
            return Written((), None)
        rows = await self._database.fetch(_WRITTEN, author_id, above, part["upto"])
        return Written([message_in(row) for row in rows], MessageId(part["upto"]))

    async def sweep(
        self, user_id: UserId, fate: MessageFate, *, above: MessageId, limit: int
    ) -> MessageId | None:
        """See the interface."""
        stays = fate is MessageFate.KEEP
        row = await self._database.fetch_one(_SWEEP, user_id, stays, above, limit)
        return None if row is None or row["upto"] is None else MessageId(row["upto"])

    async def expire(self, days: int, *, above: ChannelId, channels: int, limit: int) -> Expired:
        """See the interface."""
        row = await self._database.fetch_one(_EXPIRE, days, above, channels, limit)
        if row is None:
            return Expired(0, None)
        return Expired(row["removed"], row["next_above"])

    def _require_hold(self) -> None:
        """Require the hold, and note `Hold.others`: what is read from now on is complete until
        another hub serves.

        Raises:
            StoreUnavailable: another hub may serve now.
        """
        if self._hold is not None:
            self._hold.hub  # noqa: B018  raises
            self._others = self._hold.others

    def _expect(self, row: object) -> str:
        found: str | None = row["epoch"]  # type: ignore[index]
        if found is None:
            raise StoreUnavailable("this Postgres is a standby")
        self._expected.is_now(found)
        return found
