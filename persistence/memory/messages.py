"""The log in memory."""

from collections.abc import Sequence
from typing import Protocol

from attrs import define, evolve

from persistence.interface import Conversation, Draft, Outcome, Posted, ReadAdvance
from persistence.memory.tables import ChannelRow, Tables
from protocol.model import ChannelId, Message, MessageId, Refusal, UserId


class Policy(Protocol):
    """Who may message whom."""

    def may_message_now(self, sender: UserId, recipient: UserId) -> bool:
        """For one pair."""


@define
class MemoryMessages:
    """Implements `persistence.interface.Messages`."""

    tables: Tables
    policy: Policy

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        """See the interface."""
        return [self._post(draft) for draft in drafts]

    def _post(self, draft: Draft) -> Outcome:
        if draft.author_id == draft.recipient_id:
            return Refusal.CANNOT_MESSAGE_SELF
        if draft.recipient_id not in self.tables.users:
            return Refusal.RECIPIENT_NOT_FOUND
        first = self.tables.keys.get((draft.author_id, draft.key)) if draft.key else None
        if first is not None:
            same = (first.recipient_id, first.content) == (draft.recipient_id, draft.content)
            return Posted(self._seen(first), repeated=True) if same else Refusal.KEY_CONFLICT
        if not self.policy.may_message_now(draft.author_id, draft.recipient_id):
            return Refusal.NOT_ALLOWED
        return Posted(self._append(draft))

    def _append(self, draft: Draft) -> Message:
        pair = frozenset((draft.author_id, draft.recipient_id))
        channel = self.tables.channels.get(pair)
        if channel is None:
            low, high = sorted(pair)
            channel = ChannelRow(ChannelId(next(self.tables.ids)), (low, high))
            self.tables.channels[pair] = channel
        message = Message(
            id=MessageId(next(self.tables.ids)),
            channel_id=channel.id,
            seq=len(channel.messages) + 1,
            author_id=draft.author_id,
            content=draft.content,
            created_at=self.tables.now(),
            recipient_id=draft.recipient_id,
            kind=draft.kind,
            file_url=draft.file_url,
            key=draft.key,
        )
        channel.messages.append(message)
        if draft.key is not None:
            self.tables.keys[draft.author_id, draft.key] = message
        return message

    async def conversation_page(
        self, user_id: UserId, peer_id: UserId, *, offset: int, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        messages = self._messages(user_id, peer_id)
        end = max(len(messages) - offset, 0)
        return [self._seen(message) for message in messages[max(end - limit, 0) : end]]

    async def conversation_after(
        self, user_id: UserId, peer_id: UserId, *, after_seq: int, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        messages = self._messages(user_id, peer_id)
        return [self._seen(message) for message in messages[after_seq : after_seq + limit]]

    async def mark_read(self, reader: UserId, peer_id: UserId) -> ReadAdvance | None:
        """See the interface."""
        channel = self.tables.channels.get(frozenset((reader, peer_id)))
        if channel is None:
            return None
        last = len(channel.messages)
        if last <= channel.read.get(reader, 0):
            return None
        channel.read[reader] = last
        return ReadAdvance(channel.id, last)

    async def conversations(self, user_id: UserId) -> Sequence[Conversation]:
        """See the interface."""
        theirs = [row for pair, row in self.tables.channels.items() if user_id in pair]
        theirs.sort(key=lambda row: row.messages[-1].id, reverse=True)
        return [self._conversation(row, user_id) for row in theirs]

    async def unread_count(self, user_id: UserId) -> int:
        """See the interface."""
        channels = self.tables.channels.items()
        return sum(_unread(row, user_id) for pair, row in channels if user_id in pair)

    def _messages(self, user_id: UserId, peer_id: UserId) -> list[Message]:
        channel = self.tables.channels.get(frozenset((user_id, peer_id)))
        return [] if channel is None else channel.messages

    def _seen(self, message: Message) -> Message:
        """The message with its read status as of now."""
        if message.recipient_id is None:
            return message
        pair = frozenset((message.author_id, message.recipient_id))
        read = self.tables.channels[pair].read.get(message.recipient_id, 0)
        return evolve(message, is_read=read >= message.seq)

    def _conversation(self, row: ChannelRow, user_id: UserId) -> Conversation:
        (peer_id,) = set(row.members) - {user_id}
        answered = any(message.author_id == user_id for message in row.messages)
        return Conversation(
            channel_id=row.id,
            peer=self.tables.users[peer_id],
            last_message=self._seen(row.messages[-1]),
            unread_count=_unread(row, user_id),
            is_request=not answered
            and not self.tables.follow_accepted_either_way(user_id, peer_id),
        )


def _unread(row: ChannelRow, user_id: UserId) -> int:
    unread = row.messages[row.read.get(user_id, 0) :]
    return sum(message.author_id != user_id for message in unread)
