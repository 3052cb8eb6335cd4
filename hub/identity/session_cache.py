"""Sessions that were looked up a moment ago, so that a busy one is not looked up again.

Guarantees: an entry lives at most `MAX_AGE_SECONDS` and never past its session, even if a notice
is lost; what was forgotten during a lookup is not put back by that lookup; the number of entries
is bounded. Must not know: where sessions are kept.
"""

from collections.abc import Sequence
from typing import Final

import trio
from attrs import define, field, frozen

from protocol.model import Session, SessionId, UserId

MAX_SESSIONS: Final = 10_000
MAX_AGE_SECONDS: Final = 10.0


@frozen
class _Kept:
    session: Session
    until: float


@define
class SessionCache:
    """Live sessions by the hash of their token. `edition` changes when something is forgotten.
    `hits` and `misses`: how often `find` found a session here, and how often it did not.
    """

    edition: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)
    misses: int = field(default=0, init=False)
    _kept: dict[bytes, _Kept] = field(factory=dict, init=False)  # oldest first
    _hashes: dict[SessionId, bytes] = field(factory=dict, init=False)

    def find(self, token_hash: bytes) -> Session | None:
        """The session, if it is remembered and still live."""
        kept = self._kept.get(token_hash)
        if kept is not None:
            if trio.current_time() < min(kept.until, kept.session.due):
                self.hits += 1
                return kept.session
            self._drop(token_hash)
        self.misses += 1
        return None

    def keep(
        self, edition: int, token_hashes: Sequence[bytes], found: Sequence[Session | None]
    ) -> None:
        """Remember what a lookup found.

        Args:
            edition: as it was when the lookup began; if it has changed, nothing is kept.
            token_hashes: what was looked up.
            found: the session of each, where there is one.
        """
        if edition != self.edition:
            return
        until = trio.current_time() + MAX_AGE_SECONDS
        for token_hash, session in zip(token_hashes, found, strict=True):
            if session is not None:
                self._drop(token_hash)
                self._kept[token_hash] = _Kept(session, until)
                self._hashes[session.id] = token_hash
        while len(self._kept) > MAX_SESSIONS:
            self._drop(next(iter(self._kept)))

    def forget_session(self, session_id: SessionId) -> None:
        """Forget a session that has ended."""
        self.edition += 1
        token_hash = self._hashes.get(session_id)
        if token_hash is not None:
            self._drop(token_hash)

    def forget_user(self, user_id: UserId) -> None:
        """Forget the sessions of a user that was changed."""
        self.edition += 1
        for token_hash, kept in tuple(self._kept.items()):
            if kept.session.user.id == user_id:
                self._drop(token_hash)

    def forget_all(self) -> None:
        """Forget everything, because notices may have been lost."""
        self.edition += 1
        self._kept.clear()
        self._hashes.clear()

    def _drop(self, token_hash: bytes) -> None:
        kept = self._kept.pop(token_hash, None)
        if kept is not None:
            del self._hashes[kept.session.id]
