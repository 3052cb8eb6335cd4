"""Sends the presence of others to a connection that arrives: at the hub, in a channel or workspace.

Guarantees: a connection gets presence events only of users whose presence its user may see, in a dm
too, never across a block; at most `MAX_EVENTS` events for each arrival; and only after the first
event of the channel or workspace. Changes made while the lookup runs are applied to its result, and
a connection that has left meanwhile gets nothing. While the store is unreachable, arrivals wait.
Must not know: sockets, dialects, SQL.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

import structlog
import trio
from attrs import frozen

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room, ToClients, WorkspaceRoom
from hub.batching import GATHERING_TURNS, Batcher
from hub.services.presence.channels import ChannelPresences
from hub.services.presence.corrections import Lookup
from hub.services.presence.users import Presence
from persistence.interface import Relations
from persistence.records import StoreUnavailable
from protocol.events import ChannelPresence, Event, PresenceChanged, WorkspacePresence
from protocol.model import Channel, UserId, Workspace, WorkspaceId

log = structlog.get_logger(__name__)

MAX_EVENTS: Final = 500  # presence events for one arrival
RETRY_SECONDS: Final = 1.0


@frozen(eq=False)
class _Arrival:
    """A connection that arrived: at the hub (None), in a channel, or in a workspace.

    `lookup`: has the changes since the channel or workspace was looked up.
    """

    client: Client
    place: Channel | Workspace | None
    lookup: Lookup

    @property
    def room(self) -> Room | None:
        """The room in which the connection is, unless it has left again."""
        match self.place:
            case Channel(id=channel_id):
                return ChannelRoom(channel_id)
            case Workspace(id=workspace_id):
                return WorkspaceRoom(workspace_id)
            case None:
                return None


class Arrivals:
    """Sends the presence of others to connections.

    Args:
        relations: returns the audiences and blocks of users, a batch at a time.
        presence: has the users that are online.
        in_channels: has the users that are in each channel.
        hub: has the rooms, and delivers.
    """

    def __init__(
        self, relations: Relations, presence: Presence, in_channels: ChannelPresences, hub: Hub
    ) -> None:
        self._relations = relations
        self._presence = presence
        self._in_channels = in_channels
        self._hub = hub
        self._arrivals = Batcher(self._send, turns=GATHERING_TURNS)

    async def connected(self, client: Client) -> None:
        """A connection was registered."""
        if PresenceChanged in client.wire.encodes:
            await self._arrivals.put(_Arrival(client, None, self.begin()))

    async def joined(self, client: Client, channel: Channel) -> None:
        """A connection joined a channel."""
        if ChannelPresence in client.wire.encodes:
            await self._arrivals.put(_Arrival(client, channel, self.begin()))

    async def identified(
        self, client: Client, workspaces: Iterable[Workspace], lookup: Lookup
    ) -> None:
        """A connection follows its user's workspaces from now on, which were found by a lookup."""
        if WorkspacePresence in client.wire.encodes:
            for workspace in workspaces:
                await self._arrivals.put(_Arrival(client, workspace, lookup))

    def begin(self) -> Lookup:
        """Begin a lookup of what a connection is about to follow; it collects changes meanwhile."""
        return self._presence.corrections.begin()

    def belongs(self, user_id: UserId, workspace_id: WorkspaceId, *, is_member: bool) -> None:
        """From now on a user is shown in a workspace, or is not, whatever was looked up before."""
        self._presence.corrections.note(user_id, WorkspaceRoom(workspace_id), knows=is_member)

    async def run(self) -> None:
        """Send presence to arriving connections until cancelled."""
        await self._arrivals.serve()

    async def _send(self, batch: Sequence[_Arrival]) -> None:
        waiting = [each for each in batch if any(True for _ in self._others(each, None))]
        while waiting:
            try:
                seen = await self._look_up(waiting)
            except StoreUnavailable as error:
                log.warning("arrivals_not_told", count=len(waiting), reason=str(error))
                await trio.sleep(RETRY_SECONDS)
                continue
            await self._hub.broadcast(self._deliveries(waiting, seen))
            return

    async def _look_up(self, arrivals: Sequence[_Arrival]) -> "_Seen":
        """Look up which others the users of these arrivals may see."""
        by_audience = {each.client.user.id for each in arrivals if self._asks_for_audience(each)}
        by_blocks = {each.client.user.id for each in arrivals if not self._asks_for_audience(each)}
        relations = self._relations
        return _Seen(
            await relations.presence_audience(sorted(by_audience)) if by_audience else {},
            await relations.blocked_either_way(by_blocks) if by_blocks else {},
        )

    def _asks_for_audience(self, arrival: _Arrival) -> bool:
        """Whether the arrival is shown only users that its user may know to be online. Where all
        see each other, it is shown everyone, except across a block.
        """
        is_shared = isinstance(arrival.place, Channel) and arrival.place.pair is None
        return not (
            is_shared or isinstance(arrival.place, Workspace) or self._presence.is_for_everybody
        )

    def _deliveries(self, arrivals: Sequence[_Arrival], seen: "_Seen") -> list[Delivery]:
        receivers: dict[tuple[Room | None, Event], list[Client]] = {}
        for arrival in arrivals:
            me = arrival.client.user.id
            if self._asks_for_audience(arrival):
                known = arrival.lookup.seen(seen.audiences[me], me, knows=True)
                events = (event for _, event in self._others(arrival, known))
            else:
                hidden = arrival.lookup.seen(seen.blocked[me], me, knows=False)
                events = (
                    event for user_id, event in self._others(arrival, None) if user_id not in hidden
                )
            for event in islice(events, MAX_EVENTS):
                receivers.setdefault((arrival.room, event), []).append(arrival.client)
        return [
            Delivery(event, ToClients(clients, room))
            for (room, event), clients in receivers.items()
        ]

    def _others(
        self, arrival: _Arrival, among: frozenset[UserId] | None
    ) -> Iterator[tuple[UserId, Event]]:
        """The other users who are where the connection arrived, `among` these (None: all), and the
        event that shows each.
        """
        me, online = arrival.client.user.id, self._presence.announced()
        match arrival.place:
            case None:
                for user_id in online if among is None else sorted(among & online):
                    if user_id != me:
                        yield user_id, PresenceChanged(user_id, online=True)
            case Workspace(id=workspace_id, members=members):
                room, changed = WorkspaceRoom(workspace_id), arrival.lookup.changed
                for user_id in members:
                    is_member = changed.get((user_id, room), True)
                    if is_member and user_id in online and user_id != me:
                        yield user_id, WorkspacePresence(workspace_id, user_id, online=True)
            case Channel(id=channel_id):
                for event in self._in_channels.present(channel_id):
                    if event.user_id != me and (among is None or event.user_id in among):
                        yield event.user_id, event


@frozen
class _Seen:
    """By user: those that they may know to be online, or those that blocks hide from them."""

    audiences: Mapping[UserId, frozenset[UserId]]
    blocked: Mapping[UserId, frozenset[UserId]]
