"""The log in memory."""

from collections.abc import Collection, Sequence

from attrs import define, evolve

from persistence.changes import (
    PairMet,
)
from persistence.contents.threads import MAX_FOLLOWERS
from persistence.interface import MAX_NAMED
from persistence.memory.contents.channel_row import EVERYBODY, ChannelRow
from persistence.memory.contents.mentions import mentioned_by, set_mentions
from persistence.memory.contents.notes import MemoryNotes
from persistence.memory.tables import Tables
from persistence.policy import Action
from persistence.records import Advance, Denial, Draft, Gap, Outcome, Reading, Span
from protocol.model import (
    ASSISTANT_ID,
    MAX_ID,
    ChannelId,
    Message,
    MessageId,
    MessageKind,
    Posted,
    Refusal,
    UserId,
)


@define
class MemoryMessages:
    """Implements `persistence.interface.Messages`."""

    tables: Tables

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        """See the interface."""
        return [self._post(draft) for draft in drafts]

    async def post_again(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        """See the interface. None ever was `Locked`."""
        return await self.post(drafts)

    def _post(self, draft: Draft) -> Outcome:
        peer = draft.recipient_id
        if draft.channel_id is None:
            row = None if peer is None else self.tables.dms.get(frozenset((draft.author_id, peer)))
        else:
            row = self.tables.channels.get(draft.channel_id)
            if row is None:
                return Refusal.CHANNEL_NOT_FOUND
            peer = row.channel.peer_of(draft.author_id)
        first = None if row is None else self._stored(row.channel.id, draft)
        refusal = self._refusal(draft, row, peer)
        if refusal is not None and first is None:
            return refusal
        root_id = self._root_id(draft.parent_id)
        if first is None:
            filled = self._filled(draft, row, root_id)
            if isinstance(filled, Refusal):
                return filled
            draft = filled
        if row is None and peer is not None:
            row = self.tables.dm(draft.author_id, peer)
        if row is None:
            raise ValueError("a draft has a recipient or a channel")
        workspace_id = row.channel.workspace_id
        if first is not None:
            if not self._is_repeat(first, draft):
                return Refusal.KEY_CONFLICT
            shown = self._as_its_author_sees(first, row, refusal)
            return Posted(shown, repeated=True, workspace_id=workspace_id)
        message = self._append(draft, row, peer)
        followers = self._followers(row, message)
        mentioned = mentioned_by(self.tables, row, message)
        return Posted(message, workspace_id=workspace_id, followers=followers, mentioned=mentioned)

    def _root_id(self, parent_id: MessageId | None) -> MessageId | None:
        """The first message of the thread of a reply to `parent_id`; None: it is no reply."""
        row = None if parent_id is None else self.tables.messages.get(parent_id)
        if parent_id is None or row is None:
            return parent_id
        return row.roots.get(parent_id, parent_id)

    def _followers(self, row: ChannelRow, message: Message) -> tuple[UserId, ...]:
        """The users who get an event for a reply."""
        if message.thread is None:
            return ()
        follows = row.follows.get(message.thread.root_id, {})
        return tuple(
            user_id
            for user_id in sorted(follows)
            if follows[user_id].is_following
            and user_id != message.author_id
            and self.tables.may_join(user_id, row.channel)
        )[:MAX_FOLLOWERS]

    async def settle(self, author_ids: Collection[UserId]) -> None:
        """See the interface. Outcomes are always known here: `post` stores before it returns."""

    async def probe(self) -> None:
        """See the interface. Never raises."""

    async def repeated(self, draft: Draft) -> Posted | None:
        """See the interface."""
        channel_id = draft.channel_id
        first = None if channel_id is None else self._stored(channel_id, draft)
        if first is None or not self._is_repeat(first, draft):
            return None
        workspace_id = self.tables.channels[first.channel_id].channel.workspace_id
        first = evolve(first, content=draft.content, file_url=draft.file_url)
        return Posted(first, repeated=True, workspace_id=workspace_id)

    def _stored(self, channel_id: ChannelId, draft: Draft) -> Message | None:
        """The message that the draft's author has stored under its key in a channel."""
        if draft.key is None:
            return None
        return self.tables.keys.get((channel_id, draft.author_id, draft.key))

    def _refusal(self, draft: Draft, row: ChannelRow | None, peer: UserId | None) -> Refusal | None:
        if draft.author_id == peer:
            return Refusal.CANNOT_MESSAGE_SELF
        if peer is not None and peer not in self.tables.users:
            return Refusal.RECIPIENT_NOT_FOUND
        if draft.channel_id is not None and draft.author_id == ASSISTANT_ID:
            return None
        if peer is not None and not self.tables.may_message(draft.author_id, peer):
            is_blocked = (peer, draft.author_id) in self.tables.blocks
            return Refusal.RECIPIENT_NOT_FOUND if is_blocked else Refusal.NOT_ALLOWED
        if peer is not None:
            return None
        if row is None:
            return None
        denial = self.tables.denial_in_channel(draft.author_id, Action.WRITE, row.channel)
        return None if denial is None else _REFUSALS[denial]

    def _as_its_author_sees(
        self, first: Message, row: ChannelRow, refusal: Refusal | None
    ) -> Message:
        """The message as it is now, with its readers, as far as its author may know both."""
        unknown = EVERYBODY if refusal else self.tables.hidden_from(first.author_id)
        if self.tables.may_join(first.author_id, row.channel):
            return row.seen(row.find(first.id), unknown)
        if first.is_forwarded:
            first = evolve(first, content="", file_url=None, kind=MessageKind.TEXT)
        return first if refusal else row.seen(first, unknown)

    def _may_name(self, author_id: UserId, file_url: str | None) -> bool:
        if file_url is None or not file_url.startswith("/uploads/"):
            return True
        return self.tables.may_see_upload(author_id, file_url)

    def _filled(
        self, draft: Draft, row: ChannelRow | None, root_id: MessageId | None
    ) -> Draft | Refusal:
        """The draft, with the content of what it forwards; or a refusal, if it names a parent,
        original or file that its author may not see.
        """
        if not _is_parent_in(row, draft.parent_id, root_id):
            return Refusal.PARENT_NOT_FOUND
        if draft.forwards is not None:
            original = self._shown_to(draft.author_id, draft.forwards)
            if original is None:
                return Refusal.ORIGINAL_NOT_FOUND
            kind, file_url = original.kind, original.file_url
            draft = evolve(draft, content=original.content, kind=kind, file_url=file_url)
        may_name = self._may_name(draft.author_id, draft.file_url)
        return draft if may_name else Refusal.FILE_NOT_FOUND

    def _shown_to(self, user_id: UserId, message_id: MessageId) -> Message | None:
        """A message that was not deleted and that the user may see."""
        row = self.tables.messages.get(message_id)
        if row is None or message_id in row.deleted:
            return None
        if not self.tables.may_join(user_id, row.channel):
            return None
        return row.seen(row.find(message_id), self.tables.unknown_to(user_id))

    def _is_repeat(self, first: Message, draft: Draft) -> bool:
        original = self.tables.originals.get(first.id)
        if original is not None or draft.forwards is not None:
            return original == draft.forwards
        return _is_repeat(first, draft)

    def _append(self, draft: Draft, row: ChannelRow, peer: UserId | None) -> Message:
        was_answered = row.answered
        message = Message(
            id=MessageId(next(self.tables.ids)),
            channel_id=row.channel.id,
            seq=len(row.messages) + 1,
            author_id=draft.author_id,
            content=draft.content,
            created_at=self.tables.now(),
            recipient_id=peer,
            kind=draft.kind,
            file_url=draft.file_url,
            key=draft.key,
            is_homework=draft.is_homework,
            parent_id=draft.parent_id,
            is_forwarded=draft.forwards is not None,
        )
        if draft.forwards is not None:
            self.tables.originals[message.id] = draft.forwards
        row.messages.append(message)
        self.tables.messages[message.id] = row
        root_id = self._root_id(message.parent_id)
        if root_id is not None:
            row.replies.setdefault(root_id, []).append(message.id)
            row.roots[message.id] = root_id
            first = row.find(root_id)
            for user_id, read_seq in ((message.author_id, message.seq), (first.author_id, 0)):
                if user_id in self.tables.users and user_id != ASSISTANT_ID:
                    row.follow(first.id, user_id, read_seq)
        if draft.key is not None:
            self.tables.keys[message.channel_id, draft.author_id, draft.key] = message
        if not message.is_forwarded:
            set_mentions(self.tables, row, message)
        if draft.asker_id is not None:
            row.read[draft.asker_id] = row.delivered[draft.asker_id] = message.seq
        if row.channel.pair is not None and row.answered and not was_answered:
            self.tables.changed(PairMet(*row.channel.pair))
        return row.seen(message, self.tables.hidden_from(draft.author_id))

    async def conversation_page(
        self,
        user_id: UserId,
        peer_id: UserId,
        *,
        before_seq: int = MAX_ID,
        offset: int = 0,
        limit: int,
    ) -> Sequence[Message]:
        """See the interface."""
        log = self._conversation_log(user_id, peer_id)
        messages = [message for message in log if message.seq < before_seq]
        end = max(len(messages) - offset, 0)
        return messages[max(end - limit, 0) : end]

    async def conversation_after(
        self, user_id: UserId, peer_id: UserId, *, after_seq: int, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        messages = self._conversation_log(user_id, peer_id)
        return [message for message in messages if message.seq > after_seq][:limit]

    async def in_spans(
        self, user_id: UserId, spans: Sequence[Span], *, limit: int, even_hidden: bool = False
    ) -> Sequence[Message]:
        """See the interface."""
        found: list[Message] = []
        viewer = None if even_hidden else user_id
        for span in spans:
            row = self.tables.channels.get(span.channel_id)
            if row is not None and self.tables.may_join(user_id, row.channel):
                shown = row.shown(self.tables.hidden_from(user_id), viewer)
                found += [each for each in shown if span.after < each.seq <= span.until]
        return found[:limit]

    async def in_gaps(self, gaps: Sequence[Gap], *, limit: int) -> Sequence[Posted]:
        """See the interface."""
        found: list[Posted] = []
        for gap in gaps:
            row = self.tables.channels[gap.channel_id]
            for message in row.shown():
                author = message.author_id if row.channel.pair is not None else None
                shown = row.seen(message, self.tables.unknown_to(author))
                if message.seq > gap.above_seq and message.id > gap.above_id:
                    followers = self._followers(row, shown)
                    workspace_id = row.channel.workspace_id
                    mentioned = mentioned_by(self.tables, row, message)
                    found.append(
                        Posted(
                            shown,
                            workspace_id=workspace_id,
                            followers=followers,
                            mentioned=mentioned,
                        )
                    )
        return found[:limit]

    async def last_id(self) -> MessageId:
        """See the interface."""
        return max(self.tables.messages, default=MessageId(0))

    async def channel_page(
        self,
        channel_id: ChannelId,
        *,
        before: MessageId | None,
        limit: int,
        viewer: UserId | None = None,
    ) -> Sequence[Message]:
        """See the interface."""
        row = self.tables.channels.get(channel_id)
        shown = [] if row is None else row.shown(self.tables.unknown_to(viewer), viewer)
        return [each for each in shown if before is None or each.id < before][-limit:]

    async def get(
        self, message_id: MessageId, *, even_deleted: bool = False, viewer: UserId | None = None
    ) -> Message | None:
        """See the interface."""
        row = self.tables.messages.get(message_id)
        if row is None or (message_id in row.deleted and not even_deleted):
            return None
        return row.seen(row.find(message_id), self.tables.unknown_to(viewer))

    async def original(self, user_id: UserId, message_id: MessageId) -> Message | None:
        """See the interface."""
        original_id = self.tables.originals.get(message_id)
        if original_id is None or self._shown_to(user_id, message_id) is None:
            return None
        return self._shown_to(user_id, original_id)

    async def pinned(
        self, channel_id: ChannelId, *, viewer: UserId | None = None
    ) -> Sequence[Message]:
        """See the interface."""
        row = self.tables.channels.get(channel_id)
        if row is None:
            return []
        shown = row.shown(self.tables.unknown_to(viewer), viewer)
        by_id = {message.id: message for message in shown}
        return [by_id[message_id] for message_id in row.channel.pinned if message_id in by_id]

    async def mark_read(self, reader: UserId, peer_id: UserId, *, up_to: int = MAX_ID) -> Reading:
        """See the interface."""
        row = self.tables.dms.get(frozenset((reader, peer_id)))
        if row is None or not self.tables.may_join(reader, row.channel):
            return Reading()
        return await self._read(row, reader, min(up_to, len(row.messages)))

    async def mark_read_up_to(self, reader: UserId, message_id: MessageId) -> Reading:
        """See the interface."""
        message = await self._visible(reader, message_id)
        if message is None:
            return Reading()
        return await self._read(self.tables.messages[message_id], reader, message.seq)

    async def mark_delivered_up_to(
        self, recipient: UserId, message_id: MessageId
    ) -> Advance | None:
        """See the interface."""
        message = await self._visible(recipient, message_id)
        if message is None:
            return None
        row = self.tables.messages[message_id]
        return self._advance(row, row.delivered, recipient, message.seq)

    async def _read(self, row: ChannelRow, reader: UserId, seq: int) -> Reading:
        advance = self._advance(row, row.read, reader, seq)
        row.delivered[reader] = max(row.delivered.get(reader, 0), row.read.get(reader, 0))
        noted = await MemoryNotes(self.tables).mark_read(reader, row.channel.id, up_to=seq)
        return Reading(advance, noted.note if noted.is_new else None)

    def _advance(
        self, row: ChannelRow, marks: dict[UserId, int], user_id: UserId, seq: int
    ) -> Advance | None:
        before = marks.get(user_id, 0)
        if seq <= before:
            return None
        marks[user_id] = seq
        passed = [each for each in row.by_others(user_id, before) if each.seq <= seq][-MAX_NAMED:]
        peer_id = row.channel.peer_of(user_id)
        concerned = {message.author_id for message in passed} | ({peer_id} - {None})
        may_join = self.tables.may_join
        hidden = self.tables.hidden_from(user_id)
        if row.is_request(user_id) and peer_id is not None:
            hidden |= {peer_id}
        return Advance(
            row.channel.id,
            seq,
            tuple(message.id for message in passed),
            tuple(message.author_id for message in passed),
            peer_id,
            frozenset(each for each in concerned - hidden if each and may_join(each, row.channel)),
            hidden,
        )

    async def _visible(self, user_id: UserId, message_id: MessageId) -> Message | None:
        message = await self.get(message_id, even_deleted=True)
        if message is None:
            return None
        channel = self.tables.messages[message_id].channel
        return message if self.tables.may_join(user_id, channel) else None

    async def unread_in(self, user_id: UserId, channel_id: ChannelId, *, among: int) -> int:
        """See the interface."""
        row = self.tables.channels.get(channel_id)
        return 0 if row is None else row.unread_among(user_id, among)

    async def archive(self, user_id: UserId, peer_id: UserId) -> bool:
        """See the interface."""
        row = self.tables.dms.get(frozenset((user_id, peer_id)))
        may_see = row is not None and self.tables.may_join(user_id, row.channel)
        if row is None or not may_see or not row.conversation():
            return False
        row.archived[user_id] = len(row.messages)
        return True

    def _conversation_log(self, user_id: UserId, peer_id: UserId) -> list[Message]:
        row = self.tables.dms.get(frozenset((user_id, peer_id)))
        if row is None or not self.tables.may_join(user_id, row.channel):
            return []
        return row.conversation(self.tables.hidden_from(user_id), user_id)


_REFUSALS = {
    Denial.NOT_FOUND: Refusal.NOT_A_MEMBER,
    Denial.NOT_ALLOWED: Refusal.READ_ONLY,
}


def _is_repeat(first: Message, draft: Draft) -> bool:
    content = first.content.strip(), draft.content.strip()
    stored = (content[0], first.kind, first.file_url, first.parent_id)
    return stored == (content[1], draft.kind, draft.file_url, draft.parent_id)


def _is_parent_in(
    row: ChannelRow | None, parent_id: MessageId | None, root_id: MessageId | None
) -> bool:
    if parent_id is None:
        return True
    there = () if row is None else {each.id for each in row.messages} - row.deleted
    return parent_id in there and root_id in there
