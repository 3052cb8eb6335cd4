"""One lane's revisions: makes changes of stored messages and has them delivered, without gaps.

Guarantees: a revision is delivered after it is committed, after the message that it changes, and
only right after the revision before it in its channel; revisions that were made without the hub's
knowledge are read from the store and delivered before any newer one. A client that missed several
revisions of a message needs only the last, so an event shows the message in its latest state.
Must not know: sockets, dialects, how revisions are stored.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias, assert_never

import structlog
import trio
from attrs import evolve, frozen

from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room, ToRooms, ToUsers, WorkspaceRoom
from hub.cluster.bulletins import Change
from hub.cluster.elsewhere import Elsewhere
from hub.services.posting.log_watch import LogWatch
from hub.services.posting.mentioning import mentions_in_revised
from hub.services.posting.order import Arrival, Outgoing
from hub.services.posting.sequencer import Sequencer
from hub.services.posting.standstill import Standstill
from persistence.contents.revisions import (
    Revised,
    RevisionDraft,
    RevisionOutcome,
    RevisionRefusal,
)
from persistence.interface import Revisions
from persistence.records import Locked, StoreUnavailable
from protocol.events import ChannelMessageRevised, PrivateMessageRevised
from protocol.model import Message, User
from protocol.revisions import Delete, Revision

log = structlog.get_logger(__name__)

STATEMENT_SECONDS: Final = 2.0  # after that the outcome counts as unknown
PATIENCE_SECONDS: Final = 1.5  # while another transaction holds the conversation

RevisionSettlement: TypeAlias = RevisionOutcome | StoreUnavailable


@frozen
class RevisionSubmission:
    """A revision with its user and callback; see `Messaging.revise`."""

    user: User
    draft: RevisionDraft
    settle: Callable[[RevisionSettlement], None]


class Revising:
    """Carries out the revisions of one lane, a batch at a time.

    Args:
        revisions: stores revisions.
        hub: delivers the changed messages.
        watch: knows which log it is.
        try_again: is called when a later turn has something to do.
        sequencer: knows what was delivered, and what is next.
        elsewhere: publishes the revisions to other nodes.
    """

    def __init__(
        self,
        revisions: Revisions,
        hub: Hub,
        watch: LogWatch,
        try_again: Callable[[], None],
        sequencer: Sequencer,
        elsewhere: Elsewhere,
    ) -> None:
        self._elsewhere = elsewhere
        self._revisions = revisions
        self._hub = hub
        self._watch = watch
        self._try_again = try_again
        self._sequencer = sequencer
        self._standstill = Standstill[RevisionSubmission](lambda each: each.draft.where)

    @property
    def waiting(self) -> int:
        """How many revisions wait because another transaction holds their conversation."""
        return len(self._standstill)

    async def carry_out(self, submissions: Sequence[RevisionSubmission], *, again: bool) -> None:
        """Store revisions, deliver those that are next in order, and settle. `again`: try those of
        the standstill again as well.
        """
        held = self._standstill.take() if again else ()
        ready = [*held, *self._standstill.others(submissions)]
        if ready:
            await self._store(ready)
        if self._sequencer.lacks_revisions:
            await self._catch_up()

    def receive(
        self, revised: Revised, revision: Revision | None, user: User | None, out: Outgoing
    ) -> None:
        """Another node has changed a message; see `Lane.receive_revision`."""
        arrival = Arrival(
            revised.message,
            partial(_deliveries, revised, revision, user),
            after_gone=partial(_missed, revised),  # then this event stands for both revisions
        )
        channel_id = revised.message.channel_id
        self._sequencer.revisions.receive(channel_id, revised.rev, arrival, out)

    async def _store(self, submissions: Sequence[RevisionSubmission]) -> None:
        for each in submissions:
            self._sequencer.expect(each.draft)
        out = Outgoing()
        try:
            with self._watch.posting():
                outcomes = await self._revise(submissions)
                self._elsewhere.changed(_changes(outcomes))
                for submission, outcome in outcomes:
                    self._order(submission, outcome, out)
        except StoreUnavailable as error:
            log.warning("revisions_not_stored", count=len(submissions), reason=str(error))
            for each in submissions:
                self._sequencer.doubt_revision(each.draft)
                each.settle(error)
            self._sequencer.postpone_reading()
            self._try_again()
            return
        await out.send(self._hub)

    def _order(
        self, submission: RevisionSubmission, outcome: RevisionSettlement, out: Outgoing
    ) -> None:
        """Deliver a revision that is next, hold another one; settle it once everything up to it was
        delivered.
        """
        match outcome:
            case Revised(message=message, rev=rev, repeated=is_repeated):
                if not is_repeated:
                    self.receive(outcome, submission.draft.revision, submission.user, out)
                revisions, channel_id = self._sequencer.revisions, message.channel_id
                if revisions.is_delivered(channel_id, rev):
                    out.thens.append(partial(submission.settle, outcome))
                else:
                    revisions.wait(channel_id, rev, partial(_reached, submission, outcome))
            case RevisionRefusal() | StoreUnavailable():
                out.thens.append(partial(submission.settle, outcome))
            case _:
                assert_never(outcome)

    async def _revise(
        self, submissions: Sequence[RevisionSubmission]
    ) -> Sequence[tuple[RevisionSubmission, RevisionSettlement]]:
        """Store revisions; returns the outcomes of those that are not tried again."""
        if not submissions:
            return ()
        with trio.move_on_after(STATEMENT_SECONDS) as patience:
            drafts = [each.draft for each in submissions]
            answers = await self._revisions.revise(drafts)
        if patience.cancelled_caught:
            raise StoreUnavailable("no answer in time")
        outcomes: list[tuple[RevisionSubmission, RevisionSettlement]] = []
        for submission, answer in zip(submissions, answers, strict=True):
            if not isinstance(answer, Locked):
                outcomes.append((submission, answer))
            elif self._standstill.has_waited(submission, PATIENCE_SECONDS):
                outcomes.append((submission, StoreUnavailable("its conversation is locked")))
            else:
                self._standstill.hold(submission)
                self._try_again()
        return outcomes

    async def _catch_up(self) -> None:
        """Read missing revisions and deliver them, page by page."""
        until = trio.current_time() + STATEMENT_SECONDS
        try:
            with self._watch.posting():
                while self._sequencer.lacks_revisions:
                    with trio.fail_at(until):
                        page = await self._sequencer.read_revisions()
                    await self._sequencer.take_revisions(page, _missed).send(self._hub)
        except (StoreUnavailable, trio.TooSlowError) as error:
            log.warning("missing_revisions_not_read", reason=str(error))
            self._sequencer.postpone_reading()


def _reached(
    submission: RevisionSubmission, outcome: Revised, error: StoreUnavailable | None
) -> None:
    submission.settle(outcome if error is None else error)


def _missed(revised: Revised) -> Sequence[Delivery]:
    """The deliveries of a revision that was read from the store: it is not known what was done."""
    return _deliveries(revised, None, None)


def _deliveries(
    revised: Revised, revision: Revision | None, user: User | None
) -> Sequence[Delivery]:
    return [*deliveries_of(revised, revision, user), *mentions_in_revised(revised)]


def shown_again(
    message: Message, revision: Revision, user: User
) -> tuple[PrivateMessageRevised | ChannelMessageRevised, ...]:
    """The events that show the message as it is now to a connection whose revision changed nothing:
    those that the revision would have led to.
    """
    at, done = datetime.now(UTC), _shown(message, revision, user)
    in_channel = ChannelMessageRevised(message, at, *done)
    if message.recipient_id is None:
        return (in_channel,)
    return in_channel, PrivateMessageRevised(message, at, *done)


def deliveries_of(
    revised: Revised, revision: Revision | None, user: User | None
) -> Sequence[Delivery]:
    """The deliveries of a revision: to the users of a private conversation who may see it, and to
    connections that have joined the channel or follow its workspace.
    """
    # A later revision of the same batch has an event of its own, with its own `rev`.
    message, at = evolve(revised.message, rev=revised.rev), datetime.now(UTC)
    rooms: list[Room] = [ChannelRoom(message.channel_id)]
    if revised.workspace_id is not None:
        rooms.append(WorkspaceRoom(revised.workspace_id))
    done = _shown(message, revision, user)
    in_channel = ChannelMessageRevised(message, at, *done, revised.workspace_id)
    deliveries = [Delivery(in_channel, ToRooms(rooms))]
    if revised.audience:
        private = PrivateMessageRevised(message, at, *done)
        deliveries.append(Delivery(private, ToUsers(revised.audience)))
    return deliveries


def _shown(
    message: Message, revision: Revision | None, user: User | None
) -> tuple[Revision | None, User | None]:
    """What was done, and by whom; neither if the message was deleted by another revision since."""
    is_gone = message.is_deleted and not isinstance(revision, Delete)
    return (None, None) if is_gone else (revision, user)


def _changes(
    outcomes: Iterable[tuple[RevisionSubmission, RevisionSettlement]],
) -> Iterator[Change]:
    """The revisions that were made just now, for other nodes."""
    for submission, outcome in outcomes:
        if isinstance(outcome, Revised) and not outcome.repeated:
            draft = submission.draft
            yield Change(outcome, draft.revision, submission.user, draft.target.pair)
