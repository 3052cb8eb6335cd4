"""Shows the presence of one user to another, or hides it, wherever both are.

Guarantees: what is shown or hidden here is not undone by a lookup that began before. Must not know:
why a user may be shown, dialects, SQL.
"""

from collections.abc import Sequence

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from hub.services.presence.channels import ChannelPresences
from hub.services.presence.users import Presence
from hub.services.rights.pairs import Pair
from persistence.interface import Workspaces
from protocol.events import WorkspacePresence
from protocol.model import ChannelId


@frozen
class Sight:
    """Shows users to each other, and hides them.

    Args:
        presence: has the users that are online.
        in_channels: has the users that are in each channel.
        workspaces: returns the workspaces of users.
        hub: has the rooms.
    """

    presence: Presence
    in_channels: ChannelPresences
    workspaces: Workspaces
    hub: Hub

    def known(self, pair: Pair, dm: ChannelId | None, *, online: bool) -> list[Delivery]:
        """The deliveries that show the peer, also in their dm, to a user who may know from now on
        that they are online; or as offline (`online` is False), when the user may no longer.
        """
        user_id, peer = pair
        return [
            *self.presence.shown(peer, user_id, online=online),
            *self.in_channels.shown_in_dm(dm, peer, user_id, online=online),
        ]

    async def in_rooms(self, pairs: Sequence[Pair], *, online: bool) -> list[Delivery]:
        """The deliveries that show each peer to the user in their common channels and workspaces,
        or hide them there.

        Raises:
            StoreUnavailable: the workspaces cannot be looked up now.
        """
        deliveries: list[Delivery] = []
        for user_id, peer in pairs:
            deliveries += self.in_channels.shown(peer, user_id, online=online)
        if self.hub.encodes(WorkspacePresence):
            workspaces = await self.workspaces.of_users([peer for _, peer in pairs])
            for user_id, peer in pairs:
                theirs = sorted(workspaces[peer])
                deliveries += self.presence.shown_in(theirs, peer, user_id, online=online)
        return deliveries
