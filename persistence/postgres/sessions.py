"""Logins in Postgres."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
from attrs import frozen

from persistence.interface import NoSuchUser
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.bridge import Database
from protocol.model import Session, SessionId, UserId

_OPEN: Final = f"""
    WITH opened AS (
        INSERT INTO sessions (user_id, token_hash, expires_at) VALUES ($1, $2, $3)
        RETURNING id, user_id, expires_at)
    SELECT opened.id, opened.expires_at, {user_columns("users")}
      FROM opened JOIN users ON users.id = opened.user_id
"""  # noqa: S608  constants only
_FIND: Final = f"""
    SELECT sessions.id, sessions.expires_at, {user_columns("users")}
      FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE token_hash = $1 AND expires_at > now()
"""  # noqa: S608  constants only


@frozen
class PostgresSessions:
    """Implements `persistence.interface.Sessions`."""

    database: Database

    async def open(self, user_id: UserId, token_hash: bytes, expires_at: datetime) -> Session:
        """See the interface."""
        try:
            row = await self.database.fetch_one(_OPEN, user_id, token_hash, expires_at)
        except asyncpg.ForeignKeyViolationError:
            raise NoSuchUser(user_id) from None
        assert row is not None  # noqa: S101  the join finds the user the foreign key requires
        return Session(SessionId(row["id"]), user_from(row), row["expires_at"])

    async def find(self, token_hash: bytes) -> Session | None:
        """See the interface."""
        row = await self.database.fetch_one(_FIND, token_hash)
        if row is None:
            return None
        return Session(SessionId(row["id"]), user_from(row), row["expires_at"])

    async def close(self, token_hash: bytes) -> SessionId | None:
        """See the interface."""
        row = await self.database.fetch_one(
            "DELETE FROM sessions WHERE token_hash = $1 RETURNING id", token_hash
        )
        return None if row is None else SessionId(row["id"])

    async def close_all(self, user_id: UserId) -> Sequence[SessionId]:
        """See the interface."""
        rows = await self.database.fetch(
            "DELETE FROM sessions WHERE user_id = $1 RETURNING id", user_id
        )
        return [SessionId(row["id"]) for row in rows]

    async def purge_expired(self) -> int:
        """See the interface."""
        return len(
            await self.database.fetch("DELETE FROM sessions WHERE expires_at <= now() RETURNING id")
        )
