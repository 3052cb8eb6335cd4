"""One node of several, without its sockets: its Hub, a lane, and clients that note what they
receive.

Messages of other nodes are stored in its database by the test, and offered to the node as bulletins
would be.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import trio
from attrs import define, field

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Register, Unregister
from hub.actor.link import Frames
from hub.actor.listeners import RoomListeners
from hub.actor.wire import Wire
from hub.cluster.elsewhere import Announcer
from hub.limits.quotas import Quotas
from hub.services.posting.lane import Lane, Settlement
from hub.services.posting.log_watch import LogWatch, begin_log
from hub.services.posting.messaging import Messaging
from hub.services.posting.order import Outgoing
from hub.services.typing.indicators import TypingIndicators
from persistence.contents.revisions import Revised
from persistence.interface import Store
from persistence.records import Draft, NewUser
from protocol.dialects.private_messages import DIALECT
from protocol.engineio.session import Carrier
from protocol.errors import CloseReason
from protocol.events import Connected
from protocol.model import ChannelId, Position, Posted, RevisionPosition, SessionId, User, UserId

HOLD_SECONDS: Final = 0.05


@define
class Notebook:
    """A link that notes the positions of the frames that it is offered."""

    seqs: list[Position] = field(factory=list)
    revs: list[RevisionPosition] = field(factory=list)
    all: list[Position | RevisionPosition] = field(factory=list)
    is_behind: bool = False
    waiting_bytes: int = 0
    close_code: int = 1005
    carrier: Carrier = Carrier.WEBSOCKET

    def offer(self, frames: Frames) -> None:
        match frames.position:
            case Position():
                self.seqs.append(frames.position)
                self.all.append(frames.position)
            case RevisionPosition():
                self.revs.append(frames.position)
                self.all.append(frames.position)
            case _:
                pass

    def flush(self) -> None:
        """Nothing waits."""

    def close(self, reason: CloseReason) -> None:
        """Ignored: the link stays open."""

    async def caught_up(self) -> None:
        """Nothing waits."""


@define
class Node:
    """The node under test."""

    store: Store
    hub: Hub
    messaging: Messaging
    watch: LogWatch
    _quotas: Quotas = field(factory=Quotas)

    @property
    def lane(self) -> Lane:
        """Its only lane."""
        (lane,) = self.messaging.lanes
        return lane

    async def come(self, user: User) -> tuple[Client, Notebook]:
        """Register a connection of a user."""
        notes = Notebook()
        client = Client(user, SessionId(user.id), Wire(DIALECT), notes, self._quotas.of(user.id))
        await self.hub.post(Register(client, Connected(user, datetime.now(UTC), "epoch")))
        await self.hub.barrier()
        return client, notes

    async def go(self, client: Client) -> None:
        """Unregister it."""
        await self.hub.post(Unregister(client))
        await self.hub.barrier()

    async def submit(self, author: User, draft: Draft) -> list[Settlement]:
        """Submit a message at this node; the list gets its outcome once it is known."""
        settled: list[Settlement] = []
        await self.messaging.submit(author, draft, settled.append)
        return settled

    async def elsewhere(self, *drafts: Draft) -> Sequence[Posted]:
        """Store messages as another node does."""
        return [
            posted
            for posted in await self.store.messages.post(drafts)
            if isinstance(posted, Posted)
        ]

    async def hear(self, *posted: Posted) -> None:
        """Receive bulletins of messages that arrived together, in this order."""
        out = Outgoing()
        for each in posted:
            message = each.message
            author = await self.author(message.author_id)
            users = {message.author_id, message.recipient_id} - {None}
            if self.messaging.wants(message.channel_id, each.workspace_id, users):  # type: ignore[arg-type]
                self.lane.receive(each, author, out)
            else:
                self.lane.skip(message.channel_id, message.seq, message.id)
            await out.send(self.hub)
            out = Outgoing()

    async def hear_revised(self, *revised: Revised) -> None:
        """Receive bulletins of revised messages."""
        for each in revised:
            out = Outgoing()
            self.lane.receive_revision(each, None, None, out)
            await out.send(self.hub)

    async def author(self, user_id: UserId) -> User:
        author = await self.store.accounts.get(user_id)
        assert author is not None
        return author

    async def quiet(self) -> None:
        """Wait until every task waits."""
        await trio.testing.wait_all_tasks_blocked()


def seqs(notes: Notebook, channel_id: ChannelId | None = None) -> list[int]:
    """The numbers of the messages that came, in one channel or in all of them."""
    return [each.seq for each in notes.seqs if channel_id in (None, each.channel_id)]


async def new_user(store: Store, name: str) -> User:
    return await store.accounts.create(NewUser(name, "none", username=name))


@asynccontextmanager
async def open_node(store: Store, *, hold_seconds: float = HOLD_SECONDS) -> AsyncIterator[Node]:
    """A node with one lane."""
    hub = Hub(lambda *_, **__: None, RoomListeners())
    typing = TypingIndicators(
        store.relations, store.channels, Announcer(hub), is_followed=hub.is_followed, expiry=5.0
    )
    watch = LogWatch(
        store.log, store.messages, hub, *await begin_log(store, lanes=1, hold_seconds=hold_seconds)
    )
    messaging = Messaging(store.messages, hub, typing, watch, store.revisions)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        nursery.start_soon(messaging.run)
        yield Node(store, hub, messaging, watch)
        nursery.cancel_scope.cancel()
