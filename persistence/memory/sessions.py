"""Sessions in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from attrs import define, evolve

from persistence.audit import AuditEntry
from persistence.memory.tables import SessionRow, Tables, listen
from persistence.records import NoSuchUser
from persistence.sessions import OpenSession, SessionChange, SessionChanged, due_in
from protocol.model import Session, SessionId, UserId


@define
class MemorySessions:
    """Implements `persistence.interface.Sessions`."""

    tables: Tables

    async def open(self, user_id: UserId, token_hash: bytes, lifetime: timedelta) -> Session:
        """See the interface."""
        user = self.tables.users.get(user_id)
        if user is None or user.deactivated_at is not None:
            raise NoSuchUser(user_id)
        now = self.tables.clock()
        row = SessionRow(SessionId(next(self.tables.ids)), user_id, now + lifetime, now, now)
        self.tables.sessions[token_hash] = row
        return self._session(row)

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
        return self._session(row)

    def _session(self, row: SessionRow) -> Session:
        due = due_in(row.expires_at - self.tables.clock())
        return Session(row.id, self.tables.users[row.user_id], row.expires_at, due)

    async def close(self, token_hash: bytes) -> SessionId | None:
        """See the interface."""
        found = token_hash in self.tables.sessions
        return self.tables.end_session(token_hash) if found else None

    async def close_all(
        self, user_id: UserId, *, keep: SessionId | None = None, audit: AuditEntry | None = None
    ) -> Sequence[SessionId]:
        """See the interface."""
        self.tables.note(audit, self.tables.users.get(user_id))
        return self.tables.end_sessions(user_id, keep)

    async def end(self, user_id: UserId, session_id: SessionId) -> bool:
        """See the interface."""
        rows = self.tables.sessions.items()
        found = [key for key, row in rows if (row.user_id, row.id) == (user_id, session_id)]
        return [self.tables.end_session(key) for key in found] != []

    async def of_user(self, user_id: UserId) -> Sequence[OpenSession]:
        """See the interface."""
        now = self.tables.clock()
        rows = [row for row in self.tables.sessions.values() if row.user_id == user_id]
        rows.sort(key=lambda row: (row.used_at, row.id), reverse=True)
        return [
            OpenSession(row.id, row.created_at, row.used_at, row.expires_at)
            for row in rows
            if row.expires_at > now
        ]

    async def note_used(self, session_ids: Sequence[SessionId]) -> None:
        """See the interface."""
        now = self.tables.clock()
        for token_hash, row in self.tables.sessions.items():
            if row.id in session_ids:
                self.tables.sessions[token_hash] = evolve(row, used_at=now)

    async def extend(
        self, session_id: SessionId, *, lifetime: timedelta, longest: timedelta
    ) -> Session | None:
        """See the interface."""
        rows, until = self.tables.sessions, self.tables.clock() + lifetime
        for token_hash, row in rows.items():
            if row.id == session_id and row.expires_at > self.tables.clock():
                end = max(row.expires_at, min(until, row.created_at + longest))
                rows[token_hash] = evolve(row, expires_at=end)
                if end != row.expires_at:
                    self.tables.session_changed(SessionChanged(session_id))
                return self._live(rows[token_hash])
        return None

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
