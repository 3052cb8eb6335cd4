"""Logins in memory."""

from collections.abc import Sequence
from datetime import datetime

from attrs import define

from persistence.interface import NoSuchUser
from persistence.memory.tables import SessionRow, Tables
from protocol.model import Session, SessionId, UserId


@define
class MemorySessions:
    """Implements `persistence.interface.Sessions`."""

    tables: Tables

    async def open(self, user_id: UserId, token_hash: bytes, expires_at: datetime) -> Session:
        """See the interface."""
        user = self.tables.users.get(user_id)
        if user is None:
            raise NoSuchUser(user_id)
        row = SessionRow(SessionId(next(self.tables.ids)), user_id, expires_at)
        self.tables.sessions[token_hash] = row
        return Session(row.id, user, expires_at)

    async def find(self, token_hash: bytes) -> Session | None:
        """See the interface."""
        row = self.tables.sessions.get(token_hash)
        if row is None or row.expires_at <= self.tables.clock():
            return None
        return Session(row.id, self.tables.users[row.user_id], row.expires_at)

    async def close(self, token_hash: bytes) -> SessionId | None:
        """See the interface."""
        row = self.tables.sessions.pop(token_hash, None)
        return None if row is None else row.id

    async def close_all(self, user_id: UserId) -> Sequence[SessionId]:
        """See the interface."""
        rows = self.tables.sessions
        ended = [token_hash for token_hash, row in rows.items() if row.user_id == user_id]
        return [rows.pop(token_hash).id for token_hash in ended]

    async def purge_expired(self) -> int:
        """See the interface."""
        now = self.tables.clock()
        rows = self.tables.sessions
        expired = [token_hash for token_hash, row in rows.items() if row.expires_at <= now]
        for token_hash in expired:
            del rows[token_hash]
        return len(expired)
