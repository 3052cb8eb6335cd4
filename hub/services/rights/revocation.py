"""Revocation: a lost right ends live delivery, wherever the right was taken away.

Guarantees: after a block, an ended follow, a profile made private, a lost membership or a deleted
account, wherever it was made, the connections concerned get a notice of it as the last event; after
notifications of changes may have been lost, all live delivery is checked again. However many
conversations a user has, a statement looks up a few of them, and only for users who are connected:
the rights of the others are checked when they connect.
Must not know: sockets, dialects, SQL, in which order changes are acted on.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Final, TypeAlias, assert_never

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery, ToUsers
from hub.services.channels import Channels
from hub.services.presence.users import Presence
from hub.services.receipts import Receipts
from hub.services.rights.changes import Step
from hub.services.rights.pairs import Pair, Pairs, both_ways, parts
from hub.services.rights.sight import Sight
from hub.services.typing.indicators import TypingIndicators
from hub.services.workspaces import Workspaces
from persistence.changes import (
    BlockMade,
    ChannelGone,
    ChannelMemberGone,
    ConversationGone,
    FollowEnded,
    Loss,
    MemberGone,
    ProfileChanged,
    UserGone,
)
from persistence.interface import Relations
from persistence.records import PeerView
from protocol.events import ConversationRevoked, PresenceChanged
from protocol.model import ChannelId, UserId, WorkspaceId

Knew: TypeAlias = Callable[[PeerView], bool]
"""Whether a user may have known that a peer was online, before a right to it ended."""
ACQUAINTED: Final[Knew] = attrgetter("acquainted")


@frozen
class Revocations:
    """Ends the delivery of what users may no longer see after a change.

    Args:
        relations: has the policy.
        channels: has the connections of each channel.
        workspaces: has the connections of each workspace.
        typing: has the indicators that are on.
        presence: has the users that are online.
        sight: hides users from each other where both are.
        pairs: the pairs that are being acted on.
        receipts: sends what was allowed before a right ended, before the notice of its end.
        hub: delivers the notices.
    """

    relations: Relations
    channels: Channels
    workspaces: Workspaces
    typing: TypingIndicators
    presence: Presence
    sight: Sight
    pairs: Pairs
    receipts: Receipts
    hub: Hub

    def begin(self, change: Loss | None) -> Step:
        """The first step after a change; None: changes may have been missed."""
        match change:
            case FollowEnded(one=one, other=other):
                pairs = (one, other), (other, one)
                return Step(partial(self._follow_ended, pairs), (one, other))
            case BlockMade(blocker=one, blocked=other):
                return self._step(((one, other), (other, one)), ACQUAINTED)
            case ProfileChanged(user_id=user_id):
                return Step(partial(self._profile_closed, user_id), None)
            case MemberGone(workspace_id=workspace_id, user_id=user_id):
                return Step(partial(self._member_gone, workspace_id, user_id), (user_id,))
            case ChannelMemberGone(user_id=user_id):
                return Step(partial(self._recheck, (user_id,)), (user_id,))
            case ChannelGone(channel_id=channel_id, workspace_id=workspace_id):
                return Step(partial(self._channel_gone, channel_id, workspace_id), None)
            case ConversationGone(channel_id=channel_id, one=one, other=other):
                return Step(
                    partial(self._conversation_gone, channel_id, ((one, other), (other, one))),
                    (one, other),
                )
            case UserGone(user_id=user_id):
                return Step(partial(self._user_gone, user_id), (user_id,))
            case None:
                return Step(self._recheck_everything, None)
            case _:
                assert_never(change)

    def _step(self, pairs: Sequence[Pair], knew: Knew) -> Step:
        return Step(partial(self._notify, pairs, knew), {user_id for user_id, _ in pairs})

    def _hiding(self, pairs: Sequence[Pair]) -> Step:
        return Step(partial(self._hide_presence, pairs), {user_id for user_id, _ in pairs})

    async def _hide_presence(self, pairs: Sequence[Pair]) -> Sequence[Step]:
        """Show each pair's second user to the first as offline, unless the first may still know."""
        async with self.pairs.hold(pairs):
            views = await self.relations.peer_views(pairs)
            deliveries: list[Delivery] = []
            for pair, view in zip(pairs, views, strict=True):
                deliveries += self._no_longer_known(pair, view)
            await self.hub.broadcast(deliveries)
        return ()

    def _no_longer_known(self, pair: Pair, view: PeerView) -> list[Delivery]:
        if self.presence.knows(view):
            return []
        # a block hides the peer in all channels; a user who may not see the dm is removed from it
        stays = view.may_see and not view.blocked
        return self.sight.known(pair, view.channel_id if stays else None, online=False)

    async def _recheck_everything(self) -> Sequence[Step]:
        await self.receipts.settled()
        await self.workspaces.recheck()
        return await self._recheck(None)

    async def _recheck(self, user_ids: Collection[UserId] | None) -> Sequence[Step]:
        await self.receipts.settled()
        await self.channels.recheck(user_ids)
        return ()

    async def _member_gone(self, workspace_id: WorkspaceId, user_id: UserId) -> Sequence[Step]:
        await self.receipts.settled()
        others = await self.workspaces.member_gone(workspace_id, user_id)
        await self._recheck((user_id,))
        concerned = await self._of_the_connected(both_ways(user_id, others))
        return [self._hiding(part) for part in parts(concerned)]

    async def _channel_gone(
        self, channel_id: ChannelId, workspace_id: WorkspaceId
    ) -> Sequence[Step]:
        await self.receipts.settled()
        await self.channels.deleted(channel_id)
        await self.workspaces.channel_deleted(channel_id, workspace_id)
        return ()

    async def _user_gone(self, user_id: UserId) -> Sequence[Step]:
        await self.hub.end_users((user_id,))
        return ()

    async def _conversation_gone(
        self, channel_id: ChannelId, pairs: Sequence[Pair]
    ) -> Sequence[Step]:
        """A peer is shown as offline even if they are no longer announced as online: if their
        account was deleted, the announcement that they are offline had no audience any more.
        """
        await self.receipts.settled()
        concerned = await self._of_the_connected(pairs)
        deliveries: list[Delivery] = []
        now = datetime.now(UTC)
        async with self.pairs.hold(concerned):
            views = await self.relations.peer_views(concerned)
            for (user_id, peer), view in zip(concerned, views, strict=True):
                to_user = ToUsers((user_id,))
                deliveries += self.typing.stopped(peer, user_id)
                if not self.presence.knows(view):
                    self.presence.shown(peer, user_id, online=False)
                    deliveries.append(Delivery(PresenceChanged(peer, online=False), to_user))
                revoked = ConversationRevoked(user_id, peer, channel_id, now)
                deliveries.append(Delivery(revoked, to_user))
            await self.hub.broadcast(deliveries)
        return ()

    async def _follow_ended(self, pairs: Sequence[Pair]) -> Sequence[Step]:
        """A block, which ends follows too, is a change of its own, which does all but presence."""
        (view,) = await self.relations.peer_views(pairs[:1])
        if view.blocked:
            return await self._hide_presence(await self._of_the_connected(pairs))
        return await self._notify(pairs, lambda _: True)

    async def _profile_closed(self, user_id: UserId) -> Sequence[Step]:
        """Check the conversations of the user, which may be many, a few at a time, and the pairs
        with a typing indicator, which may have no conversation.
        """
        pairs = both_ways(user_id, await self.relations.conversation_peers(user_id))
        pairs += sorted(self.typing.concerning(user_id) - set(pairs))
        concerned = await self._of_the_connected(pairs)
        joined = Step(partial(self._recheck_dms, user_id), None)
        return [joined, *(self._step(part, ACQUAINTED) for part in parts(concerned))]

    async def _recheck_dms(self, user_id: UserId) -> Sequence[Step]:
        """Check joined dms of the user, also those without messages, which are no conversations."""
        await self.receipts.settled()
        await self.channels.recheck_places(self.hub.in_dms_of(user_id))
        return ()

    async def _of_the_connected(self, pairs: Sequence[Pair]) -> Sequence[Pair]:
        """The pairs whose first user has a connection. The others get no event; typing indicators
        that they would see end without one.
        """
        await self.hub.barrier()  # connections that were being let in before are registered now
        connected = [pair for pair in pairs if self.hub.is_connected(pair[0])]
        for user_id, peer in set(pairs) - set(connected):
            self.typing.stopped(peer, user_id)
        return connected

    async def _notify(self, pairs: Sequence[Pair], knew: Knew) -> Sequence[Step]:
        """End what each pair's first user may no longer see of the second."""
        await self.receipts.settled()
        concerned = await self._of_the_connected(pairs)
        if not concerned:
            return ()
        async with self.pairs.hold(concerned):
            closed = await self._notify_pairs(concerned, knew)
        await self.channels.recheck_places(closed)
        return ()

    async def _notify_pairs(
        self, pairs: Sequence[Pair], knew: Knew
    ) -> Sequence[tuple[UserId, ChannelId]]:
        """Returns the users with the conversations that they may no longer see. Everything is
        looked up before typing is ended: if that fails, the right may be back at the next try. A
        user who could not know that a peer was online gets no event that the peer is offline: it
        would reveal that they were online.
        """
        deliveries: list[Delivery] = []
        closed: list[tuple[UserId, ChannelId]] = []
        now = datetime.now(UTC)
        views = await self.relations.peer_views(pairs)
        hidden = [pair for pair, view in zip(pairs, views, strict=True) if view.blocked]
        gone = await self.sight.in_rooms(hidden, online=False) if hidden else []
        for (user_id, peer), view in zip(pairs, views, strict=True):
            if not view.may_see:
                deliveries += self.typing.stopped(peer, user_id)
            if self.presence.is_for_everybody or knew(view):
                deliveries += self._no_longer_known((user_id, peer), view)
            if not view.may_see and view.channel_id is not None:
                revoked = ConversationRevoked(user_id, peer, view.channel_id, now)
                deliveries.append(Delivery(revoked, ToUsers((user_id,))))
                closed.append((user_id, view.channel_id))
        for user_id, peer in hidden:  # in the rooms where both are
            deliveries += self.typing.hidden(peer, user_id)
        await self.hub.broadcast([*deliveries, *gone])
        return closed
