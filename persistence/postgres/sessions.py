"""Sessions in Postgres."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from persistence.audit import AuditEntry
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.database.audit import noted, values_of
from persistence.postgres.database.bridge import Database, Record
from persistence.postgres.servers.listening import listen
from persistence.records import NoSuchUser
from persistence.sessions import (
    OpenSession,
    SessionChange,
    SessionChanged,
    SessionEnded,
    UserChanged,
    UserDeactivated,
    UserReactivated,
    due_in,
)
from protocol.model import Session, SessionId, UserId

_END: Final = "{0}.expires_at, {0}.expires_at - clock_timestamp() AS time_left"
# FOR SHARE: a deactivation waits for this statement, then ends the session; or this statement waits
# for the deactivation, then opens none.
_OPEN: Final = f"""
    WITH found AS (
        SELECT id FROM users WHERE id = $1 AND deactivated_at IS NULL FOR SHARE),
    opened AS (
        INSERT INTO sessions (user_id, token_hash, expires_at) SELECT id, $2, now() + $3 FROM found
        RETURNING id, user_id, expires_at)
    SELECT opened.id, {_END.format("opened")}, {user_columns("users")}
      FROM opened JOIN users ON users.id = opened.user_id
"""
_FIND: Final = f"""
    SELECT sessions.token_hash, sessions.id, {_END.format("sessions")}, {user_columns("users")}
      FROM unnest($1::bytea[]) AS wanted (token_hash)
      JOIN sessions USING (token_hash) JOIN users ON users.id = sessions.user_id
     WHERE expires_at > now()
"""
_EXTEND: Final = f"""
    WITH extended AS (
        UPDATE sessions SET expires_at = greatest(expires_at, least(now() + $2, created_at + $3))
         WHERE id = $1 AND expires_at > now()
        RETURNING id, user_id, expires_at)
    SELECT extended.id, {_END.format("extended")}, {user_columns("users")}
      FROM extended JOIN users ON users.id = extended.user_id
"""
_CLOSE_ALL: Final = f"""
    WITH ended AS (
        DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2 RETURNING id),
    whose AS (SELECT id AS user_id, username AS user_username FROM users WHERE id = $1),
    {noted("whose", 3)}
    SELECT id FROM ended
"""
_GET: Final = f"""
    SELECT sessions.id, {_END.format("sessions")}, {user_columns("users")}
      FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.id = $1 AND expires_at > now()
"""


@frozen
class PostgresSessions:
    """Implements `persistence.interface.Sessions`."""

    database: Database

    async def open(self, user_id: UserId, token_hash: bytes, lifetime: timedelta) -> Session:
        """See the interface."""
        row = await self.database.fetch_one(_OPEN, user_id, token_hash, lifetime)
        if row is None:
            raise NoSuchUser(user_id)
        return _session(row)

    async def find(self, token_hashes: Sequence[bytes]) -> Sequence[Session | None]:
        """See the interface."""
        found = {
            row["token_hash"]: _session(row)
            for row in await self.database.fetch(_FIND, token_hashes)
        }
        return [found.get(token_hash) for token_hash in token_hashes]

    async def get(self, session_id: SessionId) -> Session | None:
        """See the interface."""
        row = await self.database.fetch_one(_GET, session_id)
        return None if row is None else _session(row)

    async def close(self, token_hash: bytes) -> SessionId | None:
        """See the interface."""
        row = await self.database.fetch_one(
            "DELETE FROM sessions WHERE token_hash = $1 RETURNING id", token_hash
        )
        return None if row is None else SessionId(row["id"])

    async def close_all(
        self, user_id: UserId, *, keep: SessionId | None = None, audit: AuditEntry | None = None
    ) -> Sequence[SessionId]:
        """See the interface."""
        rows = await self.database.fetch(_CLOSE_ALL, user_id, keep, *values_of(audit))
        return [SessionId(row["id"]) for row in rows]

    async def end(self, user_id: UserId, session_id: SessionId) -> bool:
        """See the interface."""
        row = await self.database.fetch_one(
            "DELETE FROM sessions WHERE user_id = $1 AND id = $2 RETURNING id", user_id, session_id
        )
        return row is not None

    async def of_user(self, user_id: UserId) -> Sequence[OpenSession]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT id, created_at, used_at, expires_at FROM sessions"
            " WHERE user_id = $1 AND expires_at > now() ORDER BY used_at DESC, id DESC",
            user_id,
        )
        return [OpenSession(**row) for row in rows]

    async def note_used(self, session_ids: Sequence[SessionId]) -> None:
        """See the interface."""
        await self.database.fetch(
            "UPDATE sessions SET used_at = now() WHERE id = ANY ($1::bigint[])", session_ids
        )

    async def extend(
        self, session_id: SessionId, *, lifetime: timedelta, longest: timedelta
    ) -> Session | None:
        """See the interface."""
        row = await self.database.fetch_one(_EXTEND, session_id, lifetime, longest)
        return None if row is None else _session(row)

    async def purge_expired(self) -> int:
        """See the interface."""
        return len(
            await self.database.fetch("DELETE FROM sessions WHERE expires_at <= now() RETURNING id")
        )

    async def secret(self, name: str, proposal: str) -> str:
        """See the interface."""
        await self.database.fetch(
            "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            name,
            proposal,
        )
        row = await self.database.fetch_one("SELECT value FROM secrets WHERE name = $1", name)
        return proposal if row is None else str(row["value"])

    async def ends(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT id, expires_at FROM sessions"
            " WHERE id = ANY ($1::bigint[]) AND expires_at > now()",
            session_ids,
        )
        return {SessionId(row["id"]): row["expires_at"] for row in rows}

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[SessionChange | None]]:
        """See the interface."""
        async with listen(self.database, "parlour_sessions", _change) as changes:
            yield changes


def _session(row: Record) -> Session:
    due = due_in(row["time_left"])
    return Session(SessionId(row["id"]), user_from(row), row["expires_at"], due)


def _change(payload: str) -> SessionChange:
    """The change that a trigger notified of, see routines/notices.sql. Raises ValueError."""
    word, space, number = payload.partition(" ")
    if not space:
        return SessionEnded(SessionId(int(payload)))
    match word:
        case "user":
            return UserChanged(UserId(int(number)))
        case "deactivated":
            return UserDeactivated(UserId(int(number)))
        case "reactivated":
            return UserReactivated(UserId(int(number)))
        case "session":
            return SessionChanged(SessionId(int(number)))
        case _:
            raise ValueError(payload)
