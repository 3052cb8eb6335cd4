"""Who comes is told who is there: on a new connection, in a channel, in workspaces.

Guarantees: a connection is told of those whom its user may know to be online, in a dm too, never
across a block, of a bounded number of them, after the first event of where it came to. What changes
while that is looked up counts: who has left again is told nothing. While the store is unreachable
it waits. Must not know: sockets, dialects, SQL.
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

MAX_TOLD: Final = 500  # people in one place
RETRY_SECONDS: Final = 1.0


@frozen(eq=False)
class _Arrival:
    """A connection that came: to the hub (None), to a channel, or to a workspace.

    `lookup`: has what changed since the place was looked up.
    """

    client: Client
    place: Channel | Workspace | None
    lookup: Lookup

    @property
    def room(self) -> Room | None:
        """Where it is, unless it has left again."""
        match self.place:
            case Channel(id=channel_id):
                return ChannelRoom(channel_id)
            case Workspace(id=workspace_id):
                return WorkspaceRoom(workspace_id)
            case None:
                return None


class Arrivals:
    """Tells connections who is there.

    Args:
        relations: names whom users may know of, a batch at a time.
        presence: who is online.
        in_channels: who is in which channel.
        hub: has the rooms, and delivers.
    """

    def __init__(
        self, relations: Relations, presence: Presence, in_channels: ChannelPresences, hub: Hub
    ) -> None:
        self._relations = relations
        self._presence = presence
        self._in_channels = in_channels
        self._hub = hub
        self._arrivals = Batcher(self._tell, turns=GATHERING_TURNS)

    async def connected(self, client: Client) -> None:
        """A connection was registered."""
        if PresenceChanged in client.wire.tells:
            await self._arrivals.put(_Arrival(client, None, self.begin()))

    async def joined(self, client: Client, channel: Channel) -> None:
        """A connection joined a channel."""
        if ChannelPresence in client.wire.tells:
            await self._arrivals.put(_Arrival(client, channel, self.begin()))

    async def identified(
        self, client: Client, workspaces: Iterable[Workspace], lookup: Lookup
    ) -> None:
        """A connection follows its user's workspaces from now on, which were found by a lookup."""
        if WorkspacePresence in client.wire.tells:
            for workspace in workspaces:
                await self._arrivals.put(_Arrival(client, workspace, lookup))

    def begin(self) -> Lookup:
        """A lookup of where a connection comes to."""
        return self._presence.corrections.begin()

    def belongs(self, user_id: UserId, workspace_id: WorkspaceId, *, is_member: bool) -> None:
        """From now on a user is seen in a workspace, or is not, whatever was looked up before."""
        self._presence.corrections.note(user_id, WorkspaceRoom(workspace_id), knows=is_member)

    async def run(self) -> None:
        """Tell them until cancelled."""
        await self._arrivals.serve()

    async def _tell(self, batch: Sequence[_Arrival]) -> None:
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
        """What the users may know of others."""
        by_audience = {each.client.user.id for each in arrivals if self._asks_for_audience(each)}
        by_blocks = {each.client.user.id for each in arrivals if not self._asks_for_audience(each)}
        relations = self._relations
        return _Seen(
            await relations.presence_audience(sorted(by_audience)) if by_audience else {},
            await relations.blocked_either_way(by_blocks) if by_blocks else {},
        )

    def _asks_for_audience(self, arrival: _Arrival) -> bool:
        """Whether it is shown only whom its user may know to be online: not where all see each
        other, but for who blocks them.
        """
        is_shared = isinstance(arrival.place, Channel) and arrival.place.pair is None
        return not (
            is_shared or isinstance(arrival.place, Workspace) or self._presence.is_for_everybody
        )

    def _deliveries(self, arrivals: Sequence[_Arrival], seen: "_Seen") -> list[Delivery]:
        told: dict[tuple[Room | None, Event], list[Client]] = {}
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
            for event in islice(events, MAX_TOLD):
                told.setdefault((arrival.room, event), []).append(arrival.client)
        return [
            Delivery(event, ToClients(clients, room)) for (room, event), clients in told.items()
        ]

    def _others(
        self, arrival: _Arrival, among: frozenset[UserId] | None
    ) -> Iterator[tuple[UserId, Event]]:
        """The others who are where somebody came to, `among` these (None: all), and the event that
        shows each.
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
    """Whom some users may know to be online, and who is hidden from the others."""

    audiences: Mapping[UserId, frozenset[UserId]]
    blocked: Mapping[UserId, frozenset[UserId]]
