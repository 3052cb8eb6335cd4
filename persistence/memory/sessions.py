"""Sessions in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from attrs import define

from persistence.memory.tables import SessionRow, Tables, listen
from persistence.records import NoSuchUser, SessionChange
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

    async def find(self, token_hashes: Sequence[bytes]) -> Sequence[Session | None]:
        """See the interface."""
        return [self._live(self.tables.sessions.get(token_hash)) for token_hash in token_hashes]

    async def get(self, session_id: SessionId) -> Session | None:
        """See the interface."""
        rows = self.tables.sessions.values()
        return self._live(next((row for row in rows if row.id == session_id), None))

    def _live(self, row: SessionRow | None) -> Session | None:
        if row is None or row.expires_at <= self.tables.clock():
            return None
        return Session(row.id, self.tables.users[row.user_id], row.expires_at)

    async def close(self, token_hash: bytes) -> SessionId | None:
        """See the interface."""
        found = token_hash in self.tables.sessions
        return self.tables.end_session(token_hash) if found else None

    async def close_all(self, user_id: UserId) -> Sequence[SessionId]:
        """See the interface."""
        rows = self.tables.sessions
        ended = [token_hash for token_hash, row in rows.items() if row.user_id == user_id]
        return [self.tables.end_session(token_hash) for token_hash in ended]

    async def purge_expired(self) -> int:
        """See the interface."""
        now = self.tables.clock()
        rows = self.tables.sessions
        expired = [token_hash for token_hash, row in rows.items() if row.expires_at <= now]
        for token_hash in expired:
            self.tables.end_session(token_hash)
        return len(expired)

    async def secret(self, name: str, proposal: str) -> str:
        """See the interface."""
        return self.tables.secrets.setdefault(name, proposal)

    async def ends(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime]:
        """See the interface."""
        now, wanted = self.tables.clock(), set(session_ids)
        rows = self.tables.sessions.values()
        return {row.id: row.expires_at for row in rows if row.id in wanted and row.expires_at > now}

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[SessionChange | None]]:
        """See the interface."""
        async with listen(self.tables.session_listeners) as changes:
            yield changes
