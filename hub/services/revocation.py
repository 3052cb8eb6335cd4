"""Revocation: a lost right ends live delivery, wherever the right was taken away.

Guarantees: after a block, an ended follow, a profile made private, a lost membership or a deleted
account, wherever it was made, the connections concerned get a notice of it as the last event; after
notices may have been lost, everything live is checked again; an outage only delays this.
Must not know: sockets, dialects, SQL.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias, assert_never

import structlog
import trio
from attrs import define, field

from hub.actor.hub import Hub
from hub.actor.letters import Delivery, ToUsers
from hub.services.channels import Channels
from hub.services.presence import Presence
from hub.services.receipts import Receipts
from hub.services.typing import TypingIndicators
from hub.services.workspaces import Workspaces
from persistence.interface import Channels as ChannelStore
from persistence.interface import Relations
from persistence.records import (
    Change,
    ChannelMemberGone,
    MemberGone,
    PairChanged,
    ProfileChanged,
    StoreUnavailable,
    UserGone,
)
from protocol.events import ConversationRevoked, PresenceChanged
from protocol.model import UserId

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 0.2
MAX_PENDING: Final = 10_000  # beyond that, checking everything is cheaper

Pair: TypeAlias = tuple[UserId, UserId]


@define
class Revocations:
    """Acts on changes.

    Args:
        relations: notifies of changes, and has the policy.
        store: has the dm channels of a user.
        channels: has the connections of each channel.
        workspaces: has the connections of each workspace.
        typing: has the indicators that are on.
        presence: has the users that are online.
        receipts: what was allowed before a right ended is sent before the notice of its end.
        hub: delivers the notices.
    """

    relations: Relations
    store: ChannelStore
    channels: Channels
    workspaces: Workspaces
    typing: TypingIndicators
    presence: Presence
    receipts: Receipts
    hub: Hub
    _pending: set[Change | None] = field(factory=set, init=False)
    _arrived: trio.Event = field(factory=trio.Event, init=False)

    async def run(self) -> None:
        """Act until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._collect)
            while True:
                await self._arrived.wait()
                self._arrived = trio.Event()
                changes, self._pending = self._pending, set()
                await self._act_until_done(changes)

    async def _collect(self) -> None:
        async with self.relations.changes() as changes:
            async for change in changes:
                self._pending.add(change)
                if len(self._pending) > MAX_PENDING:
                    self._pending = {None}
                self._arrived.set()

    async def _act_until_done(self, changes: Collection[Change | None]) -> None:
        while True:
            try:
                await self._act(changes)
            except StoreUnavailable as error:
                log.warning("revocation_delayed", reason=str(error))
                await trio.sleep(RETRY_SECONDS)
            else:
                return

    async def _act(self, changes: Collection[Change | None]) -> None:
        pairs: set[Pair] = set()
        users: set[UserId] = set()
        await self.receipts.settled()
        for change in changes:
            match change:
                case PairChanged() | ProfileChanged():
                    pairs |= await self._pairs(change)
                case MemberGone(workspace_id=workspace_id, user_id=user_id):
                    await self.workspaces.member_gone(workspace_id, user_id)
                    users.add(user_id)
                case ChannelMemberGone(user_id=user_id):
                    users.add(user_id)
                case UserGone(user_id=user_id):
                    await self.hub.end_users((user_id,))
                case None:
                    await self.workspaces.recheck()
                case _:
                    assert_never(change)
        await self._tell(sorted(pairs))
        users |= {user_id for user_id, _ in pairs}
        await self.channels.recheck(None if None in changes else users)

    async def _pairs(self, change: PairChanged | ProfileChanged) -> set[Pair]:
        """The (user, peer) pairs whose conversations are to be checked."""
        if isinstance(change, PairChanged):
            return {(change.one, change.other), (change.other, change.one)}
        one = change.user_id
        peers = [channel.peer_of(one) for channel in await self.store.dms(one)]
        return {pair for peer in peers if peer is not None for pair in ((one, peer), (peer, one))}

    async def _tell(self, pairs: Sequence[Pair]) -> None:
        """End what each pair's first user may no longer see of the second."""
        if not pairs:
            return
        permits = await self.relations.may_see(pairs)
        audiences = await self.relations.presence_audience([peer for _, peer in pairs])
        online = self.presence.online()
        deliveries: list[Delivery] = []
        now = datetime.now(UTC)
        for (user_id, peer), permit in zip(pairs, permits, strict=True):
            to_user = ToUsers((user_id,))
            if not permit.allowed:
                deliveries += self.typing.stopped(peer, user_id)
            if peer in online and user_id not in audiences.get(peer, ()):
                deliveries.append(Delivery(PresenceChanged(peer, online=False), to_user))
            if not permit.allowed and permit.channel_id is not None:
                revoked = ConversationRevoked(user_id, peer, permit.channel_id, now)
                deliveries.append(Delivery(revoked, to_user))
        await self.hub.broadcast(deliveries)
