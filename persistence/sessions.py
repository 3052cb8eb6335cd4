"""The operations on sessions, as the rest of Parlour sees them; a part of `persistence.interface`.

Guarantees, for every implementation: a session is found by the hash of its token alone, and not
after it has ended, by the clock of the database; whoever ends it, it is told. Must not know:
tokens, cookies, sockets.
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
    """A live session as its owner is shown it."""

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
    """The session has another end."""

    session_id: SessionId


@frozen
class UserChanged:
    """The account changed: what is cached of it, also with its sessions, is out of date."""

    user_id: UserId


@frozen
class UserDeactivated:
    """Nobody may be signed in to the account."""

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
    """When something is over that has so much time left, as `trio.current_time()`."""
    return trio.current_time() + left.total_seconds()


def time_left(due: float) -> timedelta:
    """How much time something has left that is over then; negative: it is over."""
    return timedelta(seconds=due - trio.current_time())


class Sessions(Protocol):
    """Sessions, found by the hash of their token."""

    async def open(self, user_id: UserId, token_hash: bytes, lifetime: timedelta) -> Session:
        """Raises NoSuchUser: there is none, or it is deactivated."""

    async def find(self, token_hashes: Sequence[bytes]) -> Sequence[Session | None]:
        """For each hash, the session, or None if there is none or it has expired."""

    async def get(self, session_id: SessionId) -> Session | None:
        """The session with this id, or None if there is none or it has expired."""

    async def close(self, token_hash: bytes) -> SessionId | None:
        """End a session; returns its id, or None if there was none."""

    async def close_all(
        self, user_id: UserId, *, keep: SessionId | None = None, audit: AuditEntry | None = None
    ) -> Sequence[SessionId]:
        """End every session of a user but `keep`; returns their ids. `audit`: keep that an operator
        does this.
        """

    async def end(self, user_id: UserId, session_id: SessionId) -> bool:
        """End a session; False if there is none of that user."""

    async def of_user(self, user_id: UserId) -> Sequence[OpenSession]:
        """The user's sessions that have not expired, the one that was used last first."""

    async def note_used(self, session_ids: Sequence[SessionId]) -> None:
        """These sessions were used just now."""

    async def extend(
        self, session_id: SessionId, *, lifetime: timedelta, longest: timedelta
    ) -> Session | None:
        """Have a session live for `lifetime` from now on, but not beyond `longest` after it was
        opened, and never shorter. Returns what it is then, or None if there is none or it has
        expired.
        """

    async def purge_expired(self) -> int:
        """Delete the sessions that have expired; returns how many."""

    async def secret(self, name: str, proposal: str) -> str:
        """The secret of that name. The first proposal is stored, and returned from then on."""

    async def ends(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime]:
        """When those of the sessions end that have neither been deleted nor expired."""

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[SessionChange | None]]:
        """The sessions that end or get another end, and the users that change or are deactivated,
        from now on, whoever changes them. None: some may have been missed.
        """


class ForeignSessions(Protocol):
    """The sessions of another application, only read."""

    async def find(self, sid: str) -> ForeignSession | None:
        """The session, or None if there is none or it has expired."""
