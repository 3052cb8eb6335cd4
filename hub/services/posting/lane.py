"""A lane: one batch of messages after the other, from draft to delivery.

Guarantees: one statement in flight, so messages of one lane are committed and delivered in the
order they were put, and each sender learns the outcome after that; a message that was stored
although the statement's result was lost is delivered once the log is readable, and before anything
newer; no send waits longer than `SEND_SECONDS` for a store that does not respond, or for another
transaction that holds its conversation, which other conversations do not wait for; it is known
whether the last ones were stored, and found out again as long as they were not. Must not know:
sockets, JSON, SQL.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
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
    ToOutsider,
    ToRooms,
    ToUsers,
    WorkspaceRoom,
)
from hub.batching import MAX_BATCH, Batcher
from hub.services.posting.continuity import Continuity, WentBack
from hub.services.posting.figures import LaneFigures
from hub.services.posting.log_watch import LogWatch
from hub.services.posting.mentioning import mentions_in_posted
from hub.services.posting.revising import Revising, RevisionSubmission
from hub.services.posting.standstill import Standstill
from hub.services.typing.indicators import TypingIndicators
from hub.tracing.tracing import Accepted, Delivering, Tracing
from persistence.interface import Messages, Revisions
from persistence.records import Draft, Locked, Outcome, StoreUnavailable
from protocol.events import (
    ChannelMessagePosted,
    ConversationBegun,
    MessageConfirmed,
    PrivateMessagePosted,
    ThreadReplied,
)
from protocol.model import Message, MessageId, Posted, Refusal, User, UserId

log = structlog.get_logger(__name__)

SEND_SECONDS: Final = 2.0  # then the outcome counts as unknown
RECHECK_SECONDS: Final = 0.5

Settlement: TypeAlias = Outcome | StoreUnavailable
Settle: TypeAlias = Callable[[Settlement], None]
Post: TypeAlias = Callable[[Sequence[Draft]], Awaitable[Sequence[Outcome | Locked]]]


@frozen
class Submission:
    """A draft with its author, callback and exceptions of delivery; see `Messaging.submit`."""

    author: User
    draft: Draft
    settle: Settle
    besides: Client | None
    confirm: Client | None
    trace: Accepted | None = None


class Lane:
    """Commits one batch after the other and has it delivered, without gaps.

    Args:
        messages: the log.
        hub: delivers what was committed.
        typing: ends an author's indicator.
        continuity: knows what was delivered.
        watch: knows which log it is.
        settle: gets the outcome of each submission.
        revisions: makes revisions.
        tracing: makes spans; None: nothing does.
    """

    def __init__(  # noqa: PLR0913  what a lane is made of
        self,
        messages: Messages,
        hub: Hub,
        typing: TypingIndicators,
        continuity: Continuity,
        watch: LogWatch,
        settle: Callable[[Submission, Settlement], None],
        *,
        revisions: Revisions,
        tracing: Tracing | None = None,
    ) -> None:
        self._messages = messages
        self._hub = hub
        self._typing = typing
        self._continuity = continuity
        self._watch = watch
        self._settle = settle
        self._tracing = tracing
        self._standstill = Standstill[Submission](lambda submission: submission.draft.where)
        self._in_doubt = trio.Event()
        self.failing_since: datetime | None = None
        """Since when nothing could be stored; None: the last messages were."""
        # None: nothing new to store, but a doubt to look up, or what stood still to be tried again
        self._batcher: Batcher[Submission | RevisionSubmission | None] = Batcher(self._commit)
        self._revising = Revising(messages, revisions, hub, watch, self._try_again, continuity)
        self._waits_since: float | None = None  # the first one that is in no batch
        self.figures = LaneFigures()

    @property
    def waiting(self) -> int:
        """How many drafts wait for a statement, or stand still."""
        return self._batcher.waiting + len(self._standstill) + self._revising.waiting

    @property
    def in_doubt(self) -> int:
        """Of how many conversations something may be missing."""
        return self._continuity.conversations_in_doubt + self._revising.in_doubt

    async def put(self, submission: Submission | RevisionSubmission) -> None:
        """Have a draft stored, or a revision made. Waits only while the queue is full."""
        if self._waits_since is None:
            self._waits_since = perf_counter()
        await self._batcher.put(submission)

    async def serve(self) -> None:
        """Work off what was put until cancelled."""
        await self._batcher.serve()

    async def recheck(self) -> None:
        """Look up what is in doubt, try again what stands still, and find out whether messages can
        be stored again, also while nothing is sent, until cancelled.
        """
        while True:
            await self._in_doubt.wait()
            self._in_doubt = trio.Event()
            await trio.sleep(RECHECK_SECONDS)
            await self._batcher.put(None)

    def _try_again(self) -> None:
        self._in_doubt.set()

    async def _commit(self, batch: Sequence[Submission | RevisionSubmission | None]) -> None:
        """Messages first: what a revision changes was delivered before."""
        if self._waits_since is not None:
            self._note_wait(self._waits_since, len(batch))
        submissions = [each for each in batch if isinstance(each, Submission)]
        await self._commit_messages(submissions, again=None in batch)
        if len(submissions) < len(batch):
            revisions = [each for each in batch if isinstance(each, RevisionSubmission)]
            await self._revising.carry_out(revisions, again=None in batch)

    async def _commit_messages(self, submissions: Sequence[Submission], *, again: bool) -> None:
        patience = trio.current_time() + SEND_SECONDS
        if self._standstill:
            held = self._standstill.take() if again else ()
            if held and not await self._carry_out(held, self._messages.post_again):
                for submission in submissions:
                    self._settle(submission, StoreUnavailable("no answer in time"))
                return
            submissions = self._standstill.others(submissions)
        has_work = submissions or self._continuity.in_doubt or self.failing_since is not None
        if has_work and not await self._carry_out(submissions, self._messages.post):
            return
        if self.failing_since is not None or (self._standstill and again):
            await self._probe(patience)

    def _note_wait(self, since: float, taken: int) -> None:
        """A batch is begun. If not all fit into it, it is estimated since when the others wait."""
        now = perf_counter()
        waited = now - since
        self.figures.queued.add(waited)
        left = self._batcher.waiting if taken == MAX_BATCH else 0
        self._waits_since = now - waited * left / (left + taken) if left else None

    async def _carry_out(self, submissions: Sequence[Submission], post: Post) -> bool:
        """Store, deliver and settle. False: the store is away."""
        outcomes: Sequence[tuple[Submission, Settlement]] = ()
        trace: Delivering | None = None
        try:
            try:
                with self._watch.posting() as epoch:
                    if submissions:
                        if self._tracing is None:
                            answers = await self._post(submissions, post)
                        else:
                            answers, trace = await self._trace(self._tracing, submissions, post)
                        outcomes = self._hold_back(submissions, answers)
                        submissions = [submission for submission, _ in outcomes]
                    deliveries = await self._deliveries(outcomes)
                    if self._continuity.in_doubt:
                        outcomes = self._without_gaps(outcomes)
            except WentBack as proof:
                await self._watch.went_back(proof, epoch)
                deliveries = self._first_deliveries(outcomes)
        except StoreUnavailable as error:
            log.warning("messages_not_stored", count=len(submissions), reason=str(error))
            self._note_failure()
            self._give_up(submissions, error)
            return False
        if any(not isinstance(outcome, StoreUnavailable) for _, outcome in outcomes):
            self._note_success()
        settled = partial(self._settle_all, outcomes)
        await self._hub.broadcast(deliveries, settled, trace)
        return True

    async def _deliveries(
        self, outcomes: Sequence[tuple[Submission, Settlement]]
    ) -> list[Delivery]:
        """The deliveries of what was stored, and of what is missing before it.

        Raises:
            WentBack: see `Continuity.follows`.
        """
        deliveries: list[Delivery] = []
        later: dict[MessageId, Submission] = {}
        stored = 0
        for submission, outcome in outcomes:
            match outcome:
                case Posted(message=message, repeated=False):
                    stored += 1
                    if self._continuity.follows(message):
                        deliveries += self._submission_deliveries(outcome, submission)
                    else:
                        later[message.id] = submission
                case Posted(message=message):
                    self._continuity.suspect(message)
                case Refusal() | StoreUnavailable():
                    pass
                case _:
                    assert_never(outcome)
        self.figures.stored += stored
        if self._continuity.in_doubt:
            deliveries += await self._missing(later)
        return deliveries

    def _without_gaps(
        self, outcomes: Sequence[tuple[Submission, Settlement]]
    ) -> Sequence[tuple[Submission, Settlement]]:
        """A repeat is not confirmed while what is missing before it cannot be read: who takes its
        seq for their position would not ask for that any more.
        """
        gap = StoreUnavailable("what comes before it cannot be read")
        return [
            (submission, gap if self._is_repeat_in_doubt(outcome) else outcome)
            for submission, outcome in outcomes
        ]

    def _is_repeat_in_doubt(self, outcome: Settlement) -> bool:
        match outcome:
            case Posted(message=message, repeated=True):
                return self._continuity.doubts(message.channel_id)
            case _:
                return False

    def _first_deliveries(
        self, outcomes: Sequence[tuple[Submission, Settlement]]
    ) -> list[Delivery]:
        """The deliveries of what was stored in a log of which nothing is known any more."""
        deliveries: list[Delivery] = []
        for submission, outcome in outcomes:
            if isinstance(outcome, Posted) and not outcome.repeated:
                self.figures.stored += 1
                self._continuity.take(outcome.message)
                deliveries += self._submission_deliveries(outcome, submission)
        return deliveries

    def _hold_back(
        self, submissions: Sequence[Submission], answers: Sequence[Outcome | Locked]
    ) -> Sequence[tuple[Submission, Settlement]]:
        """The outcomes of those that are not tried again. What has stood still for too long is not
        stored, and never will be.
        """
        outcomes: list[tuple[Submission, Settlement]] = []
        for submission, answer in zip(submissions, answers, strict=True):
            if not isinstance(answer, Locked):
                outcomes.append((submission, answer))
            elif self._standstill.has_waited(submission, SEND_SECONDS - RECHECK_SECONDS):
                outcomes.append((submission, StoreUnavailable("its conversation is locked")))
            else:
                self._standstill.hold(submission)
                self._in_doubt.set()
        return outcomes

    def _settle_all(self, outcomes: Sequence[tuple[Submission, Settlement]]) -> None:
        for submission, outcome in outcomes:
            self._settle(submission, outcome)

    async def _post(
        self, submissions: Sequence[Submission], post: Post
    ) -> Sequence[Outcome | Locked]:
        """Raises StoreUnavailable: the store is away, or does not respond in time."""
        began = perf_counter()
        with trio.move_on_after(SEND_SECONDS):
            outcomes = await post([each.draft for each in submissions])
            self.figures.commits.add(perf_counter() - began)
            self.figures.batches.add(len(outcomes))
            return outcomes
        raise StoreUnavailable("no answer in time")

    async def _trace(
        self, tracing: Tracing, submissions: Sequence[Submission], post: Post
    ) -> tuple[Sequence[Outcome | Locked], Delivering]:
        """As `_post`, with its spans, and what makes those of the delivery."""
        accepted = [each.trace for each in submissions if each.trace is not None]
        with tracing.commit(accepted) as commit:
            answers = await self._post(submissions, post)
            return answers, commit.stored(answers)

    def _give_up(self, submissions: Sequence[Submission], error: StoreUnavailable) -> None:
        """It is unknown whether these were stored; those that wait behind them were not."""
        self.figures.doubtful += len(submissions)
        for submission in submissions:
            self._continuity.doubt(submission.draft)
            self._settle(submission, error)
        self._waits_since = None
        for waiting in self._batcher.take_waiting():
            match waiting:
                case Submission():
                    self._settle(waiting, error)
                case RevisionSubmission():
                    waiting.settle(error)
                case None:
                    pass
                case _:
                    assert_never(waiting)
        self._in_doubt.set()

    async def _probe(self, until: float) -> None:
        """Find out whether messages can be stored, unless the log cannot even be read. What stands
        still may be one conversation, or all of them.
        """
        if not self._continuity.in_doubt:
            with trio.move_on_at(until), suppress(StoreUnavailable):
                await self._messages.probe()
                self._note_success()
                return
            self._note_failure()
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
        deliveries = self._message_deliveries(posted, submission.author, submission.besides)
        if submission.confirm is not None:
            deliveries += _confirmations(posted.message, submission.confirm)
        return deliveries

    def _message_deliveries(
        self, posted: Posted, author: User, besides: Client | None
    ) -> list[Delivery]:
        """The deliveries of a message, without those that would reach no connection."""
        message, peer = posted.message, posted.message.recipient_id
        if peer is None or self._hub.is_followed(message.channel_id):
            deliveries = deliveries_of(posted, author, besides)
        else:
            deliveries = [_private_delivery(message, author, peer)]
        if peer is not None and message.seq == 1:
            room = ChannelRoom(message.channel_id)
            people = ToUsers((message.author_id, peer), besides, outside=room)
            deliveries.insert(0, Delivery(ConversationBegun(message, author), people))
        if posted.mentioned:
            deliveries += mentions_in_posted(posted)
        if posted.followers and message.thread is not None:
            event = ThreadReplied(message, message.thread)
            deliveries.append(Delivery(event, ToUsers(posted.followers)))
        return [*self._typing.stopped_by_message(message), *deliveries]

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
                        self.figures.found += 1
                        log.info("message_found", message_id=found.posted.message.id)
                        deliveries += self._message_deliveries(found.posted, found.author, None)
        except StoreUnavailable as error:
            log.warning("missing_not_read", reason=str(error))
            self._in_doubt.set()


def _confirmations(message: Message, client: Client) -> list[Delivery]:
    """The confirmation for a connection that is in the channel when it is handed out, where it has
    a place among the messages, and the one for a connection that is not, where it has none.
    """
    room = ChannelRoom(message.channel_id)
    return [
        Delivery(MessageConfirmed(message, joined=True), ToClients((client,), room)),
        Delivery(MessageConfirmed(message, joined=False), ToOutsider(client, room)),
    ]


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
