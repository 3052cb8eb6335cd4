"""Follows, blocks and the policy in memory."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from attrs import define, evolve

from persistence.changes import (
    BlockEnded,
    BlockMade,
    Change,
    FollowEnded,
    RequestDecided,
)
from persistence.interface import MAX_RELATIONS
from persistence.memory.tables import Tables, listen
from persistence.records import (
    ConversationView,
    FollowCounts,
    NoSuchUser,
    PeerView,
    Permit,
    Place,
    Relation,
    Side,
)
from protocol.model import ASSISTANT_ID, FollowStatus, User, UserId, plain_key


@define
class MemoryRelations:
    """Implements `persistence.interface.Relations`."""

    tables: Tables

    async def request_follow(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """See the interface."""
        if follower == followee:
            raise ValueError("nobody follows themself")
        target = self.tables.users.get(followee)
        if target is None or self.tables.blocked_either_way(follower, followee):
            return None
        status = FollowStatus.ACCEPTED if target.is_public else FollowStatus.PENDING
        if (follower, followee) not in self.tables.follows:
            self.tables.follow(follower, followee, status)
        return self.tables.follows[follower, followee]

    async def accept_follow(self, followee: UserId, follower: UserId) -> bool:
        """See the interface."""
        if self.tables.follows.get((follower, followee)) is not FollowStatus.PENDING:
            return False
        self.tables.follow(follower, followee, FollowStatus.ACCEPTED)
        return True

    async def remove_follow(self, follower: UserId, followee: UserId) -> bool:
        """See the interface."""
        status = self.tables.follows.pop((follower, followee), None)
        if status is FollowStatus.ACCEPTED:
            self.tables.changed(FollowEnded(follower, followee))
        return status is not None

    async def follow_status(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """See the interface."""
        return self.tables.follows.get((follower, followee))

    async def related(
        self,
        user_id: UserId,
        side: Side,
        *,
        status: FollowStatus | None = None,
        before: Place | None = None,
        offset: int = 0,
        limit: int = MAX_RELATIONS,
    ) -> Sequence[Relation]:
        """See the interface."""
        mine, theirs = (1, 0) if side is Side.FOLLOWERS else (0, 1)
        found = [
            Relation(self.tables.users[pair[theirs]], held, self.tables.made[pair])
            for pair, held in self.tables.follows.items()
            if pair[mine] == user_id and status in (None, held)
        ]
        found = [each for each in found if before is None or each.place < before]
        return sorted(found, key=lambda each: each.place, reverse=True)[offset : offset + limit]

    async def counts(self, user_id: UserId) -> FollowCounts:
        """See the interface."""
        follows = self.tables.follows.items()
        pending = [b for (_, b), status in follows if status is FollowStatus.PENDING]
        accepted = [pair for pair, status in follows if status is FollowStatus.ACCEPTED]
        return FollowCounts(
            followers=sum(b == user_id for _, b in accepted),
            following=sum(a == user_id for a, _ in accepted),
            requests=pending.count(user_id),
        )

    async def accept_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """See the interface."""
        row = self.tables.dms.get(frozenset((user_id, requester)))
        is_nobody = requester not in self.tables.users
        if row is None or is_nobody or self.tables.blocked_either_way(user_id, requester):
            return False
        if not any(message.author_id == requester for message in row.shown()):
            return False
        if any(message.author_id == user_id for message in row.messages):
            return False
        self.tables.follow(requester, user_id, FollowStatus.ACCEPTED)
        if not row.accepted:
            row.accepted = True
            self.tables.changed(RequestDecided(user_id, requester))
        return True

    async def decline_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """See the interface."""
        if not await self.is_waiting(user_id, requester):
            return False
        row = self.tables.dms[frozenset((user_id, requester))]
        row.declined[user_id] = len(row.messages)
        self.tables.changed(RequestDecided(user_id, requester))
        return True

    async def is_waiting(self, user_id: UserId, requester: UserId) -> bool:
        """See the interface."""
        row = self.tables.dms.get(frozenset((user_id, requester)))
        if row is None or not self.tables.may_join(user_id, row.channel):
            return False
        return row.is_request(user_id) and not self.tables.is_declined(row, user_id)

    async def reachable(
        self, user_id: UserId, *, text: str = "", before: UserId | None, limit: int
    ) -> Sequence[User]:
        """See the interface."""
        found = [
            user
            for user in self.tables.users.values()
            if user.id != ASSISTANT_ID
            and any(plain_key(text) in plain_key(name) for name in (user.name, user.username))
            and (before is None or user.id < before)
            and self.tables.may_message(user_id, user.id)
        ]
        return sorted(found, key=lambda user: -user.id)[:limit]

    async def block(self, blocker: UserId, blocked: UserId) -> bool:
        """See the interface."""
        if blocker == blocked:
            raise ValueError("nobody blocks themself")
        if blocked not in self.tables.users:
            raise NoSuchUser(blocked)
        if (blocker, blocked) in self.tables.blocks:
            return False
        self.tables.blocks[blocker, blocked] = None
        for pair in ((blocker, blocked), (blocked, blocker)):
            if self.tables.follows.pop(pair, None) is FollowStatus.ACCEPTED:
                self.tables.changed(FollowEnded(*pair))
        self.tables.changed(BlockMade(blocker, blocked))
        return True

    async def unblock(self, blocker: UserId, blocked: UserId) -> bool:
        """See the interface."""
        if (blocker, blocked) not in self.tables.blocks:
            return False
        del self.tables.blocks[blocker, blocked]
        self.tables.changed(BlockEnded(blocker, blocked))
        return True

    async def blocked(self, user_id: UserId) -> Sequence[User]:
        """See the interface."""
        users = self.tables.users
        return [users[b] for a, b in reversed(self.tables.blocks) if a == user_id]

    async def may_message(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """See the interface."""
        return [self._permit(sender, recipient) for sender, recipient in pairs]

    async def may_show_typing(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """See the interface."""
        return [
            evolve(permit, allowed=permit.allowed and not self._is_request_between(pair))
            for pair in pairs
            for permit in (self._permit(*pair),)
        ]

    def _is_request_between(self, pair: tuple[UserId, UserId]) -> bool:
        row = self.tables.dms.get(frozenset(pair))
        return row is not None and any(row.is_request(user_id) for user_id in pair)

    async def conversation_view(self, user_id: UserId, peer: UserId) -> ConversationView:
        """See the interface."""
        return ConversationView(
            self.tables.may_see(user_id, peer),
            self.tables.blocked_either_way(user_id, peer),
            self._permit(user_id, peer).channel_id,
        )

    async def peer_views(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[PeerView]:
        """See the interface."""
        return [
            PeerView(
                self.tables.may_see(user_id, peer),
                user_id in self._audience(peer),
                self._are_acquainted(user_id, peer),
                self.tables.blocked_either_way(user_id, peer),
                self._permit(user_id, peer).channel_id,
            )
            for user_id, peer in pairs
        ]

    async def blocked_either_way(
        self, user_ids: Collection[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """See the interface."""
        return {user_id: self.tables.hidden_from(user_id) for user_id in user_ids}

    async def conversation_peers(self, user_id: UserId) -> Sequence[UserId]:
        """See the interface."""
        dms = self.tables.dms.items()
        return sorted(
            peer
            for pair, row in dms
            if row.messages and user_id in pair
            for peer in pair - {user_id}
        )

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[Change | None]]:
        """See the interface."""
        async with listen(self.tables.listeners) as changes:
            yield changes

    def _permit(self, sender: UserId, recipient: UserId) -> Permit:
        row = self.tables.dms.get(frozenset((sender, recipient)))
        channel_id = None if row is None else row.channel.id
        return Permit(self.tables.may_message(sender, recipient), channel_id)

    async def presence_audience(
        self, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """See the interface."""
        return {user_id: self._audience(user_id) for user_id in user_ids}

    def _are_acquainted(self, one: UserId, other: UserId) -> bool:
        follows = [self.tables.follows.get(pair) for pair in ((one, other), (other, one))]
        dm = self.tables.dms.get(frozenset((one, other)))
        return (
            FollowStatus.ACCEPTED in follows
            or (dm is not None and dm.answered)
            or any({one, other} <= {*row.members} for row in self.tables.workspaces.values())
        )

    def _audience(self, user_id: UserId) -> frozenset[UserId]:
        tables = self.tables
        related = {
            other
            for pair, status in tables.follows.items()
            if user_id in pair and status is FollowStatus.ACCEPTED
            for other in pair
        }
        for members, row in tables.dms.items():
            if user_id in members and row.answered and tables.in_contact(*members):
                related |= members
        for workspace in tables.workspaces.values():
            if user_id in workspace.members:
                related |= set(workspace.members)
        return frozenset(
            other
            for other in related
            if other != user_id and not tables.blocked_either_way(user_id, other)
        )
