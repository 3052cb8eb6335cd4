"""The Gate: messages from draft to committed, then to everybody who may see them.

Guarantees: a message is acknowledged and delivered only after its commit; permission is checked in
the statement that stores it; messages of one channel are committed and delivered in the order they
were accepted, because a channel always takes the same lane and a lane has one statement in flight.
Must not know: sockets, JSON, SQL.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog
import trio
from attrs import frozen

from hub.batching import Batcher
from hub.client import Client
from hub.hub import Hub
from hub.letters import ChannelRoom, Delivery, Room, ToClient, ToRooms, ToUsers, WorkspaceRoom
from hub.typing import TypingIndicators
from persistence.interface import Messages
from persistence.records import Draft, Outcome, Posted, StoreUnavailable
from protocol.events import ChannelMessagePosted, MessageConfirmed, PrivateMessagePosted
from protocol.model import Channel, Message, User, UserId

log = structlog.get_logger(__name__)

Settlement: TypeAlias = Outcome | StoreUnavailable
Settle: TypeAlias = Callable[[Settlement], None]


@frozen
class _Submission:
    author: User
    draft: Draft
    settle: Settle
    besides: Client | None
    confirm: Client | None


class Messaging:
    """Accepts messages.

    Args:
        messages: the log.
        hub: told of what was committed.
        typing: told that an author's typing is over.
        lanes: statements in flight at a time.
    """

    def __init__(
        self, messages: Messages, hub: Hub, typing: TypingIndicators, *, lanes: int
    ) -> None:
        self._messages = messages
        self._hub = hub
        self._typing = typing
        self._lanes = [Batcher(self._commit) for _ in range(lanes)]
        self._unsettled = 0
        self._stopping = False
        self._settled_all = trio.Event()

    async def submit(
        self,
        author: User,
        draft: Draft,
        settle: Settle,
        *,
        dm: tuple[UserId, UserId] | None = None,
        besides: Client | None = None,
        confirm: Client | None = None,
    ) -> None:
        """Accept a message; `settle` is called once, with what became of it. Must not wait itself.

        Waits only while the lane's queue is full. Once stopping, every message is settled as
        StoreUnavailable at once: it was not stored, and trying elsewhere is safe.

        Args:
            author: whose message it is.
            draft: the message; a participant's draft for a dm names the recipient.
            settle: hears of the outcome.
            dm: the two people, when the assistant writes into their dm channel.
            besides: a connection that is not told.
            confirm: one that is told that the message was stored, in its place among the others.
        """
        if self._stopping:
            settle(StoreUnavailable("stopping"))
            return
        self._unsettled += 1
        self._typing.message_accepted(draft)
        try:
            await self._lane(draft, dm).put(_Submission(author, draft, settle, besides, confirm))
        except BaseException:
            self._forget(1)
            raise

    async def send(
        self,
        author: User,
        draft: Draft,
        *,
        dm: tuple[UserId, UserId] | None = None,
        besides: Client | None = None,
        confirm: Client | None = None,
    ) -> Outcome:
        """Accept a message and wait for its commit.

        Raises:
            StoreUnavailable: whether it was stored is unknown; repeating with the same key is safe.
        """
        settled = trio.Event()
        settlements: list[Settlement] = []

        def settle(settlement: Settlement) -> None:
            settlements.append(settlement)
            settled.set()

        await self.submit(author, draft, settle, dm=dm, besides=besides, confirm=confirm)
        await settled.wait()
        if isinstance(settlements[0], StoreUnavailable):
            raise settlements[0]
        return settlements[0]

    async def run(self) -> None:
        """Work off what was accepted until cancelled."""
        async with trio.open_nursery() as nursery:
            for lane in self._lanes:
                nursery.start_soon(lane.serve)

    async def drain(self) -> None:
        """Accept nothing more; return when everything accepted was settled and told."""
        self._stopping = True
        if self._unsettled:
            await self._settled_all.wait()

    def _lane(self, draft: Draft, dm: tuple[UserId, UserId] | None) -> Batcher[_Submission]:
        where: object = draft.channel_id
        if dm is not None:
            where = frozenset(dm)
        elif draft.recipient_id is not None:
            where = frozenset((draft.author_id, draft.recipient_id))
        return self._lanes[hash(where) % len(self._lanes)]

    def _forget(self, count: int) -> None:
        self._unsettled -= count
        if self._stopping and not self._unsettled:
            self._settled_all.set()

    async def _commit(self, batch: Sequence[_Submission]) -> None:
        outcomes: Sequence[Settlement]
        try:
            outcomes = await self._messages.post([submission.draft for submission in batch])
        except StoreUnavailable as error:
            log.warning("messages_not_stored", count=len(batch), reason=str(error))
            outcomes = [error] * len(batch)
        deliveries: list[Delivery] = []
        for submission, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Posted) and not outcome.repeated:
                deliveries += self._typing.stopped_by_message(submission.draft)
                deliveries += deliveries_of(outcome, submission.author, submission.besides)
                if submission.confirm is not None:
                    deliveries.append(_confirmation(outcome.message, submission.confirm))
        await self._hub.broadcast(deliveries)
        for submission, outcome in zip(batch, outcomes, strict=True):
            submission.settle(outcome)
        self._forget(len(batch))


def _confirmation(message: Message, client: Client) -> Delivery:
    joined = message.channel_id in client.channels
    return Delivery(MessageConfirmed(message, joined), ToClient(client))


def draft_for(channel: Channel, author_id: UserId, content: str, key: str | None) -> Draft:
    """A draft for a channel; one for a dm names the recipient, so that it takes the pair's lane."""
    peer = channel.peer_of(author_id)
    return Draft(author_id, peer, content, key, channel_id=channel.id if peer is None else None)


def deliveries_of(posted: Posted, author: User, besides: Client | None = None) -> list[Delivery]:
    """Who is told of a committed message: both people of a private one, who has joined the channel,
    and who is told of everything in the workspace.
    """
    message = posted.message
    rooms: list[Room] = [ChannelRoom(message.channel_id)]
    if posted.workspace_id is not None:
        rooms.append(WorkspaceRoom(posted.workspace_id))
    in_channel = ChannelMessagePosted(message, author, posted.workspace_id)
    deliveries = [Delivery(in_channel, ToRooms(rooms, besides=besides))]
    if message.recipient_id is not None:
        private = PrivateMessagePosted(message, author, message.recipient_id)
        deliveries.append(Delivery(private, ToUsers((message.author_id, message.recipient_id))))
    return deliveries
