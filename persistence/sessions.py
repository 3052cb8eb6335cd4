"""The operations on sessions, as the rest of Parlour sees them; a part of `persistence.interface`.

Guarantees, for every implementation: a session is found by the hash of its token alone, and not
after it has ended, by the clock of the database; `changes` reports its end, whichever program ends
it. Must not know: tokens, cookies, sockets.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import trio
from attrs import field, frozen

from persistence.audit import AuditEntry
from protocol.model import Session, SessionId, UserId


@frozen
class OpenSession:
    """A live session, as shown to its user."""

    id: SessionId
    created_at: datetime
    used_at: datetime
    expires_at: datetime


@frozen
class SessionEnded:
    """The session was deleted."""

    session_id: SessionId


@frozen
class SessionChanged:
    """The session's end has changed."""

    session_id: SessionId


@frozen
class UserChanged:
    """The account changed: cached data of it, also with its sessions, is out of date."""

    user_id: UserId


@frozen
class UserDeactivated:
    """The account was deactivated: no session may stay open or be opened."""

    user_id: UserId


@frozen
class UserReactivated:
    """The account may be used again."""

    user_id: UserId


SessionChange: TypeAlias = (
    SessionEnded | SessionChanged | UserChanged | UserDeactivated | UserReactivated
)


@frozen
class ForeignSession:
    """A session of another application: its user and its end; see `Session`."""

    user_id: UserId
    expires_at: datetime
    due: float = field(eq=False)


def due_in(left: timedelta) -> float:
    """The end of something that has so much time left, as `trio.current_time()`."""
    return trio.current_time() + left.total_seconds()


def time_left(due: float) -> timedelta:
    """The time left until `due`; negative if it has passed."""
    return timedelta(seconds=due - trio.current_time())


class Sessions(Protocol):
    """Sessions, found by the hash of their token."""

    async def open(self, user_id: UserId, token_hash: bytes, lifetime: timedelta) -> Session:
        """Open a session. Raises NoSuchUser: there is no such user, or they are deactivated."""

    async def find(self, token_hashes: Sequence[bytes]) -> Sequence[Session | None]:
        """For each hash, the session, or None if there is none or it has expired."""

    async def get(self, session_id: SessionId) -> Session | None:
        """The session with this id, or None if there is none or it has expired."""

    async def close(self, token_hash: bytes) -> SessionId | None:
        """End a session; returns its id, or None if there was none."""

    async def close_all(
        self, user_id: UserId, *, keep: SessionId | None = None, audit: AuditEntry | None = None
    ) -> Sequence[SessionId]:
        """End every session of a user but `keep`; returns their ids. `audit`: the entry to record
        if an operator does this.
        """

    async def end(self, user_id: UserId, session_id: SessionId) -> bool:
        """End a session; False if the user has no such session."""

    async def of_user(self, user_id: UserId) -> Sequence[OpenSession]:
        """The user's sessions that have not expired, the one that was used last first."""

    async def note_used(self, session_ids: Sequence[SessionId]) -> None:
        """Note that these sessions were used just now."""

    async def extend(
        self, session_id: SessionId, *, lifetime: timedelta, longest: timedelta
    ) -> Session | None:
        """Let a session end `lifetime` from now, but at most `longest` after it was opened, and
        never earlier than before. Returns the session, or None if there is none or it has expired.
        """

    async def purge_expired(self) -> int:
        """Delete the sessions that have expired; returns how many."""

    async def secret(self, name: str, proposal: str) -> str:
        """The secret of that name. The first proposal is stored, and returned by later calls."""

    async def ends(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime]:
        """The ends of these sessions, without those that were deleted or have expired."""

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[SessionChange | None]]:
        """The sessions that are deleted or get another end, and the users that change, are
        deactivated or reactivated, from now on, by any program. None: some may have been missed.
        """


class ForeignSessions(Protocol):
    """The sessions of another application, which are only read."""

    async def find(self, sid: str) -> ForeignSession | None:
        """The session, or None if there is none or it has expired."""
