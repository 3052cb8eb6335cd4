"""The hold of a hub on its database: a lock of a session that is open as long as the hub runs. A
hub takes it alone; nodes, which receive each other's bulletins, share it.

Guarantees: a hub that does not share the lock is refused while another one serves, with an error
that names it; a hub whose session was lost stores nothing until it has the lock again; when a hub
begins, running statements of hubs with which it does not share the lock have been committed, and
later ones are refused. Must not know: messages, other programs that use the database.

The lock is free as soon as Postgres notices that the session has ended: at once when the hub's
process ends, and after `KEEPALIVE` when its machine does.
"""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
import trio
from attrs import frozen

from persistence.postgres.database.bridge import in_asyncio
from persistence.postgres.database.session import (
    SESSION,
    connect,
    refusals_in_words,
    require_sessions,
)
from persistence.records import StoreError, StoreUnavailable

log = structlog.get_logger(__name__)

LOCK: Final = 31632341465003379  # the one after that of migrations
CHECK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
BEGIN_SECONDS: Final = 30.0  # for statements of another hub to commit, also to a standby
ASK_SECONDS: Final = 0.25
APPLICATION: Final = "parlour serve, pid"
MAX_NAME: Final = 63  # bytes of an application's name
KEEPALIVE: Final[Mapping[str, str]] = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "idle_session_timeout": "0",
    "statement_timeout": "0",
}

_HOLDER: Final = """
    SELECT a.application_name AS name, a.pid,
           coalesce(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'),
                    'unknown') AS since
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.classid::bigint << 32) + l.objid::bigint = $1
"""
_SERVING: Final = "SELECT hub FROM serving"


@frozen
class Tenancy:
    """Whether a hub serves alone.

    Args:
        attempt: SQL that takes the lock $1, or returns false.
        begin: SQL by which the hub proposes the number $1 and begins to serve; returns the number
            that served before, and the one for which messages are stored now.
    """

    attempt: str
    begin: str


ALONE: Final = Tenancy(
    "SELECT pg_try_advisory_lock($1)", "SELECT former, serving FROM begin_serving($1)"
)
SHARED: Final = Tenancy(
    "SELECT pg_try_advisory_lock_shared($1)", "SELECT former, serving FROM join_serving($1)"
)
"""For nodes: a node that joins serving nodes gets their number."""


class AlreadyServed(StoreError):
    """Another hub serves the database; the text names it."""


class Hold:
    """The right of a hub to serve a database.

    Args:
        dsn: the database.
        tenancy: alone, or shared with other nodes.

    `others`: how many other hubs were seen to serve the database since this one began. `losses`:
    how often this hub has lost the hold.
    """

    def __init__(self, dsn: str, tenancy: Tenancy = ALONE) -> None:
        self._dsn = dsn
        self._tenancy = tenancy
        self._connection: Any = None
        self._lost = trio.Event()  # of this connection
        self._hub: int | None = None
        self._why_not = "not begun"
        self._known: set[int | None] = set()  # this hub, and others that were counted
        self.others = 0
        self.losses = 0

    @property
    def is_held(self) -> bool:
        """Whether messages are stored for this hub."""
        return self._hub is not None

    @property
    def hub(self) -> int:
        """The number of the hub for which messages are stored.

        Raises:
            StoreUnavailable: the hold is lost or not begun: another hub may serve the database.
        """
        if self._hub is None:
            raise StoreUnavailable(self._why_not)
        return self._hub

    async def take(self, wait_seconds: float) -> None:
        """Take the lock.

        Args:
            wait_seconds: how long to wait for a hub that does not share the lock to end.

        Raises:
            AlreadyServed: that hub does not end in time.
            DatabaseRefused: there is no such database, or its user may not use it.
            UnsafeDatabase: a session is not one server process, because of a pooler.
            StoreUnavailable: the server cannot be reached.
        """
        deadline, has_reported = trio.current_time() + wait_seconds, False
        while (holder := await in_asyncio(self._try_first)) is not None:
            if trio.current_time() >= deadline:
                raise AlreadyServed(f"Another hub ({holder}) serves this database")
            if not has_reported:
                log.info("waiting_for_another_hub", holder=holder, within_seconds=wait_seconds)
                has_reported = True
            await trio.sleep(ASK_SECONDS)

    async def begin(self) -> None:
        """Wait until running statements of another hub have ended; from then on messages are stored
        for this hub. The schema must be up to date.

        Raises:
            StoreUnavailable: the server cannot be reached, or the wait takes too long.
        """
        await in_asyncio(self._begin)

    async def keep(self) -> None:
        """Check the hold and take it again when it was lost, until cancelled."""
        while True:
            with trio.move_on_after(CHECK_SECONDS):
                await self._lost.wait()
            try:
                await in_asyncio(self._check)
            except StoreUnavailable as error:
                await self._take_again(str(error))

    def close(self) -> None:
        """Let another hub serve."""
        self._hub, self._why_not = None, "stopping"
        self._drop()

    async def _take_again(self, reason: str) -> None:
        self._hub, self._why_not = None, f"the hold on the database was lost: {reason}"
        self.losses += 1
        log.error("hold_lost", reason=reason)
        while self._hub is None:
            self._drop()
            try:
                holder = await in_asyncio(self._try)
                if holder is None:
                    await in_asyncio(self._begin)
                    break
                self._why_not = f"another hub ({holder}) serves this database"
                await in_asyncio(self._look)
            except StoreUnavailable as error:
                self._why_not = f"the hold on the database was lost: {error}"
            await trio.sleep(ASK_SECONDS)
        log.warning("hold_taken_again")

    # What follows runs in asyncio.

    async def _try_first(self) -> str | None:
        with refusals_in_words():
            if self._connection is None:
                await require_sessions(self._dsn)
            return await self._try()

    async def _try(self) -> str | None:
        """Take the lock. Returns None, or a text that names the hub that has it."""
        if self._connection is None or self._connection.is_closed():
            name = f"{APPLICATION} {os.getpid()} on {socket.gethostname()}"
            settings = {**SESSION, **KEEPALIVE, "application_name": name[:MAX_NAME]}
            self._connection, self._lost = await connect(self._dsn, settings), trio.Event()
            self._connection.add_termination_listener(lambda _, lost=self._lost: lost.set())
        if await self._connection.fetchval(self._tenancy.attempt, LOCK, timeout=ANSWER_SECONDS):
            return None
        row = await self._connection.fetchrow(_HOLDER, LOCK, timeout=ANSWER_SECONDS)
        if row is None:
            return "which has just ended"
        who = row["name"].removeprefix(APPLICATION).strip()
        return f"pid {who or row['pid']}, since {row['since']}"

    async def _begin(self) -> None:
        row = await self._connection.fetchrow(
            self._tenancy.begin, 1 + secrets.randbits(62), timeout=BEGIN_SECONDS
        )
        if self._known:  # this hub has served before
            self._count(row["former"])
        self._known.add(row["serving"])
        self._hub = row["serving"]

    async def _look(self) -> None:
        self._count(await self._connection.fetchval(_SERVING, timeout=ANSWER_SECONDS))

    async def _check(self) -> None:
        if self._lost.is_set():
            raise StoreUnavailable("the session has ended")
        if await self._connection.fetchval(_SERVING, timeout=ANSWER_SECONDS) != self._hub:
            raise StoreUnavailable("the database says that another hub serves it")

    def _count(self, hub: int | None) -> None:
        if hub not in self._known:
            log.error("another_hub_served", since="this one has lost its hold")
            self._known.add(hub)
            self.others += 1

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@asynccontextmanager
async def open_hold(dsn: str, wait_seconds: float, tenancy: Tenancy = ALONE) -> AsyncIterator[Hold]:
    """The hold on a database: taken, not begun yet, and released on exit.

    Raises:
        AlreadyServed, StoreUnavailable: see `Hold.take`.
    """
    hold = Hold(dsn, tenancy)
    try:
        await hold.take(wait_seconds)
        yield hold
    finally:
        hold.close()
