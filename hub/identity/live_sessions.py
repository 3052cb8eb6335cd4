"""Closes the connections of sessions that end.

Guarantees: within a second of a session's end, whoever ends it or changes its end, its connections
are closed, and so are all of an account that is deactivated; at the end that was known it is read
again first, because it may have been extended meanwhile; while it cannot be read, its connections
go on for `GRACE_SECONDS` at most. What was read is compared with what had been read, and not with a
clock, of which there are several. Must not know: cookies, dialects, sockets.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Final, TypeAlias, assert_never

import structlog
import trio
from attrs import define, field, frozen

from hub.actor.hub import Hub
from hub.identity.foreign_logins import ForeignLogins
from hub.identity.session_cache import SessionCache
from persistence.interface import Sessions
from persistence.records import StoreUnavailable
from persistence.sessions import (
    SessionChanged,
    SessionEnded,
    UserChanged,
    UserDeactivated,
    UserReactivated,
)
from protocol.model import Session, SessionId

log = structlog.get_logger(__name__)

RECHECK_SECONDS: Final = 0.2  # after an outage
GRACE_SECONDS: Final = 30.0  # after the end that was known, while the store cannot be asked

_Read: TypeAlias = Callable[[Sequence[SessionId]], Awaitable[Mapping[SessionId, datetime]]]
"""Sessions -> the ends of those that live."""


@frozen
class _End:
    """A session's end as it was read, and the same as `trio.current_time()`."""

    expires_at: datetime
    due: float


@define
class LiveSessions:
    """Watches them.

    Args:
        sessions: our own.
        cache: forgets those that have changed.
        foreign: those of an Express application; None: there is none.
        recheck: seconds between two checks of those.
        hub: knows who is connected, and closes connections.
    """

    sessions: Sessions
    cache: SessionCache
    foreign: ForeignLogins | None
    recheck: float
    hub: Hub
    _ends: dict[SessionId, _End] = field(factory=dict, init=False)
    _doubtful: set[SessionId] = field(factory=set, init=False)
    _next: float = field(default=inf, init=False)
    _wake: trio.Event = field(factory=trio.Event, init=False)

    def note(self, session: Session) -> None:
        """A connection of this session is about to be registered, or goes on as one of it."""
        known = self._ends.get(session.id)
        if known is not None and known.due > session.due:
            return
        self._ends[session.id] = _End(session.expires_at, session.due)
        if session.due < self._next:
            self._wake.set()

    async def end(self, session_ids: Collection[SessionId]) -> None:
        """These sessions have ended: forget them, and close their connections."""
        for session_id in session_ids:
            self._ends.pop(session_id, None)
            self.cache.forget_session(session_id)
        if session_ids:
            await self.hub.end_sessions(session_ids)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            nursery.start_soon(self._watch_foreign)
            while True:
                self._wake = trio.Event()
                self._next = min((end.due for end in self._ends.values()), default=inf)
                if not self._doubtful:
                    with trio.move_on_at(self._next):
                        await self._wake.wait()
                await self._read_again()

    async def _watch(self) -> None:
        async with self.sessions.changes() as changes:
            async for change in changes:
                match change:
                    case SessionEnded(session_id=session_id):
                        await self.end({session_id})
                    case SessionChanged(session_id=session_id):
                        self.cache.forget_session(session_id)
                        self._doubt({session_id} & self._ends.keys())
                    case UserChanged(user_id=user_id):
                        self.cache.forget_user(user_id)
                    case UserDeactivated(user_id=user_id):
                        await self.hub.end_users([user_id])
                    case UserReactivated(user_id=user_id):
                        await self.hub.readmit(user_id)
                    case None:
                        self.cache.forget_all()
                        await self.hub.readmit(None)  # who was ended is found in the store
                        self._doubt({each for each in self.hub.sessions() if each > 0})
                        self._doubt_foreign()
                    case _:
                        assert_never(change)

    async def _watch_foreign(self) -> None:
        while self.foreign is not None:
            await trio.sleep(self.recheck)
            self._doubt_foreign()

    def _doubt_foreign(self) -> None:
        if self.foreign is not None:
            self._doubt(self.foreign.forget_unused(self.hub.sessions()))

    def _doubt(self, session_ids: Collection[SessionId]) -> None:
        """Whether these have ended, or when they will, is read again."""
        self._doubtful |= set(session_ids)
        self._wake.set()

    async def _read_again(self) -> None:
        now = trio.current_time()
        due = {key for key, end in self._ends.items() if end.due <= now} | self._doubtful
        self._doubtful.clear()
        own = {key for key in due if key > 0}
        was_read = await self._check(own, self.sessions.ends)
        was_read &= await self._check(due - own, self._foreign_ends)
        if not was_read:
            await trio.sleep(RECHECK_SECONDS)

    async def _check(self, session_ids: Collection[SessionId], read: _Read) -> bool:
        """End what has ended; returns whether it could be found out."""
        if not session_ids:
            return True
        now = trio.current_time()
        try:
            found = await read(sorted(session_ids))
        except StoreUnavailable as error:
            log.warning("sessions_not_checked", reason=str(error))
            gone = {key for key in session_ids if self._due(key) + GRACE_SECONDS <= now}
            self._doubtful |= set(session_ids) - gone
            await self.end(gone)
            return False
        for session_id in found.keys() & self._ends.keys():
            known, expires_at = self._ends[session_id], found[session_id]
            later = (expires_at - known.expires_at).total_seconds()
            self._ends[session_id] = _End(expires_at, known.due + later)
        await self.end({key for key in session_ids if key not in found or self._due(key) <= now})
        return True

    async def _foreign_ends(self, session_ids: Sequence[SessionId]) -> Mapping[SessionId, datetime]:
        """Also of what a token stands for that was issued elsewhere: it has no other end."""
        if self.foreign is None:
            return {}
        ends = [(session_id, await self.foreign.end_of(session_id)) for session_id in session_ids]
        return {session_id: end for session_id, end in ends if end is not None}

    def _due(self, session_id: SessionId) -> float:
        end = self._ends.get(session_id)
        return inf if end is None else end.due
