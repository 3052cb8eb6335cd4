"""The sessions of an Express application, each with a number by which the hub knows it.

Guarantees: the store is only read; a session is read again by its number for as long as it has
connections or tokens that were given out for it. Must not know: cookies, signatures, tokens.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Final

import trio
from attrs import define, field, frozen

from persistence.interface import Accounts, ForeignSessions
from protocol.dialect import Stranger
from protocol.model import Session, SessionId

CONNECTING_SECONDS: Final = 60.0  # longer than from the lookup of a session to its connection


@frozen
class _Found:
    """A session that was found, and when (`trio.current_time()`)."""

    sid: str
    at: float


@define
class ForeignLogins:
    """Finds the sessions of the application.

    Args:
        sessions: the application's.
        accounts: the users of these sessions.
        token_lifetime: how long a token that was given out for one can be used, in seconds.
    """

    sessions: ForeignSessions
    accounts: Accounts
    token_lifetime: float
    _found: dict[SessionId, _Found] = field(factory=dict, init=False)

    async def find(self, sid: str) -> Session | Stranger:
        """The session with this id.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        found = await self.sessions.find(sid)
        if found is None or found.due <= trio.current_time():
            return Stranger.INVALID_SESSION
        user = await self.accounts.get(found.user_id)
        if user is None or user.deleted_at or user.deactivated_at:
            return Stranger.UNKNOWN_USER
        session_id = number_of(sid)
        self._found[session_id] = _Found(sid, trio.current_time())
        return Session(session_id, user, found.expires_at, found.due)

    def knows(self, session_id: SessionId) -> bool:
        """Whether a session can be read again by this number."""
        return session_id in self._found

    async def find_again(self, session_id: SessionId) -> Session | Stranger:
        """The session with a number that is known.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        return await self.find(self._found[session_id].sid)

    async def end_of(self, session_id: SessionId) -> datetime | None:
        """When a session ends; None: it has ended, or is not known.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        known = self._found.get(session_id)
        found = None if known is None else await self.find(known.sid)
        return found.expires_at if isinstance(found, Session) else None

    def forget_unused(self, live: Collection[SessionId]) -> Collection[SessionId]:
        """Forget sessions without connections and usable tokens; returns those of `live` left."""
        recent = trio.current_time() - CONNECTING_SECONDS - self.token_lifetime
        self._found = {
            key: found for key, found in self._found.items() if key in live or found.at > recent
        }
        return self._found.keys() & set(live)


def number_of(sid: str) -> SessionId:
    """A number for a session that has none: negative, so it is never one of ours."""
    return SessionId(
        -int.from_bytes(hashlib.sha256(sid.encode("utf-8", "surrogateescape")).digest()[:7]) - 1
    )
