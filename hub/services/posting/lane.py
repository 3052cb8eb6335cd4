"""A lane: one batch of messages after the other, from draft to told.

Guarantees: one statement in flight, so what takes the same lane is committed and told in the order
it was put, and who sent it hears the outcome after that; what was stored though nobody could say so
is told as soon as the log can be read, and before anything newer; nobody waits longer than
`SEND_SECONDS` for a store that does not answer.
Must not know: sockets, JSON, SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias, assert_never

import structlog
import trio
from attrs import frozen

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room, ToClient, ToRooms, ToUsers, WorkspaceRoom
from hub.batching import Batcher
from hub.services.posting.continuity import Continuity
from hub.services.typing import TypingIndicators
from persistence.interface import Messages
from persistence.records import Draft, Outcome, StoreUnavailable
from protocol.events import ChannelMessagePosted, MessageConfirmed, PrivateMessagePosted
from protocol.model import ChannelId, Message, MessageId, Posted, Refusal, User, UserId

log = structlog.get_logger(__name__)

SEND_SECONDS: Final = 2.0  # then the outcome counts as unknown
RECHECK_SECONDS: Final = 0.5

Settlement: TypeAlias = Outcome | StoreUnavailable
Settle: TypeAlias = Callable[[Settlement], None]


@frozen
class Submission:
    """A draft, who hears what becomes of it, and who is told of it how; see `Messaging`."""

    author: User
    draft: Draft
    settle: Settle
    besides: Client | None
    confirm: Client | None


class Lane:
    """Commits one batch after the other and has what was committed told, without holes.

    Args:
        messages: the log.
        hub: told of what was committed.
        typing: told that an author's typing is over.
        continuity: knows what was told.
        is_followed: whether anybody has joined a channel; if not, nobody is told in it.
        settle: hears what became of each submission.
    """

    def __init__(
        self,
        messages: Messages,
        hub: Hub,
        typing: TypingIndicators,
        continuity: Continuity,
        is_followed: Callable[[ChannelId], bool],
        settle: Callable[[Submission, Settlement], None],
    ) -> None:
        self._messages = messages
        self._hub = hub
        self._typing = typing
        self._continuity = continuity
        self._is_followed = is_followed
        self._settle = settle
        self._in_doubt = trio.Event()
        # None: there is nothing to store, but something to look up
        self._batcher: Batcher[Submission | None] = Batcher(self._commit)

    async def put(self, submission: Submission) -> None:
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

    async def _commit(self, batch: Sequence[Submission | None]) -> None:
        submissions = [each for each in batch if each is not None]
        try:
            outcomes = await self._post(submissions) if submissions else ()
        except StoreUnavailable as error:
            log.warning("messages_not_stored", count=len(submissions), reason=str(error))
            self._give_up(submissions, error)
            return
        deliveries: list[Delivery] = []
        later: dict[MessageId, Submission] = {}
        for submission, outcome in zip(submissions, outcomes, strict=True):
            match outcome:
                case Posted(message=message, repeated=False):
                    if self._continuity.follows(message):
                        deliveries += self._told(outcome, submission)
                    else:
                        later[message.id] = submission
                case Posted(message=message):
                    self._continuity.suspect(message)
                case Refusal():
                    pass
                case _:
                    assert_never(outcome)
        if self._continuity.in_doubt:
            deliveries += await self._missing(later)
        settled = partial(self._settle_all, submissions, outcomes)
        await self._hub.broadcast(deliveries, settled)

    def _settle_all(self, submissions: Sequence[Submission], outcomes: Sequence[Outcome]) -> None:
        for submission, outcome in zip(submissions, outcomes, strict=True):
            self._settle(submission, outcome)

    async def _post(self, submissions: Sequence[Submission]) -> Sequence[Outcome]:
        """Raises StoreUnavailable: it is away, or does not answer in time."""
        with trio.move_on_after(SEND_SECONDS):
            return await self._messages.post([each.draft for each in submissions])
        raise StoreUnavailable("no answer in time")

    def _give_up(self, submissions: Sequence[Submission], error: StoreUnavailable) -> None:
        """Nobody knows whether these were stored; those that wait behind them were not sent."""
        for submission in submissions:
            self._continuity.doubt(submission.draft)
            self._settle(submission, error)
        for waiting in self._batcher.take_waiting():
            if waiting is not None:
                self._settle(waiting, error)
        self._in_doubt.set()

    def _told(self, posted: Posted, submission: Submission) -> list[Delivery]:
        """What everybody is told of a message, and its author's connection if it asked for it."""
        told = self._typing.stopped_by_message(submission.draft)
        told += self._deliveries(posted, submission.author, submission.besides)
        if submission.confirm is not None:
            told.append(_confirmation(posted.message, submission.confirm))
        return told

    def _deliveries(self, posted: Posted, author: User, besides: Client | None) -> list[Delivery]:
        """Without those that would reach nobody."""
        message = posted.message
        if message.recipient_id is None or self._is_followed(message.channel_id):
            return deliveries_of(posted, author, besides)
        return [_private_delivery(message, author, message.recipient_id)]

    async def _missing(self, submissions: Mapping[MessageId, Submission]) -> list[Delivery]:
        """What everybody is told of messages that are in the log and were not told."""
        told: list[Delivery] = []
        with trio.move_on_after(SEND_SECONDS) as patience:
            await self._read_missing(submissions, told)
        if patience.cancelled_caught:
            self._in_doubt.set()
        return told

    async def _read_missing(
        self, submissions: Mapping[MessageId, Submission], told: list[Delivery]
    ) -> None:
        try:
            while self._continuity.in_doubt:
                for found in await self._continuity.missing():
                    submission = submissions.get(found.posted.message.id)
                    if submission is not None:
                        told += self._told(found.posted, submission)
                    else:
                        log.info("message_found", message_id=found.posted.message.id)
                        told += self._deliveries(found.posted, found.author, None)
        except StoreUnavailable as error:
            log.warning("missing_not_read", reason=str(error))
            self._in_doubt.set()


def _confirmation(message: Message, client: Client) -> Delivery:
    joined = message.channel_id in client.channels
    return Delivery(MessageConfirmed(message, joined), ToClient(client))


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
        deliveries.append(_private_delivery(message, author, message.recipient_id))
    return deliveries


def _private_delivery(message: Message, author: User, recipient_id: UserId) -> Delivery:
    event = PrivateMessagePosted(message, author, recipient_id)
    return Delivery(event, ToUsers((message.author_id, recipient_id)))
