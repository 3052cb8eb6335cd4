"""Accepts messages: from draft to commit, then to everyone who may see them.

Guarantees: a message is acknowledged and delivered only after its commit; permission is checked in
the statement that stores it; messages of one channel are committed and delivered in the order they
were accepted, because a channel always takes the same lane and a lane has one statement in flight.
Must not know: sockets, JSON, SQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import trio

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, WorkspaceRoom
from hub.cluster.elsewhere import NOWHERE, Elsewhere
from hub.services.posting.lane import Lane, Settle, Settlement, Submission
from hub.services.posting.log_watch import LogWatch
from hub.services.posting.revising import RevisionSettlement, RevisionSubmission
from hub.services.typing.indicators import TypingIndicators
from hub.tracing.tracing import Tracing
from persistence.contents.revisions import RevisionDraft, RevisionOutcome
from persistence.interface import Messages, Revisions
from persistence.records import Draft, Outcome, StoreUnavailable
from protocol.model import ChannelId, User, UserId, WorkspaceId


class Messaging:
    """Accepts messages into lanes.

    Args:
        messages: the log.
        hub: delivers what was committed.
        typing: ends an author's indicator.
        watch: knows which log it is, and has the sequencer of each lane; a lane has one statement
            in flight.
        revisions: makes changes of stored messages.
        tracing: makes spans; None: none are made.
        elsewhere: the other nodes.
    """

    def __init__(
        self,
        messages: Messages,
        hub: Hub,
        typing: TypingIndicators,
        watch: LogWatch,
        revisions: Revisions,
        *,
        tracing: Tracing | None = None,
        elsewhere: Elsewhere = NOWHERE,
    ) -> None:
        self._hub = hub
        self._typing = typing
        self._tracing = tracing
        self.lanes: Final[Sequence[Lane]] = [
            Lane(
                messages,
                hub,
                typing,
                sequencer,
                watch,
                self._settle,
                revisions=revisions,
                tracing=tracing,
                elsewhere=elsewhere,
            )
            for sequencer in watch.sequencers
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
        """Accept a message; `settle` is called once, with the outcome.

        Waits only while the lane's queue is full. Once stopping, every message is settled as
        StoreUnavailable at once: it was not stored, and trying elsewhere is safe.

        Args:
            author: whose message it is.
            draft: the message; a participant's draft for a dm names the recipient.
            settle: gets the outcome; it must not block.
            dm: the two users, when the assistant writes into their dm channel.
            besides: a connection to which the message is not delivered.
            confirm: a connection that gets a confirmation, in order with the messages.
        """
        if self._stopping:
            settle(StoreUnavailable("stopping"))
            return
        self._unsettled += 1
        self._typing.message_accepted(draft)
        try:
            trace = None if self._tracing is None else self._tracing.accepted()
            submission = Submission(author, draft, settle, besides, confirm, trace, dm)
            where = draft.where if dm is None else frozenset(dm)
            await self.lane(where).put(submission)
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
        settled, wait = trio.open_memory_channel[Settlement](1)
        settle = settled.send_nowait
        await self.submit(author, draft, settle, dm=dm, besides=besides, confirm=confirm)
        settlement = await wait.receive()
        if isinstance(settlement, StoreUnavailable):
            raise settlement
        return settlement

    async def revise(self, user: User, draft: RevisionDraft) -> RevisionOutcome:
        """Change a stored message and wait until the change is committed and delivered.

        Raises:
            StoreUnavailable: whether it was done is unknown; repeating is safe.
        """
        if self._stopping:
            raise StoreUnavailable("stopping")
        settled, wait = trio.open_memory_channel[RevisionSettlement](1)

        def settle(outcome: RevisionSettlement) -> None:
            self._forget(1)
            settled.send_nowait(outcome)

        self._unsettled += 1
        try:
            await self.lane(draft.where).put(RevisionSubmission(user, draft, settle))
        except BaseException:
            self._forget(1)
            raise
        settlement = await wait.receive()
        if isinstance(settlement, StoreUnavailable):
            raise settlement
        return settlement

    async def run(self) -> None:
        """Work off what was accepted until cancelled."""
        async with trio.open_nursery() as nursery:
            for lane in self.lanes:
                nursery.start_soon(lane.serve)
                nursery.start_soon(lane.recheck)

    def failing(self) -> Mapping[int, datetime]:
        """The lanes whose last messages were not stored, and since when."""
        return {
            number: lane.failing_since
            for number, lane in enumerate(self.lanes)
            if lane.failing_since is not None
        }

    async def drain(self) -> None:
        """Accept nothing more; return when everything accepted was settled and delivered."""
        self._stopping = True
        if self._unsettled:
            await self._settled_all.wait()

    def wants(
        self,
        channel_id: ChannelId,
        workspace_id: WorkspaceId | None,
        user_ids: Iterable[UserId],
    ) -> bool:
        """Whether any connection may get what another node has stored; see `Lane.skip`.

        Args:
            channel_id: the message's channel.
            workspace_id: of the channel.
            user_ids: both users of a dm, the users it mentions, the followers of its thread.
        """
        hub = self._hub
        return (
            hub.is_occupied(ChannelRoom(channel_id))
            or (workspace_id is not None and hub.is_occupied(WorkspaceRoom(workspace_id)))
            or any(map(hub.is_connected, user_ids))
        )

    def lane(self, where: object) -> Lane:
        """The lane of a channel, by its id, or of a dm, by the set of its two users."""
        return self.lanes[hash(where) % len(self.lanes)]

    def _forget(self, count: int) -> None:
        self._unsettled -= count
        if self._stopping and not self._unsettled:
            self._settled_all.set()

    def _settle(self, submission: Submission, settlement: Settlement) -> None:
        submission.settle(settlement)
        self._forget(1)
