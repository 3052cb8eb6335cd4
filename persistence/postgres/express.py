"""The sessions of an Express application, in connect-pg-simple's table
(docs/operations/sign-in.md#sessions-of-another-application).

Guarantees: the table is only read; a row that cannot be parsed is no session. The column `expire`
has no time zone: it is compared in UTC, in which the application must write it. Must not know:
cookies, signatures.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

import orjson
from attrs import frozen

from persistence.interface import ForeignSessions
from persistence.postgres.database.bridge import Database, open_connections
from persistence.postgres.database.session import SESSION, connect_to_read
from persistence.postgres.database.statements import UNWATCHED, StatementWatch
from persistence.records import StoreUnavailable
from persistence.sessions import ForeignSession, due_in
from protocol.model import MAX_ID, UserId

POOL_SIZE: Final = 4


@asynccontextmanager
async def open_express_sessions(
    url: str, table: str, watch: StatementWatch = UNWATCHED
) -> AsyncIterator[ForeignSessions]:
    """The sessions in `table` of the database at `url`. Needs `bridge.open_asyncio`. `watch`: logs
    and traces the statements.

    Raises:
        StoreUnavailable: the server cannot be reached, or has no such table.
    """
    open_one = partial(connect_to_read, url, SESSION)
    async with open_connections(POOL_SIZE, open_one, watch=watch) as connections:
        quoted = ".".join(f'"{part}"' for part in table.split("."))
        sessions = ExpressSessions(Database(url, connections), quoted)
        await sessions.find("")  # so that a missing table is an error now, not at the first login
        yield sessions


@frozen
class ExpressSessions:
    """Implements `persistence.interface.ForeignSessions`."""

    database: Database
    table: str

    async def find(self, sid: str) -> ForeignSession | None:
        """See the interface."""
        if "\x00" in sid:
            return None
        try:
            row = await self.database.fetch_one(
                f"SELECT sess::text AS sess, expire, clock_timestamp() AS now FROM {self.table}"
                " WHERE sid = $1 AND expire >= to_timestamp(floor(extract(epoch FROM now())))",
                sid,
            )
        except StoreUnavailable as error:  # the application may change its table
            raise StoreUnavailable(f"{self.table} cannot be read: {error}") from error
        return None if row is None else parse_session(**row)


def parse_session(sess: str, expire: datetime, now: datetime) -> ForeignSession | None:
    """The session in a row, or None if it has no user or has expired.

    Args:
        sess: the session as JSON: `{"cookie": {"expires": ts | null}, "userId": int, ...}`.
        expire: the row's end, in UTC.
        now: by the clock of the database.
    """
    try:
        session = orjson.loads(sess)
        user_id = session["userId"]
        cookie = session["cookie"].get("expires")
        until = expire.replace(tzinfo=UTC)
        if cookie is not None:
            until = min(until, datetime.fromisoformat(cookie))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if type(user_id) is not int or not 1 <= user_id <= MAX_ID or until <= now:
        return None
    return ForeignSession(UserId(user_id), until, due_in(until - now))
