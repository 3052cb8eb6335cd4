"""Sessions that slide: one that is used in its last half is extended, up to a longest life.

Guarantees: the use of a session and its extension are each written at most once in `EVERY_SECONDS`,
and only a request that extends its session waits for that; an ended session stays ended; an outage
delays these writes and nothing else. Must not know: cookies' attributes, HTTP.
"""

from collections.abc import Mapping
from datetime import timedelta
from math import inf
from typing import Final

import structlog
import trio
from attrs import define, field

from hub.identity.session_cache import SessionCache
from persistence.interface import Sessions
from persistence.records import StoreUnavailable
from persistence.sessions import time_left
from protocol.model import Session, SessionId

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 300.0
WRITE_SECONDS: Final = 5.0  # sessions used meanwhile are written together
MAX_NOTED: Final = 100_000
PURGE_SECONDS: Final = 3_600.0


@define
class _Noted:
    """When something was last done for each session; the oldest is forgotten first."""

    _times: dict[SessionId, float] = field(factory=dict, init=False)

    def is_due(self, session_id: SessionId) -> bool:
        """Whether it is time to do it again; if so, that is noted."""
        now = trio.current_time()
        if self._times.get(session_id, -inf) + EVERY_SECONDS > now:
            return False
        self._times.pop(session_id, None)
        self._times[session_id] = now
        if len(self._times) > MAX_NOTED:
            del self._times[next(iter(self._times))]
        return True


@define
class Renewals:
    """Extends sessions, and notes that they are used.

    Args:
        sessions: our own.
        cache: forgets those that are extended.
        lifetimes: by cookie, how long a session found by it lives after its last extension.
        longest: how long a session may live altogether.
    """

    sessions: Sessions
    cache: SessionCache
    lifetimes: Mapping[str, timedelta]
    longest: timedelta
    _used: set[SessionId] = field(factory=set, init=False)  # and not written yet
    _written: _Noted = field(factory=_Noted, init=False)
    _extended: _Noted = field(factory=_Noted, init=False)

    async def run(self) -> None:
        """Write down which sessions are used, until cancelled."""
        while True:
            await trio.sleep(WRITE_SECONDS)
            used = sorted(self._used)
            if used:
                try:
                    await self.sessions.note_used(used)
                except StoreUnavailable as error:
                    log.warning("use_not_noted", reason=str(error))
                else:
                    self._used -= set(used)

    def note(self, session: Session) -> None:
        """A session is used."""
        if session.id > 0 and self._written.is_due(session.id):
            self._used.add(session.id)

    async def extend(self, session: Session, cookie: str) -> Session | None:
        """Extend a session that is used, if it is time.

        Args:
            session: one that was found.
            cookie: by which it was found.

        Returns:
            The session, if it was extended.
        """
        lifetime = self.lifetimes[cookie]
        is_late = time_left(session.due) < lifetime / 2
        if session.id < 0 or not is_late or not self._extended.is_due(session.id):
            return None
        try:
            longer = await self.sessions.extend(session.id, lifetime=lifetime, longest=self.longest)
        except StoreUnavailable as error:
            log.warning("session_not_extended", reason=str(error))
            return None
        if longer is None or longer.expires_at <= session.expires_at:
            return None
        self.cache.forget_session(session.id)
        return longer


async def purge_sessions(sessions: Sessions) -> None:
    """Delete expired sessions every `PURGE_SECONDS`; an outage only postpones it."""
    while True:
        await trio.sleep(PURGE_SECONDS)
        try:
            purged = await sessions.purge_expired()
        except StoreUnavailable as error:
            log.warning("sessions_not_purged", reason=str(error))
        else:
            log.info("sessions_purged", count=purged)
