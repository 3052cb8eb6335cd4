"""Who is online, and who may know.

Guarantees: presence is per user, not per connection: online at the first connection, offline after
the last one and a grace period, so a reconnect is not announced. A status goes out only to the
audience that Postgres names. While the store is unreachable changes wait, at most one per user.
Must not know: sockets, dialects.
"""

import heapq
from collections.abc import Mapping, Sequence
from enum import Enum
from math import inf

import structlog
import trio

from hub.hub import Hub
from hub.letters import Audience, Delivery, ToEveryone, ToUsers
from persistence.interface import Relations, StoreUnavailable
from protocol.events import PresenceChanged
from protocol.model import UserId

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
MAX_BATCH = 512


class AudienceRule(Enum):
    """Who is told of a user's presence: those Postgres names, or everybody (seed 004)."""

    RELATED = "related"
    EVERYONE = "everyone"


class Presence:
    """What the others believe about who is online.

    Args:
        relations: names the audience of each user, a batch at a time.
        rule: whether to ask it.
        grace: seconds between a user's last connection and being called offline.
    """

    def __init__(self, relations: Relations, *, rule: AudienceRule, grace: float) -> None:
        self._relations = relations
        self._rule = rule
        self._grace = grace
        self._connected: set[UserId] = set()
        self._announced: set[UserId] = set()
        # A user's next review: the dict holds the valid time, the heap may hold stale ones too.
        self._review_at: dict[UserId, float] = {}
        self._reviews: list[tuple[float, UserId]] = []
        self._changed = trio.Event()

    def note(self, user_id: UserId, *, connected: bool) -> None:
        """The Hub saw a user's first connection, or the end of the last one. Never waits."""
        if connected:
            self._connected.add(user_id)
            self._review(user_id, trio.current_time())
        else:
            self._connected.discard(user_id)
            self._review(user_id, trio.current_time() + self._grace)

    def is_online(self, user_id: UserId) -> bool:
        """Connected now, or within the grace period."""
        return user_id in self._connected or user_id in self._announced

    def online(self) -> frozenset[UserId]:
        """Everybody who is online."""
        return frozenset(self._connected | self._announced)

    async def run(self, hub: Hub) -> None:
        """Announce changes to `hub` until cancelled."""
        while True:
            next_review = self._reviews[0][0] if self._reviews else inf
            with trio.move_on_at(next_review):
                await self._changed.wait()
            self._changed = trio.Event()
            while changes := self._due():
                await self._announce(hub, changes)

    def _review(self, user_id: UserId, at: float) -> None:
        self._review_at[user_id] = at
        heapq.heappush(self._reviews, (at, user_id))
        self._changed.set()

    def _due(self) -> list[UserId]:
        """Users whose review time has come and whose state differs from what was announced."""
        now = trio.current_time()
        due: list[UserId] = []
        while self._reviews and self._reviews[0][0] <= now and len(due) < MAX_BATCH:
            at, user_id = heapq.heappop(self._reviews)
            if self._review_at.get(user_id) == at:
                del self._review_at[user_id]
                if (user_id in self._connected) != (user_id in self._announced):
                    due.append(user_id)
        return due

    async def _announce(self, hub: Hub, changes: Sequence[UserId]) -> None:
        try:
            audiences = await self._audiences(changes)
        except StoreUnavailable as error:
            log.warning("presence_not_checked", count=len(changes), reason=str(error))
            for user_id in changes:
                if user_id not in self._review_at:
                    self._review(user_id, trio.current_time() + RETRY_SECONDS)
            return
        deliveries: list[Delivery] = []
        for user_id in changes:
            online = user_id in self._connected  # as of now: it may have changed meanwhile
            (self._announced.add if online else self._announced.discard)(user_id)
            deliveries.append(Delivery(PresenceChanged(user_id, online), audiences[user_id]))
        await hub.broadcast(deliveries)

    async def _audiences(self, user_ids: Sequence[UserId]) -> Mapping[UserId, Audience]:
        if self._rule is AudienceRule.EVERYONE:
            return {user_id: ToEveryone(besides=user_id) for user_id in user_ids}
        related = await self._relations.presence_audience(user_ids)
        return {user_id: ToUsers(tuple(related.get(user_id, ()))) for user_id in user_ids}
