"""Closes the connections of sessions that end.

Guarantees: the connections of a session of ours are closed within a second of its end, however it
was ended or its end changed; those of an Express application's session at the next check; all of an
account when it is deactivated. When the known end comes, a session is read again first, because it
may have been extended; while it cannot be read, its connections stay for `GRACE_SECONDS` at most. A
new end is compared with the end that was read before and not with a clock, because the clocks of
several machines differ. Must not know: cookies, dialects, sockets.
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
GRACE_SECONDS: Final = 30.0  # after the known end, while the store cannot be read

_Read: TypeAlias = Callable[[Sequence[SessionId]], Awaitable[Mapping[SessionId, datetime]]]
"""Session ids -> the ends of those sessions that live."""


@frozen
class _End:
    """A session's end as it was read, and the same time on the clock of `trio.current_time()`."""

    expires_at: datetime
    due: float


@define
class LiveSessions:
    """Watches sessions.

    Args:
        sessions: our own.
        cache: forgets sessions that have changed.
        foreign: the sessions of an Express application; None: there is none.
        recheck: seconds between two checks of foreign sessions.
        hub: has the connections, and closes them.
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
        """A connection is about to be registered with this session, or continues with it."""
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
                        await self.hub.readmit(None)  # the store knows the deactivated accounts
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
        """Have these sessions read again, because they may have ended or have another end."""
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
        """End those sessions that have ended; returns whether they could be read."""
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
        """The ends of foreign sessions. The session of a token that was issued elsewhere is not
        among them, so it ends at its known end.
        """
        if self.foreign is None:
            return {}
        ends = [(session_id, await self.foreign.end_of(session_id)) for session_id in session_ids]
        return {session_id: end for session_id, end in ends if end is not None}

    def _due(self, session_id: SessionId) -> float:
        end = self._ends.get(session_id)
        return inf if end is None else end.due
