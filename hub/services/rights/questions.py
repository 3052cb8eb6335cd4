"""Questions: events for what a user is asked by others, and for what was decided.

Guarantees: after a message request was accepted or declined, or an invitation to a workspace was
made, withdrawn, accepted or declined, wherever that was done, all connections of the user who was
asked get an event, and no others. Must not know: sockets, dialects, SQL.
"""

from collections.abc import Sequence
from functools import partial
from typing import assert_never

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery, ToUsers
from hub.services.rights.changes import Step
from hub.services.rights.pairs import Pairs
from persistence.changes import (
    InvitationChanged,
    Question,
    RequestDecided,
)
from persistence.interface import Invitations, Relations
from protocol.events import Event, InvitationsChanged, RequestChanged
from protocol.model import UserId


@frozen
class Questions:
    """Sends users the events for their message requests and invitations.

    Args:
        relations: has the message requests.
        invitations: has the invitations.
        pairs: the pairs that are being acted on, so that a later event has a later lookup.
        hub: delivers the events.
    """

    relations: Relations
    invitations: Invitations
    pairs: Pairs
    hub: Hub

    def begin(self, change: Question) -> Step:
        """The step after a change. No connection is closed if it fails: none got too much."""
        match change:
            case RequestDecided(user_id=user_id, peer_id=peer_id):
                return Step(partial(self._request, user_id, peer_id), ())
            case InvitationChanged(user_id=user_id):
                return Step(partial(self._invitations, user_id), ())
            case _:
                assert_never(change)

    async def _request(self, user_id: UserId, peer_id: UserId) -> Sequence[Step]:
        if self.hub.is_connected(user_id):
            async with self.pairs.hold([(user_id, peer_id)]):
                is_waiting = await self.relations.is_waiting(user_id, peer_id)
                await self._send(user_id, RequestChanged(user_id, peer_id, is_waiting=is_waiting))
        return ()

    async def _invitations(self, user_id: UserId) -> Sequence[Step]:
        if self.hub.is_connected(user_id):
            async with self.pairs.hold([(user_id, user_id)]):
                found = await self.invitations.of_user(user_id)
                await self._send(user_id, InvitationsChanged(user_id, len(found)))
        return ()

    async def _send(self, user_id: UserId, event: Event) -> None:
        await self.hub.broadcast((Delivery(event, ToUsers((user_id,))),))
