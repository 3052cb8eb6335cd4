"""A lane: one batch of messages after the other, from draft to delivery.

Guarantees: one statement in flight, so messages of one lane are committed and delivered in the
order they were put, and each sender gets the outcome after that; a message that was stored
although the statement's result was lost is delivered once the log is readable, and before anything
newer; no send waits longer than `SEND_SECONDS` for a store that does not respond, or for another
transaction that holds its conversation, and other conversations do not wait for that transaction;
the lane knows whether its last messages were stored, and while they were not, keeps checking
whether messages can be stored again. Must not know: sockets, JSON, SQL.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from math import inf
from time import perf_counter
from typing import Final, TypeAlias, assert_never

import structlog
import trio
from attrs import frozen

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, ToUsers
from hub.batching import MAX_BATCH, Batcher
from hub.cluster.bulletins import StoredMessage
from hub.cluster.elsewhere import NOWHERE, Elsewhere
from hub.services.posting.announcing import confirmations, deliveries_of, private_delivery
from hub.services.posting.figures import LaneFigures
from hub.services.posting.log_watch import LogWatch
from hub.services.posting.mentioning import mentions_in_posted
from hub.services.posting.order import RETRY_SECONDS, Arrival, Outgoing
from hub.services.posting.revising import Revising, RevisionSubmission
from hub.services.posting.sequencer import Sequencer, WentBack
from hub.services.posting.standstill import Standstill
from hub.services.typing.indicators import TypingIndicators
from hub.tracing.tracing import Accepted, Delivering, Tracing
from persistence.contents.revisions import Revised
from persistence.interface import Messages, Revisions
from persistence.records import Draft, Locked, Outcome, StoreUnavailable
from protocol.events import ConversationBegun, ThreadReplied
from protocol.model import ChannelId, MessageId, Posted, Refusal, User, UserId
from protocol.revisions import Revision

log = structlog.get_logger(__name__)

SEND_SECONDS: Final = 2.0  # after that the outcome counts as unknown

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
    dm: tuple[UserId, UserId] | None = None


class Lane:
    """Commits one batch after the other and has it delivered, without gaps.

    Args:
        messages: the log.
        hub: delivers what was committed.
        typing: ends an author's indicator.
        sequencer: knows what was delivered, and what is next.
        watch: knows which log it is.
        settle: gets the outcome of each submission.
        revisions: stores revisions.
        tracing: makes spans; None: none are made.
        elsewhere: publishes what was stored to other nodes.
    """

    def __init__(  # noqa: PLR0913  what a lane is made of
        self,
        messages: Messages,
        hub: Hub,
        typing: TypingIndicators,
        sequencer: Sequencer,
        watch: LogWatch,
        settle: Callable[[Submission, Settlement], None],
        *,
        revisions: Revisions,
        tracing: Tracing | None = None,
        elsewhere: Elsewhere = NOWHERE,
    ) -> None:
        self._elsewhere = elsewhere
        self._messages = messages
        self._hub = hub
        self._typing = typing
        self.sequencer: Final = sequencer
        self._watch = watch
        self._settle = settle
        self._tracing = tracing
        self._standstill = Standstill[Submission](lambda submission: submission.draft.where)
        self.failing_since: datetime | None = None
        """Since when nothing could be stored; None: the last messages were stored."""
        # None: nothing new to store, but a doubt to look up, or the standstill to be tried again
        self._batcher: Batcher[Submission | RevisionSubmission | None] = Batcher(self._commit)
        self._revising = Revising(revisions, hub, watch, self._try_again, sequencer, elsewhere)
        self._waits_since: float | None = None  # the oldest submission that is in no batch yet
        self._is_at_work = False
        self._wake_at = inf
        self._is_sooner = trio.Event()
        sequencer.messages.wake = sequencer.revisions.wake = self._note_due
        self.figures = LaneFigures()

    @property
    def waiting(self) -> int:
        """How many drafts and revisions wait for a statement, or in a standstill."""
        return self._batcher.waiting + len(self._standstill) + self._revising.waiting

    @property
    def in_doubt(self) -> int:
        """How many conversations may lack something."""
        return self.sequencer.in_doubt

    async def put(self, submission: Submission | RevisionSubmission) -> None:
        """Have a draft stored, or a revision made. Waits only while the queue is full."""
        if self._waits_since is None:
            self._waits_since = perf_counter()
        await self._batcher.put(submission)

    async def serve(self) -> None:
        """Work off what was put until cancelled."""
        await self._batcher.serve()

    async def recheck(self) -> None:
        """Look up what is in doubt, try the standstill again, and find out whether messages can be
        stored again, also while nothing is sent, until cancelled.
        """
        while True:
            self._is_sooner = trio.Event()
            with trio.move_on_at(self._wake_at) as patience:
                await self._is_sooner.wait()
            if patience.cancelled_caught:
                self._wake_at = inf
                self.sequencer.messages.expire()
                self.sequencer.revisions.expire()
                await self._batcher.put(None)

    def receive(self, posted: Posted, author: User, out: Outgoing) -> None:
        """Another node has stored a message of this lane: `out` gets what may be delivered now.

        `out` has to be sent before anything is awaited. Any number of calls may share it.
        """
        arrival = Arrival(posted.message, partial(self._message_deliveries, posted, author))
        self.sequencer.receive(arrival, out)

    def skip(
        self, channel_id: ChannelId, seq: int, message_id: MessageId, *, is_own: bool = False
    ) -> None:
        """A message of this lane was stored that no connection here may get (`Messaging.wants`), by
        another node or perhaps by this lane (`is_own`).
        """
        self.sequencer.skip(channel_id, seq, message_id, is_own=is_own)

    def receive_revision(
        self, revised: Revised, revision: Revision | None, user: User | None, out: Outgoing
    ) -> None:
        """Another node has changed a message of this lane; as `receive`. `revision` and `user`:
        what was done, and by whom; None if that is not known.
        """
        self._revising.receive(revised, revision, user, out)

    def doubt_channels(self, last_revs: Mapping[ChannelId, int]) -> None:
        """These channels of the lane, given with their last revs, may lack something that was
        stored up to now; the lane's next turn reads them.
        """
        self.sequencer.doubt_channels(last_revs)
        self._note_due(trio.current_time())

    def lacks(self, channel_id: ChannelId, last_seq: int, last_rev: int) -> bool:
        """Whether a channel of the lane has more than was delivered here."""
        rev = self.sequencer.revisions.positions.last(channel_id) or 0
        is_behind = rev < last_rev
        return is_behind or self.sequencer.delivered(channel_id) < last_seq

    def _try_again(self) -> None:
        self._wake_by(trio.current_time() + RETRY_SECONDS)

    def _note_due(self, at: float) -> None:
        """Something is due at this time. A turn that runs checks that itself at its end."""
        if not self._is_at_work:
            self._wake_by(at)

    def _wake_by(self, at: float) -> None:
        if at < self._wake_at:
            self._wake_at = at
            self._is_sooner.set()

    async def _commit(self, batch: Sequence[Submission | RevisionSubmission | None]) -> None:
        """Messages first, so that each is delivered before a revision of it."""
        if self._waits_since is not None:
            self._note_wait(self._waits_since, len(batch))
        self._is_at_work = True
        submissions = [each for each in batch if isinstance(each, Submission)]
        await self._commit_messages(submissions, again=None in batch)
        if len(submissions) < len(batch):
            revisions = [each for each in batch if isinstance(each, RevisionSubmission)]
            await self._revising.carry_out(revisions, again=None in batch)
        self._is_at_work = False
        if self.sequencer.in_doubt:
            self._note_due(self.sequencer.next_due())

    async def _commit_messages(self, submissions: Sequence[Submission], *, again: bool) -> None:
        patience = trio.current_time() + SEND_SECONDS
        if self._standstill:
            held = self._standstill.take() if again else ()
            if held and not await self._carry_out(held, self._messages.post_again):
                for submission in submissions:
                    self._settle(submission, StoreUnavailable("no answer in time"))
                return
            submissions = self._standstill.others(submissions)
        if submissions and not await self._carry_out(submissions, self._messages.post):
            return
        if self.sequencer.lacks_messages and not await self._catch_up():
            return
        if self.failing_since is not None or (self._standstill and again):
            await self._probe(patience)

    def _note_wait(self, since: float, taken: int) -> None:
        """A batch begins. If not all fitted into it, estimate since when the others have waited."""
        now = perf_counter()
        waited = now - since
        self.figures.queued.add(waited)
        left = self._batcher.waiting if taken == MAX_BATCH else 0
        self._waits_since = now - waited * left / (left + taken) if left else None

    async def _carry_out(self, submissions: Sequence[Submission], post: Post) -> bool:
        """Store drafts, deliver the messages that are next, and settle. False: the store is
        unavailable.
        """
        trace: Delivering | None = None
        proof: WentBack | None = None
        out = Outgoing()
        try:
            with self._watch.posting() as epoch, self.sequencer.storing():
                if self._tracing is None:
                    answers = await self._post(submissions, post)
                else:
                    answers, trace = await self._trace(self._tracing, submissions, post)
                self.sequencer.resume_reading()
                outcomes = self._hold_back(submissions, answers)
                if any(not isinstance(outcome, StoreUnavailable) for _, outcome in outcomes):
                    self._note_success()
                self._elsewhere.stored(_stored(outcomes))
                proof, outcomes = self._order(outcomes, out)
            # Nothing is awaited since `_order`: a message of another node could overtake these.
            await out.send(self._hub, trace)
            if proof is not None:
                submissions = [submission for submission, _ in outcomes]
                await self._watch.went_back(proof, epoch)
                await self._begin(outcomes).send(self._hub)
        except StoreUnavailable as error:
            log.warning("messages_not_stored", count=len(submissions), reason=str(error))
            self._note_failure()
            self._give_up(submissions, error)
            return False
        return True

    def _order(
        self, outcomes: Sequence[tuple[Submission, Settlement]], out: Outgoing
    ) -> tuple[WentBack | None, Sequence[tuple[Submission, Settlement]]]:
        """Put the messages that are next into `out`, and hold the others. If the log went back,
        returns a proof, and the outcomes that are left.
        """
        messages, follows = self.sequencer.messages, self.sequencer.follows
        holds = messages.holds
        settled: list[tuple[Submission, Settlement]] = []
        out.thens.append(partial(self._settle_all, settled))
        for number, (submission, outcome) in enumerate(outcomes):
            match outcome:
                case Posted(message=message, repeated=False):
                    try:
                        is_next = follows(message)
                    except WentBack as proof:
                        return proof, outcomes[number:]
                    self.figures.stored += 1
                    if is_next:
                        out.deliveries += self._submission_deliveries(outcome, submission)
                        settled.append((submission, outcome))
                        if holds:
                            messages.drain(message.channel_id, out)
                    else:
                        make = partial(self._submission_deliveries, outcome, submission)
                        messages.hold(message.channel_id, message.seq, Arrival(message, make))
                        self._wait(submission, outcome)
                        holds = True
                case Posted(message=message) if not self.sequencer.is_delivered(message):
                    self._wait(submission, outcome)
                case Posted() | Refusal() | StoreUnavailable():
                    settled.append((submission, outcome))
                case _:
                    assert_never(outcome)
        return None, ()

    def _wait(self, submission: Submission, posted: Posted) -> None:
        """Settle a send only after everything below its message was delivered: a client that takes
        the seq as its position would never ask for the messages below.
        """

        def reached(error: StoreUnavailable | None) -> None:
            self._settle(submission, posted if error is None else error)

        self.sequencer.messages.wait(*posted.message.position, reached)

    def _begin(self, outcomes: Sequence[tuple[Submission, Settlement]]) -> Outgoing:
        """The deliveries of messages that were stored, after all that was known of the log was
        forgotten.
        """
        out = Outgoing(thens=[partial(self._settle_all, outcomes)])
        for submission, outcome in outcomes:
            if isinstance(outcome, Posted) and not outcome.repeated:
                self.figures.stored += 1
                self.sequencer.take(outcome.message)
                out.deliveries += self._submission_deliveries(outcome, submission)
        return out

    async def _catch_up(self) -> bool:
        """Read missing messages and deliver them, page by page. False: they cannot be read now."""
        until = trio.current_time() + SEND_SECONDS
        try:
            with self._watch.posting():
                while self.sequencer.lacks_messages:
                    with trio.fail_at(until):
                        page = await self.sequencer.read()
                    out = self.sequencer.take_page(page, self._message_deliveries)
                    await out.send(self._hub)
        except (StoreUnavailable, trio.TooSlowError) as error:
            log.warning("missing_not_read", reason=str(error))
            self.sequencer.postpone_reading()
            return False
        return True

    def _hold_back(
        self, submissions: Sequence[Submission], answers: Sequence[Outcome | Locked]
    ) -> Sequence[tuple[Submission, Settlement]]:
        """The outcomes of the submissions that are not tried again. One that has waited too long
        for its conversation is not stored, and never will be.
        """
        outcomes: list[tuple[Submission, Settlement]] = []
        for submission, answer in zip(submissions, answers, strict=True):
            if not isinstance(answer, Locked):
                outcomes.append((submission, answer))
            elif self._standstill.has_waited(submission, SEND_SECONDS - RETRY_SECONDS):
                outcomes.append((submission, StoreUnavailable("its conversation is locked")))
            else:
                self._standstill.hold(submission)
                self._try_again()
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
        """As `_post`, with its spans; also returns what makes the spans of the delivery."""
        accepted = [each.trace for each in submissions if each.trace is not None]
        with tracing.commit(accepted) as commit:
            answers = await self._post(submissions, post)
            return answers, commit.stored(answers)

    def _give_up(self, submissions: Sequence[Submission], error: StoreUnavailable) -> None:
        """It is unknown whether these were stored; those that wait behind them were not."""
        self.figures.doubtful += len(submissions)
        for submission in submissions:
            self.sequencer.doubt(submission.draft)
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
        self.sequencer.postpone_reading()
        self._try_again()

    async def _probe(self, until: float) -> None:
        """Find out whether messages can be stored. A standstill may be of one conversation, or of
        all of them.
        """
        with trio.move_on_at(until), suppress(StoreUnavailable):
            self._watch.require_certainty()
            await self._messages.probe()
            self._note_success()
            return
        self._note_failure()
        self._try_again()

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
            deliveries += confirmations(posted.message, submission.confirm)
        return deliveries

    def _message_deliveries(
        self, posted: Posted, author: User, besides: Client | None = None
    ) -> list[Delivery]:
        """The deliveries of a message, without those that would reach no connection."""
        message, peer = posted.message, posted.message.recipient_id
        if peer is None or self._hub.is_followed(message.channel_id):
            deliveries = deliveries_of(posted, author, besides)
        else:
            deliveries = [private_delivery(message, author, peer)]
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


def _stored(outcomes: Iterable[tuple[Submission, Settlement]]) -> Iterator[StoredMessage]:
    """The messages that were stored just now, for other nodes."""
    for submission, outcome in outcomes:
        if isinstance(outcome, Posted) and not outcome.repeated:
            author, peer = submission.author, outcome.message.recipient_id
            pair = submission.dm if peer is None else (author.id, peer)
            yield StoredMessage(outcome, author, pair)
