"""A lane: one batch of messages after the other, from draft to delivery.

Guarantees: one statement in flight, so messages of one lane are committed and delivered in the
order they were put, and each sender learns the outcome after that; a message that was stored
although the statement's result was lost is delivered once the log is readable, and before anything
newer; no send waits longer than `SEND_SECONDS` for a store that does not respond; it is known
whether the last ones were stored, and found out again as long as they were not. Must not know:
sockets, JSON, SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias, assert_never

import structlog
import trio
from attrs import frozen

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import (
    ChannelRoom,
    Delivery,
    Room,
    ToClients,
    ToRooms,
    ToUsers,
    WorkspaceRoom,
)
from hub.batching import Batcher
from hub.services.posting.continuity import Continuity, WentBack
from hub.services.posting.log_watch import LogWatch
from hub.services.typing.indicators import TypingIndicators
from persistence.interface import Messages
from persistence.records import Draft, Outcome, StoreUnavailable
from protocol.events import ChannelMessagePosted, MessageConfirmed, PrivateMessagePosted
from protocol.model import Message, MessageId, Posted, Refusal, User, UserId

log = structlog.get_logger(__name__)

SEND_SECONDS: Final = 2.0  # then the outcome counts as unknown
RECHECK_SECONDS: Final = 0.5

Settlement: TypeAlias = Outcome | StoreUnavailable
Settle: TypeAlias = Callable[[Settlement], None]


@frozen
class Submission:
    """A draft with its author, callback and exceptions of delivery; see `Messaging.submit`."""

    author: User
    draft: Draft
    settle: Settle
    besides: Client | None
    confirm: Client | None


class Lane:
    """Commits one batch after the other and has it delivered, without gaps.

    Args:
        messages: the log.
        hub: delivers what was committed.
        typing: ends an author's indicator.
        continuity: knows what was delivered.
        watch: knows which log it is.
        settle: gets the outcome of each submission.
    """

    def __init__(
        self,
        messages: Messages,
        hub: Hub,
        typing: TypingIndicators,
        continuity: Continuity,
        watch: LogWatch,
        settle: Callable[[Submission, Settlement], None],
    ) -> None:
        self._messages = messages
        self._hub = hub
        self._typing = typing
        self._continuity = continuity
        self._watch = watch
        self._settle = settle
        self._in_doubt = trio.Event()
        self.failing_since: datetime | None = None
        """Since when nothing could be stored; None: the last messages were."""
        # None: nothing to store, but a doubt to look up
        self._batcher: Batcher[Submission | None] = Batcher(self._commit)

    async def put(self, submission: Submission) -> None:
        """Have a draft stored. Waits only while the queue is full."""
        await self._batcher.put(submission)

    async def serve(self) -> None:
        """Work off what was put until cancelled."""
        await self._batcher.serve()

    async def recheck(self) -> None:
        """Look up what is in doubt, and whether messages can be stored again, also while nothing is
        sent, until cancelled.
        """
        while True:
            await self._in_doubt.wait()
            self._in_doubt = trio.Event()
            await trio.sleep(RECHECK_SECONDS)
            await self._batcher.put(None)

    async def _commit(self, batch: Sequence[Submission | None]) -> None:
        submissions = [each for each in batch if each is not None]
        outcomes: Sequence[Outcome] = ()
        patience = trio.current_time() + SEND_SECONDS
        try:
            try:
                with self._watch.posting() as epoch:
                    outcomes = await self._post(submissions) if submissions else ()
                    deliveries = await self._deliveries(submissions, outcomes)
            except WentBack as proof:
                await self._watch.went_back(proof, epoch)
                deliveries = self._first_deliveries(submissions, outcomes)
        except StoreUnavailable as error:
            log.warning("messages_not_stored", count=len(submissions), reason=str(error))
            self._note_failure()
            self._give_up(submissions, error)
            return
        if submissions:
            self._note_success()
        settled = partial(self._settle_all, submissions, outcomes)
        await self._hub.broadcast(deliveries, settled)
        if self.failing_since is not None:
            await self._probe(patience)

    async def _deliveries(
        self, submissions: Sequence[Submission], outcomes: Sequence[Outcome]
    ) -> list[Delivery]:
        """The deliveries of what was stored, and of what is missing before it.

        Raises:
            WentBack: see `Continuity.follows`.
        """
        deliveries: list[Delivery] = []
        later: dict[MessageId, Submission] = {}
        for submission, outcome in zip(submissions, outcomes, strict=True):
            match outcome:
                case Posted(message=message, repeated=False):
                    if self._continuity.follows(message):
                        deliveries += self._submission_deliveries(outcome, submission)
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
        return deliveries

    def _first_deliveries(
        self, submissions: Sequence[Submission], outcomes: Sequence[Outcome]
    ) -> list[Delivery]:
        """The deliveries of what was stored in a log of which nothing is known any more."""
        deliveries: list[Delivery] = []
        for submission, outcome in zip(submissions, outcomes, strict=True):
            if isinstance(outcome, Posted) and not outcome.repeated:
                self._continuity.take(outcome.message)
                deliveries += self._submission_deliveries(outcome, submission)
        return deliveries

    def _settle_all(self, submissions: Sequence[Submission], outcomes: Sequence[Outcome]) -> None:
        for submission, outcome in zip(submissions, outcomes, strict=True):
            self._settle(submission, outcome)

    async def _post(self, submissions: Sequence[Submission]) -> Sequence[Outcome]:
        """Raises StoreUnavailable: the store is away, or does not respond in time."""
        with trio.move_on_after(SEND_SECONDS):
            return await self._messages.post([each.draft for each in submissions])
        raise StoreUnavailable("no answer in time")

    def _give_up(self, submissions: Sequence[Submission], error: StoreUnavailable) -> None:
        """It is unknown whether these were stored; those that wait behind them were not."""
        for submission in submissions:
            self._continuity.doubt(submission.draft)
            self._settle(submission, error)
        for waiting in self._batcher.take_waiting():
            if waiting is not None:
                self._settle(waiting, error)
        self._in_doubt.set()

    async def _probe(self, until: float) -> None:
        """Find out whether messages can be stored again, unless the log cannot even be read."""
        if not self._in_doubt.is_set():
            with trio.move_on_at(until), suppress(StoreUnavailable):
                await self._messages.probe()
                self._note_success()
                return
            self._in_doubt.set()

    def _note_failure(self) -> None:
        if self.failing_since is None:
            self.failing_since = datetime.now(UTC)
            log.error("posting_fails")

    def _note_success(self) -> None:
        if self.failing_since is not None:
            log.warning("posting_works_again", failed_since=self.failing_since.isoformat())
            self.failing_since = None

    def _submission_deliveries(self, posted: Posted, submission: Submission) -> list[Delivery]:
        """The deliveries of a message, with the confirmation if its connection wants one."""
        deliveries = self._typing.stopped_by_message(submission.draft)
        deliveries += self._message_deliveries(posted, submission.author, submission.besides)
        if submission.confirm is not None:
            deliveries.append(self._confirmation(posted.message, submission.confirm))
        return deliveries

    def _message_deliveries(
        self, posted: Posted, author: User, besides: Client | None
    ) -> list[Delivery]:
        """The deliveries of a message, without those that would reach no connection."""
        message = posted.message
        if message.recipient_id is None or self._hub.is_followed(message.channel_id):
            return deliveries_of(posted, author, besides)
        return [_private_delivery(message, author, message.recipient_id)]

    async def _missing(self, submissions: Mapping[MessageId, Submission]) -> list[Delivery]:
        """The deliveries of messages that are in the log and were not delivered."""
        deliveries: list[Delivery] = []
        with trio.move_on_after(SEND_SECONDS) as patience:
            await self._read_missing(submissions, deliveries)
        if patience.cancelled_caught:
            self._in_doubt.set()
        return deliveries

    async def _read_missing(
        self, submissions: Mapping[MessageId, Submission], deliveries: list[Delivery]
    ) -> None:
        try:
            while self._continuity.in_doubt:
                for found in await self._continuity.missing():
                    submission = submissions.get(found.posted.message.id)
                    if submission is not None:
                        deliveries += self._submission_deliveries(found.posted, submission)
                    else:
                        log.info("message_found", message_id=found.posted.message.id)
                        deliveries += self._message_deliveries(found.posted, found.author, None)
        except StoreUnavailable as error:
            log.warning("missing_not_read", reason=str(error))
            self._in_doubt.set()

    def _confirmation(self, message: Message, client: Client) -> Delivery:
        joined = self._hub.joined(client, message.channel_id) is not None
        return Delivery(MessageConfirmed(message, joined), ToClients((client,)))


def deliveries_of(posted: Posted, author: User, besides: Client | None = None) -> list[Delivery]:
    """The deliveries of a committed message: to both users of a private one, and to connections
    that have joined the channel or follow its workspace.
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
