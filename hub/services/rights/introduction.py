"""Introductions: when a relation between two users begins, each gets the presence of the other.

Guarantees: after an accepted follow, the first reply in a conversation, the end of a block, a
profile made public, or a new membership of a workspace, wherever the change was made, both are
shown to each other at once, as far as the policy allows it, and a new member after the notice of
the membership.
Must not know: sockets, dialects, SQL.
"""

from collections.abc import Sequence
from functools import partial
from typing import assert_never

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from hub.services.presence.users import Presence
from hub.services.rights.changes import Step
from hub.services.rights.pairs import Pair, Pairs, both_ways, parts
from hub.services.rights.sight import Sight
from hub.services.workspaces import Workspaces
from persistence.changes import (
    BlockEnded,
    Gain,
    MemberCame,
    PairMet,
    ProfileOpened,
)
from persistence.interface import Relations
from protocol.model import UserId, WorkspaceId


@frozen
class Introductions:
    """Shows users to each other after changes that allow it.

    Args:
        relations: has the policy.
        workspaces: has the connections of each workspace.
        presence: has the users that are online.
        sight: shows users to each other where both are.
        pairs: the pairs that are being acted on.
        hub: delivers the events.
    """

    relations: Relations
    workspaces: Workspaces
    presence: Presence
    sight: Sight
    pairs: Pairs
    hub: Hub

    def begin(self, change: Gain) -> Step:
        """The first step after a change. No connection is closed if it fails: none got too much."""
        match change:
            case PairMet(one=one, other=other):
                return self._step(((one, other), (other, one)), in_rooms=False)
            case BlockEnded(one=one, other=other):
                return self._step(((one, other), (other, one)), in_rooms=True)
            case ProfileOpened(user_id=user_id):
                return Step(partial(self._profile_opened, user_id), ())
            case MemberCame(workspace_id=workspace_id, user_id=user_id):
                return Step(partial(self._member_came, workspace_id, user_id), ())
            case _:
                assert_never(change)

    def _step(self, pairs: Sequence[Pair], *, in_rooms: bool) -> Step:
        return Step(partial(self._introduce, pairs, in_rooms=in_rooms), ())

    async def _profile_opened(self, user_id: UserId) -> Sequence[Step]:
        pairs = both_ways(user_id, await self.relations.conversation_peers(user_id))
        return [self._step(part, in_rooms=False) for part in parts(self._present(pairs))]

    async def _member_came(self, workspace_id: WorkspaceId, user_id: UserId) -> Sequence[Step]:
        workspace = await self.workspaces.came(workspace_id, user_id)
        if workspace is None:
            return ()
        pairs = self._present(both_ways(user_id, workspace.members))
        return [self._step(part, in_rooms=True) for part in parts(pairs)]

    def _present(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs whose first user is connected and whose second one is online."""
        is_online, is_connected = self.presence.is_online, self.hub.is_connected
        return [pair for pair in pairs if is_connected(pair[0]) and is_online(pair[1])]

    async def _introduce(self, pairs: Sequence[Pair], *, in_rooms: bool) -> Sequence[Step]:
        """Show each pair's second user to the first, if that one may know that they are online."""
        await self.hub.barrier()  # connections that were being let in before are registered now
        present = self._present(pairs)
        if not present:
            return ()
        async with self.pairs.hold(present):
            views = await self.relations.peer_views(present)
            deliveries: list[Delivery] = []
            met: list[Pair] = []
            for (user_id, peer), view in zip(present, views, strict=True):
                if self.presence.knows(view):
                    dm = None if in_rooms else view.channel_id
                    deliveries += self.sight.known((user_id, peer), dm, online=True)
                    met.append((user_id, peer))
            if in_rooms and met:
                deliveries += await self.sight.in_rooms(met, online=True)
            await self.hub.broadcast(deliveries)
        return ()
