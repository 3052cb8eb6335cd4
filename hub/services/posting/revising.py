"""One lane's revisions: makes changes of stored messages and has them delivered, without gaps.

Guarantees: a revision is delivered after it is committed, after the message that it changes, and
right after the revision before it in its channel, or not yet; what was done without the hub's
knowledge is read from the store and delivered before anything newer. Whoever misses several
revisions of a message needs only the last, so a message is delivered as it is then.
Must not know: sockets, dialects, how revisions are stored.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias

import structlog
import trio
from attrs import evolve, frozen

from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room, ToRooms, ToUsers, WorkspaceRoom
from hub.services.posting.continuity import Continuity
from hub.services.posting.log_watch import LogWatch
from hub.services.posting.mentioning import mentions_in_revised
from hub.services.posting.revision_positions import RevisionPositions
from hub.services.posting.standstill import Standstill
from persistence.contents.revisions import (
    Revised,
    RevisionDraft,
    RevisionOutcome,
)
from persistence.interface import Messages, Revisions
from persistence.records import Locked, StoreUnavailable
from protocol.events import ChannelMessageRevised, PrivateMessageRevised
from protocol.model import ChannelId, Message, User
from protocol.revisions import Delete, Revision

log = structlog.get_logger(__name__)

STATEMENT_SECONDS: Final = 2.0  # then the outcome counts as unknown
PATIENCE_SECONDS: Final = 1.5  # with whatever else holds a conversation
PAGE: Final = 1_000

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
        messages: knows what is still in work.
        revisions: makes them.
        hub: hands out what was changed.
        watch: knows which log it is.
        try_again: is called when a later turn has something to do.
        continuity: what was delivered.
    """

    def __init__(
        self,
        messages: Messages,
        revisions: Revisions,
        hub: Hub,
        watch: LogWatch,
        try_again: Callable[[], None],
        continuity: Continuity,
    ) -> None:
        self._messages = messages
        self._revisions = revisions
        self._hub = hub
        self._watch = watch
        self._try_again = try_again
        self._continuity = continuity
        self._positions: RevisionPositions = continuity.revisions
        self._standstill = Standstill[RevisionSubmission](lambda each: each.draft.where)

    @property
    def waiting(self) -> int:
        """How many revisions stand still."""
        return len(self._standstill)

    @property
    def in_doubt(self) -> int:
        """Of how many channels something may be missing."""
        return len(self._positions.doubtful)

    async def carry_out(self, submissions: Sequence[RevisionSubmission], *, again: bool) -> None:
        """Store, deliver and settle. `again`: also what stands still, and what may be missing."""
        held = self._standstill.take() if again else ()
        ready = self._after_their_messages([*held, *self._standstill.others(submissions)])
        if not ready and not self._positions.doubtful:
            return
        for each in ready:
            self._positions.expect(each.draft)
        outcomes: Sequence[tuple[RevisionSubmission, RevisionSettlement]] = ()
        try:
            with self._watch.posting():
                outcomes = await self._revise(ready)
                deliveries = await self._deliveries(outcomes)
        except StoreUnavailable as error:
            log.warning("revisions_not_stored", count=len(ready), reason=str(error))
            for each in ready:
                self._positions.doubt(each.draft)
                each.settle(error)
            self._try_again()
            return
        await self._hub.broadcast(deliveries, partial(_settle, outcomes))

    def _after_their_messages(
        self, submissions: Sequence[RevisionSubmission]
    ) -> Sequence[RevisionSubmission]:
        """Those whose messages were delivered. The others are not made: nobody would know of what
        they are.
        """
        ready: list[RevisionSubmission] = []
        for each in submissions:
            if self._continuity.may_lack(each.draft.target):
                each.settle(StoreUnavailable("what was posted there is not delivered yet"))
            else:
                ready.append(each)
        return ready

    async def _revise(
        self, submissions: Sequence[RevisionSubmission]
    ) -> Sequence[tuple[RevisionSubmission, RevisionSettlement]]:
        """The outcomes of those that are not tried again."""
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

    async def _deliveries(
        self, outcomes: Sequence[tuple[RevisionSubmission, RevisionSettlement]]
    ) -> Sequence[Delivery]:
        """What is delivered: the revisions that follow, then those that were missing."""
        deliveries: list[Delivery] = []
        later: dict[tuple[ChannelId, int], RevisionSubmission] = {}
        for submission, outcome in outcomes:
            if isinstance(outcome, Revised) and not outcome.repeated:
                channel_id = outcome.message.channel_id
                if self._positions.follows(channel_id, outcome.rev):
                    revision = submission.draft.revision
                    deliveries += deliveries_of(outcome, revision, submission.user)
                else:
                    later[channel_id, outcome.rev] = submission
                deliveries += mentions_in_revised(outcome)
        if self._positions.doubtful and self._continuity.in_doubt:
            self._try_again()  # the messages come first
        elif self._positions.doubtful:
            deliveries += await self._missing(later)
        return deliveries

    async def _missing(
        self, submissions: Mapping[tuple[ChannelId, int], RevisionSubmission]
    ) -> Sequence[Delivery]:
        """What was done to messages and not delivered."""
        deliveries: list[Delivery] = []
        with trio.move_on_after(STATEMENT_SECONDS) as patience:
            await self._read_missing(submissions, deliveries)
        if patience.cancelled_caught:
            self._try_again()
        return deliveries

    async def _read_missing(
        self,
        submissions: Mapping[tuple[ChannelId, int], RevisionSubmission],
        deliveries: list[Delivery],
    ) -> None:
        positions = self._positions
        try:
            unsettled = frozenset(positions.unsettled)
            if unsettled:
                await self._messages.settle(unsettled)
                positions.unsettled -= unsettled
            while spans := positions.spans():
                page = await self._revisions.revised_since(spans, limit=PAGE)
                for each in page:
                    message = each.message
                    found = submissions.get((message.channel_id, message.rev))
                    if not positions.is_next(message.channel_id, message.rev):
                        found = None  # it stands for others of the same message, too
                    revision = None if found is None else found.draft.revision
                    user = None if found is None else found.user
                    deliveries += deliveries_of(each, revision, user)
                    deliveries += mentions_in_revised(each)
                    positions.note(message.channel_id, message.rev)
                if len(page) < PAGE:
                    positions.doubtful.clear()
        except StoreUnavailable as error:
            log.warning("missing_revisions_not_read", reason=str(error))
            self._try_again()


def _settle(outcomes: Sequence[tuple[RevisionSubmission, RevisionSettlement]]) -> None:
    for submission, outcome in outcomes:
        submission.settle(outcome)


def shown_again(
    message: Message, revision: Revision, user: User
) -> tuple[PrivateMessageRevised | ChannelMessageRevised, ...]:
    """What shows the message as it is now to whoever asked for what was done already: what the
    revision would have led to.
    """
    at, done = datetime.now(UTC), _shown(message, revision, user)
    in_channel = ChannelMessageRevised(message, at, *done)
    if message.recipient_id is None:
        return (in_channel,)
    return in_channel, PrivateMessageRevised(message, at, *done)


def deliveries_of(
    revised: Revised, revision: Revision | None, user: User | None
) -> Sequence[Delivery]:
    """To those of a private conversation who may see it, and to connections that have joined the
    channel or follow its workspace.
    """
    # If it was changed once more in the same batch, that is still to be told.
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
    """What was done, and by whom: nothing that the message does not show since it is deleted."""
    is_gone = message.is_deleted and not isinstance(revision, Delete)
    return (None, None) if is_gone else (revision, user)
