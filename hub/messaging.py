"""The Gate: private messages from command to committed, then to everybody who may see them.

Guarantees: a message is acknowledged and delivered only after its commit; permission is checked in
the statement that stores it; messages of one conversation are committed and delivered in the order
they were accepted, because a conversation always takes the same lane and a lane has one statement
in flight. Must not know: sockets, JSON, SQL.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import structlog
import trio
from attrs import frozen

from hub.batching import Batcher
from hub.hub import Hub
from hub.letters import Delivery, ToUsers
from hub.typing import TypingIndicators
from persistence.interface import Draft, Messages, Outcome, Posted, StoreUnavailable
from protocol.commands import SendPrivateMessage
from protocol.events import MessagesRead, PrivateMessagePosted
from protocol.model import User, UserId

log = structlog.get_logger(__name__)

Settlement: TypeAlias = Outcome | StoreUnavailable
Settle: TypeAlias = Callable[[Settlement], None]


@frozen
class _Submission:
    draft: Draft
    settle: Settle


class Messaging:
    """Accepts private messages.

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

    async def submit(self, author: User, command: SendPrivateMessage, settle: Settle) -> None:
        """Accept a message; `settle` is called once, with what became of it. Must not wait itself.

        Waits only while the lane's queue is full. Once stopping, every message is settled as
        StoreUnavailable at once: it was not stored, and trying elsewhere is safe.
        """
        if self._stopping:
            settle(StoreUnavailable("stopping"))
            return
        draft = Draft(author.id, command.recipient_id, command.content, command.key)
        self._unsettled += 1
        try:
            await self._lane(draft).put(_Submission(draft, settle))
        except BaseException:
            self._forget(1)
            raise

    async def send(self, author: User, command: SendPrivateMessage) -> Outcome:
        """Accept a message and wait for its commit.

        Raises:
            StoreUnavailable: whether it was stored is unknown; repeating with the same key is safe.
        """
        settled = trio.Event()
        settlements: list[Settlement] = []

        def settle(settlement: Settlement) -> None:
            settlements.append(settlement)
            settled.set()

        await self.submit(author, command, settle)
        await settled.wait()
        if isinstance(settlements[0], StoreUnavailable):
            raise settlements[0]
        return settlements[0]

    async def mark_read(self, reader: UserId, peer: UserId) -> None:
        """Move the reader's watermark to the end of the conversation and tell the peer."""
        advance = await self._messages.mark_read(reader, peer)
        if advance is not None:
            event = MessagesRead(reader_id=reader, author_id=peer, seq=advance.seq)
            await self._hub.broadcast((Delivery(event, ToUsers((peer,))),))

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

    def _lane(self, draft: Draft) -> Batcher[_Submission]:
        pair = frozenset((draft.author_id, draft.recipient_id))
        return self._lanes[hash(pair) % len(self._lanes)]

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
            submission.settle(outcome)
            if isinstance(outcome, Posted) and not outcome.repeated:
                deliveries += self._typing.stopped_by_message(submission.draft)
                deliveries.append(private_message_delivery(outcome))
        await self._hub.broadcast(deliveries)
        self._forget(len(batch))


def private_message_delivery(posted: Posted) -> Delivery:
    """A committed private message, to both participants."""
    message = posted.message
    if message.recipient_id is None:
        raise ValueError("not a private message")
    return Delivery(
        PrivateMessagePosted(message, message.recipient_id),
        ToUsers((message.author_id, message.recipient_id)),
    )
