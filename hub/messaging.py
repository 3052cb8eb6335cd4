"""The Gate: messages from draft to committed, then to everybody who may see them.

Guarantees: a message is acknowledged and delivered only after its commit; permission is checked in
the statement that stores it; messages of one channel are committed and delivered in the order they
were accepted, because a channel always takes the same lane and a lane has one statement in flight.
Must not know: sockets, JSON, SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import structlog
import trio
from attrs import frozen

from hub.batching import Batcher
from hub.client import Client
from hub.continuity import Continuity
from hub.hub import Hub
from hub.letters import ChannelRoom, Delivery, Room, ToClient, ToRooms, ToUsers, WorkspaceRoom
from hub.typing import TypingIndicators
from persistence.interface import Messages
from persistence.records import Draft, Outcome, Posted, StoreUnavailable
from protocol.events import ChannelMessagePosted, MessageConfirmed, PrivateMessagePosted
from protocol.model import Channel, Message, MessageId, User, UserId

log = structlog.get_logger(__name__)

RECHECK_SECONDS: Final = 0.5

Settlement: TypeAlias = Outcome | StoreUnavailable
Settle: TypeAlias = Callable[[Settlement], None]


@frozen
class _Submission:
    author: User
    draft: Draft
    settle: Settle
    besides: Client | None
    confirm: Client | None


class _Lane:
    """Commits one batch after the other and has what was committed told, without holes.

    Args:
        messages: the log.
        hub: told of what was committed.
        typing: told that an author's typing is over.
        continuity: knows what was told.
        settle: hears what became of each submission.
    """

    def __init__(
        self,
        messages: Messages,
        hub: Hub,
        typing: TypingIndicators,
        continuity: Continuity,
        settle: Callable[[_Submission, Settlement], None],
    ) -> None:
        self._messages = messages
        self._hub = hub
        self._typing = typing
        self._continuity = continuity
        self._settle = settle
        self._in_doubt = trio.Event()
        # None: there is nothing to store, but something to look up
        self._batcher: Batcher[_Submission | None] = Batcher(self._commit)

    async def put(self, submission: _Submission) -> None:
        """Have a draft stored. Waits only while the queue is full."""
        await self._batcher.put(submission)

    async def serve(self) -> None:
        """Work off what was put until cancelled."""
        await self._batcher.serve()

    async def recheck(self) -> None:
        """Look up what is in doubt, also when nobody sends, until cancelled."""
        while True:
            await self._in_doubt.wait()
            self._in_doubt = trio.Event()
            await trio.sleep(RECHECK_SECONDS)
            await self._batcher.put(None)

    async def _commit(self, batch: Sequence[_Submission | None]) -> None:
        submissions = [each for each in batch if each is not None]
        outcomes: Sequence[Settlement] = []
        try:
            if submissions:
                outcomes = await self._messages.post([each.draft for each in submissions])
        except StoreUnavailable as error:
            log.warning("messages_not_stored", count=len(submissions), reason=str(error))
            outcomes = [error] * len(submissions)
        deliveries: list[Delivery] = []
        later: dict[MessageId, _Submission] = {}
        for submission, outcome in zip(submissions, outcomes, strict=True):
            match outcome:
                case Posted(message=message, repeated=False):
                    if self._continuity.follows(message):
                        deliveries += self._told(outcome, submission)
                    else:
                        later[message.id] = submission
                case Posted(message=message):
                    self._continuity.suspect(message)
                case StoreUnavailable():
                    self._continuity.doubt(submission.draft)
                case _:
                    pass
        if self._continuity.in_doubt:
            deliveries += await self._missing(later)
        await self._hub.broadcast(deliveries)
        for submission, outcome in zip(submissions, outcomes, strict=True):
            self._settle(submission, outcome)

    def _told(self, posted: Posted, submission: _Submission) -> list[Delivery]:
        """What everybody is told of a message, and its author's connection if it asked for it."""
        told = self._typing.stopped_by_message(submission.draft)
        told += deliveries_of(posted, submission.author, submission.besides)
        if submission.confirm is not None:
            told.append(_confirmation(posted.message, submission.confirm))
        return told

    async def _missing(self, submissions: Mapping[MessageId, _Submission]) -> list[Delivery]:
        """What everybody is told of messages that are in the log and were not told."""
        told: list[Delivery] = []
        try:
            while self._continuity.in_doubt:
                for found in await self._continuity.missing():
                    submission = submissions.get(found.posted.message.id)
                    if submission is not None:
                        told += self._told(found.posted, submission)
                    else:
                        log.info("message_found", message_id=found.posted.message.id)
                        told += deliveries_of(found.posted, found.author)
        except StoreUnavailable as error:
            log.warning("missing_not_read", reason=str(error))
            self._in_doubt.set()
        return told


class Messaging:
    """Accepts messages.

    Args:
        messages: the log.
        hub: told of what was committed.
        typing: told that an author's typing is over.
        continuities: one for each lane; a lane has one statement in flight.
    """

    def __init__(
        self,
        messages: Messages,
        hub: Hub,
        typing: TypingIndicators,
        continuities: Sequence[Continuity],
    ) -> None:
        self._typing = typing
        self._lanes = [
            _Lane(messages, hub, typing, continuity, self._settle) for continuity in continuities
        ]
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
                nursery.start_soon(lane.recheck)

    async def drain(self) -> None:
        """Accept nothing more; return when everything accepted was settled and told."""
        self._stopping = True
        if self._unsettled:
            await self._settled_all.wait()

    def _lane(self, draft: Draft, dm: tuple[UserId, UserId] | None) -> _Lane:
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

    def _settle(self, submission: _Submission, settlement: Settlement) -> None:
        submission.settle(settlement)
        self._forget(1)


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
