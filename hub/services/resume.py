"""Resume: what a connection missed, in order, and then live events again, without gap or repeat.

Guarantees: events that the Hub delivers are held back from before the log is read until the log has
been replayed, so messages posted meanwhile are neither lost nor repeated; no message is sent twice
on one connection; the replay is no faster than the peer reads. Positions of another log, or above
the end of this one, are ignored: everything is sent from the beginning, messages that were
delivered live once more, and the event at the end of the resume reports that. Must not know:
dialects, SQL, sockets.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from attrs import frozen

from hub.actor.backlog import Missing
from hub.actor.client import Client
from hub.services.channels import Channels
from hub.services.missed_revisions import (
    MissedRevisions,
    RenderRevision,
    channel_revision,
    private_revision,
)
from hub.services.notes import Notes
from hub.services.posting.log_watch import LogWatch
from hub.services.posting.sequencer import WentBack
from hub.services.replay import Render, Replay, ResumeFigures, channel_message, private_message
from persistence.interface import Accounts, Messages
from persistence.interface import Channels as ChannelStore
from persistence.lists import Lists
from persistence.records import ChannelHead
from protocol.bounds import MAX_POSITIONS, first_positions
from protocol.commands import ResumeChannels, ResumeConversations
from protocol.errors import TRY_AGAIN, ErrorCode
from protocol.events import (
    ChannelsResumed,
    ConversationsResumed,
    JoinedChannel,
    Refused,
)
from protocol.model import Channel, ChannelId, Reached, UserId

MAX_CHANNELS: Final = 1_000  # in one resume, of those that the client does not name
MAX_MESSAGES: Final = 10_000  # in one resume, of all channels together

K = TypeVar("K")


@frozen
class _Resumed:
    """What was sent of channels.

    Args:
        sent: what was replayed.
        is_above: whether it was everything, because a position was above the end of its channel.
        revs: the rev up to which each channel is known now; None: the client did not ask.
        is_all: whether all revisions were sent.
    """

    sent: Sequence[Missing]
    is_above: bool
    revs: Mapping[ChannelId, int] | None
    is_all: bool


class Resume:
    """Sends connections what they missed.

    Args:
        store: has the last seq and rev of each channel.
        lists: has the channels of each user.
        messages: the log.
        accounts: has the authors.
        channels: lets connections into channels.
        watch: knows which log it is.
        revisions: sends the messages that were changed.
        notes: sends what users note for themselves.
        limit: messages of one channel that are sent at most.
    """

    def __init__(  # noqa: PLR0913, PLR0917  everything that there is to miss
        self,
        store: ChannelStore,
        lists: Lists,
        messages: Messages,
        accounts: Accounts,
        channels: Channels,
        watch: LogWatch,
        revisions: MissedRevisions,
        notes: Notes,
        *,
        limit: int,
    ) -> None:
        self.figures = ResumeFigures()
        self._watch = watch
        self._revisions = revisions
        self._notes = notes
        self._store = store
        self._lists = lists
        self._replay = Replay(store, messages, accounts, self.figures)
        self._channels = channels
        self._limit = limit

    def believed(self, after: Mapping[K, int] | None, epoch: str | None) -> Mapping[K, int] | None:
        """The positions of a client, all of them 0 if they are from another log than this one.
        Without an epoch, they are taken for positions in this log.
        """
        if after is None or not self._is_other(epoch):
            return after
        return dict.fromkeys(after, 0)

    def _is_other(self, epoch: str | None) -> bool:
        return epoch is not None and epoch != self._watch.epoch

    async def conversations(self, client: Client, command: ResumeConversations) -> None:
        """Send what was missed in private conversations, then `ConversationsResumed`.

        Raises:
            StoreUnavailable: it cannot be read now; the connection is closed and may come back.
        """
        user_id, epoch = client.user.id, command.epoch
        moved = partial(self._lists.moved_first, user_id, only=command.only, limit=MAX_CHANNELS + 1)
        positions = _by_peer(user_id, self.believed(command.after, epoch))
        revs = _by_peer(user_id, self.believed(command.revs, epoch))

        def position(channel: Channel) -> int:
            peer = channel.peer_of(user_id)
            return 0 if peer is None else positions.get(peer, 0)

        def known(channel: Channel) -> tuple[int, int]:
            peer = channel.peer_of(user_id)
            return position(channel), 0 if peer is None else revs.get(peer, 0)

        def is_moved(head: ChannelHead) -> bool:
            seq, rev = known(head.channel)
            return head.last_seq != seq or (command.revs is not None and head.last_rev != rev)

        def is_above(head: ChannelHead) -> bool:
            seq, rev = known(head.channel)
            return seq > head.last_seq or rev > head.last_rev

        async with self._catching_up(client, private_message):
            heads = await moved(positions)
            is_reset = self._is_other(epoch)
            if above := list(filter(is_above, heads)):
                await self._look_back(user_id, above)
                positions, revs, is_reset = dict.fromkeys(positions, 0), {}, True
                heads = await moved(positions)
            if is_reset:
                client.backlog.forget()
            is_whole = not any(map(is_moved, heads[MAX_CHANNELS:]))
            heads = heads[:MAX_CHANNELS]
            channels = {head.channel.id: head.channel for head in heads}
            revised, is_all = await self._revised(
                client, heads, command.revs, known, private_revision
            )
            missing = self._missing(client, _by_id(heads), position)
            sent = await self._replay.all(client, channels, missing, private_message)
            upto = {
                peer: each.upto
                for each in _moved_first(sent)
                if each.upto and (peer := channels[each.channel_id].peer_of(user_id)) is not None
            }
            notes, is_noted = await self._noted(client, command.notes, is_reset=is_reset)
            now = datetime.now(UTC)
            is_complete = is_whole and is_all and is_noted and _is_complete(sent, upto)
            self.figures.ended(client, is_complete=is_complete, is_reset=is_reset)
            shown = first_positions(upto)
            last_revs = None
            if revised is not None:
                last_revs = {
                    peer: revised.get(channel.id, 0)
                    for channel in channels.values()
                    if (peer := channel.peer_of(user_id)) is not None and peer in shown
                }
            client.replay(
                ConversationsResumed(
                    user_id, is_complete, shown, now, self._watch.epoch, is_reset, last_revs, notes
                )
            )

    async def _revised(
        self,
        client: Client,
        heads: Sequence[ChannelHead],
        asked: Mapping[K, int] | None,
        known: Callable[[Channel], tuple[int, int]],
        render: RenderRevision,
    ) -> tuple[Mapping[ChannelId, int] | None, bool]:
        """Send the messages that were changed, if the client asks; see `MissedRevisions.replay`."""
        if asked is None:
            return None, True
        return await self._revisions.replay(client, heads, known, render)

    async def _noted(
        self, client: Client, known: int | None, *, is_reset: bool
    ) -> tuple[int | None, bool]:
        """Send what the user has noted, if the client asks; see `Notes.replay`."""
        if known is None:
            return None, True
        return await self._notes.replay(client, 0 if is_reset else known)

    async def channels(self, client: Client, command: ResumeChannels) -> None:
        """Let a connection into channels, send what it missed there, then `ChannelsResumed`.

        Raises:
            StoreUnavailable: it cannot be read now; the connection is closed and may come back.
        """
        after, epoch = command.after, command.epoch
        async with self._catching_up(client, channel_message):
            if self._is_other(epoch):
                client.backlog.forget()
            known = self.believed(after, epoch)
            named, is_whole = await self._named(client.user.id, known)
            heads = await self._enter(client, named) if command.enter else named
            revs = self.believed(command.revs, epoch)
            resumed = await self._resume(client, heads, known or {}, revs)
            sent = resumed.sent
            if len(sent) < len(after or ()):
                client.replay(Refused.because(ErrorCode.CHANNEL_NOT_FOUND))
            upto = {each.channel_id: each.upto for each in _moved_first(sent)}
            is_reset = resumed.is_above or self._is_other(epoch)
            notes, is_noted = await self._noted(client, command.notes, is_reset=is_reset)
            is_complete = is_whole and resumed.is_all and is_noted and _is_complete(sent, upto)
            self.figures.ended(client, is_complete=is_complete, is_reset=is_reset)
            positions = first_positions(upto)
            last_revs = resumed.revs and {
                channel_id: rev
                for channel_id, rev in resumed.revs.items()
                if channel_id in positions
            }
            client.replay(
                ChannelsResumed(
                    is_complete, positions, self._watch.epoch, is_reset, last_revs, notes
                )
            )

    async def can_recover(self, user_id: UserId, after: Mapping[ChannelId, Reached]) -> bool:
        """Whether all positions are possible and no channel has more missing messages than `limit`.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        heads = await self._store.heads(user_id, after.keys())
        return all(
            0 <= head.last_seq - after[head.channel.id].seq <= self._limit
            and after[head.channel.id].rev <= head.last_rev
            for head in heads
        )

    async def recover(
        self, client: Client, after: Mapping[ChannelId, Reached], *, notes: int
    ) -> None:
        """Let a connection into the channels of an earlier one, and send it what that one had not
        received: what follows these positions, and its user's notes above `notes`. If there are
        more messages, revisions or notes than one resume sends, it is closed, and comes back for
        the rest.

        Raises:
            StoreUnavailable: it cannot be read now; the connection is closed and may come back.
        """
        async with self._catching_up(client, channel_message):
            seqs = {channel_id: reached.seq for channel_id, reached in after.items()}
            revs = {channel_id: reached.rev for channel_id, reached in after.items()}
            named, _ = await self._named(client.user.id, seqs)
            resumed = await self._resume(client, await self._enter(client, named), seqs, revs)
            _, is_noted = await self._noted(client, notes, is_reset=resumed.is_above)
            is_sent = all(each.is_complete for each in resumed.sent)
            is_complete = is_sent and resumed.is_all and is_noted
            if not is_complete:
                client.close(TRY_AGAIN)
            self.figures.ended(client, is_complete=is_complete, is_reset=resumed.is_above)

    @asynccontextmanager
    async def _catching_up(self, client: Client, render: Render) -> AsyncIterator[None]:
        """Inside the block, the connection gets nothing that the Hub delivers; afterwards it gets
        all of it, from the log where it was too much to be held. If the block fails, the connection
        is closed: it must not go on without what it missed.
        """
        client.backlog.hold()
        try:
            yield
            while dropped := client.backlog.take_dropped():
                heads = await self._store.heads(client.user.id, dropped.keys())
                channels = {head.channel.id: head.channel for head in heads}
                missing = [
                    client.backlog.missing(channel_id, first - 1, last, limit=last - first + 1)
                    for channel_id, (first, last) in dropped.items()
                    if channel_id in channels
                ]
                sent = await self._replay.all(client, channels, missing, render)
                await self._expel(client, dropped.keys() - {each.channel_id for each in sent})
        except BaseException:
            self.figures.failed(client)
            client.close(TRY_AGAIN)
            raise
        client.backlog.release()

    async def _named(
        self, user_id: UserId, after: Mapping[ChannelId, int] | None
    ) -> tuple[Sequence[ChannelHead], bool]:
        """The channels that a client asks for, and whether these are all."""
        if after is not None:
            return await self._store.heads(user_id, after.keys()), True
        heads = await self._lists.recent(user_id, limit=MAX_CHANNELS + 1)
        return _by_id(heads[:MAX_CHANNELS]), len(heads) <= MAX_CHANNELS

    async def _resume(
        self,
        client: Client,
        heads: Sequence[ChannelHead],
        seqs: Mapping[ChannelId, int],
        revs: Mapping[ChannelId, int] | None,
    ) -> _Resumed:
        """Send what was missed in channels that the connection is in."""
        asked = revs
        channels = {head.channel.id: head.channel for head in heads}
        above = _above(heads, seqs, revs or {})
        if above:
            await self._look_back(client.user.id, above)
            client.backlog.forget()
            seqs, revs = {}, {}

        def known(channel: Channel) -> tuple[int, int]:
            return seqs.get(channel.id, 0), (revs or {}).get(channel.id, 0)

        revised, is_all = await self._revised(client, heads, asked, known, channel_revision)
        missing = self._missing(client, heads, lambda channel: seqs.get(channel.id, 0))
        sent = await self._replay.all(client, channels, missing, channel_message)
        await self._expel(client, channels.keys() - {each.channel_id for each in sent})
        return _Resumed(sent, bool(above), revised, is_all)

    async def _look_back(self, user_id: UserId, above: Sequence[ChannelHead]) -> None:
        """A client names positions above the end of these channels. If the hub has delivered more
        than there is as well, the log went back, and the watch is notified.
        """
        epoch = self._watch.epoch
        delivered = self._watch.delivered([head.channel.id for head in above])
        if not delivered:
            return
        for head in await self._store.heads(user_id, delivered.keys()):
            channel_id, found = head.channel.id, head.last_seq
            if found < delivered[channel_id]:
                await self._watch.went_back(
                    WentBack(channel_id, delivered[channel_id], found), epoch
                )

    async def _enter(self, client: Client, heads: Sequence[ChannelHead]) -> Sequence[ChannelHead]:
        """Let a connection into channels; returns their heads, read after the Hub let it in."""
        for head in heads:
            client.replay(JoinedChannel(head.channel.id))
            await self._channels.enter(client, head.channel)
        client.flush()  # the peer need not wait for the log to be read
        entered = {head.channel.id for head in heads}
        heads = await self._store.heads(client.user.id, entered)
        await self._expel(client, entered - {head.channel.id for head in heads})
        return heads

    async def _expel(self, client: Client, channel_ids: Collection[ChannelId]) -> None:
        """Remove a connection from channels that its user could not see meanwhile. If the user may
        see one again, nothing else removes it, and it would go on without what it was not sent.
        """
        for channel_id in channel_ids:
            await self._channels.expel(client, channel_id)

    def _missing(
        self,
        client: Client,
        heads: Sequence[ChannelHead],
        position: Callable[[Channel], int],
    ) -> Sequence[Missing]:
        """What is to be replayed of each channel, nothing of the last ones above `MAX_MESSAGES`."""
        found: list[Missing] = []
        left = MAX_MESSAGES
        for head in heads:
            channel, limit = head.channel, min(self._limit, left)
            found.append(
                client.backlog.missing(channel.id, position(channel), head.last_seq, limit=limit)
            )
            left -= sum(span.until - span.after for span in found[-1].spans)
        return found


def is_above(
    heads: Sequence[ChannelHead], after: Mapping[ChannelId, int], revs: Mapping[ChannelId, int]
) -> bool:
    """Whether a position is above the end of its channel: then no position is valid any more,
    because the log went back after the client got them.
    """
    return bool(_above(heads, after, revs))


def _above(
    heads: Sequence[ChannelHead], seqs: Mapping[ChannelId, int], revs: Mapping[ChannelId, int]
) -> Sequence[ChannelHead]:
    return [
        head
        for head in heads
        if seqs.get(head.channel.id, 0) > head.last_seq
        or revs.get(head.channel.id, 0) > head.last_rev
    ]


def _by_peer(
    user_id: UserId, positions: Mapping[frozenset[UserId], int] | None
) -> dict[UserId, int]:
    found = positions or {}
    return {peer: number for people, number in found.items() for peer in people - {user_id}}


def _by_id(heads: Sequence[ChannelHead]) -> Sequence[ChannelHead]:
    return sorted(heads, key=lambda head: head.channel.id)


def _moved_first(sent: Sequence[Missing]) -> Sequence[Missing]:
    """Channels with replayed messages, then the others: the first `MAX_POSITIONS` are named."""
    return sorted(sent, key=lambda each: not each.spans)


def _is_complete(sent: Sequence[Missing], upto: Collection[object]) -> bool:
    return len(upto) <= MAX_POSITIONS and all(each.is_complete for each in sent)
