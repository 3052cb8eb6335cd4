"""Threads in memory."""

from collections.abc import Sequence

from attrs import define, evolve

from persistence.contents.threads import FollowedThread, ThreadPage
from persistence.memory.contents.channel_row import ChannelRow, ThreadFollow
from persistence.memory.tables import Tables
from protocol.model import MAX_ID, Message, MessageId, UserId


@define
class MemoryThreads:
    """Implements `persistence.contents.threads.Threads`."""

    tables: Tables

    def _root(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool
    ) -> tuple[ChannelRow, Message] | None:
        row = self.tables.messages.get(message_id)
        if row is None or message_id in row.deleted:
            return None
        root = row.find(row.roots.get(message_id, message_id))
        if root.id in row.deleted or not self.tables.may_join(user_id, row.channel):
            return None
        if only_private and root.recipient_id is None:
            return None
        return row, root

    async def replies(
        self,
        user_id: UserId,
        message_id: MessageId,
        page: ThreadPage,
        *,
        only_private: bool = False,
    ) -> Sequence[Message] | None:
        """See the interface."""
        found = self._root(user_id, message_id, only_private=only_private)
        if found is None:
            return None
        row, root = found
        replies = [
            each
            for each in row.shown(self.tables.hidden_from(user_id), user_id)
            if row.roots.get(each.id) == root.id
            and page.after < each.seq < page.before
            and not (only_private and each.recipient_id is None)
        ]
        return (replies[::-1] if page.newest else replies)[: page.limit]

    async def follow(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> bool:
        """See the interface."""
        return self._set(user_id, message_id, only_private=only_private, is_following=True)

    async def unfollow(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> bool:
        """See the interface."""
        return self._set(user_id, message_id, only_private=only_private, is_following=False)

    def _set(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool, is_following: bool
    ) -> bool:
        found = self._root(user_id, message_id, only_private=only_private)
        if found is None:
            return False
        row, root = found
        row.follow(root.id, user_id, len(row.messages))
        follows = row.follows[root.id]
        follows[user_id] = evolve(follows[user_id], is_following=is_following)
        return True

    async def mark_read(
        self,
        user_id: UserId,
        message_id: MessageId,
        *,
        up_to: int = MAX_ID,
        only_private: bool = False,
    ) -> bool:
        """See the interface."""
        found = self._root(user_id, message_id, only_private=only_private)
        if found is None:
            return False
        row, root = found
        follow = row.follows.get(root.id, {}).get(user_id)
        if follow is None or not follow.is_following:
            return False
        read_seq = max(follow.read_seq, min(up_to, len(row.messages)))
        row.follows[root.id][user_id] = evolve(follow, read_seq=read_seq)
        return True

    async def followed(
        self, user_id: UserId, *, before: int = MAX_ID, limit: int, only_private: bool = False
    ) -> Sequence[FollowedThread]:
        """See the interface."""
        found: list[FollowedThread] = []
        for row in self.tables.channels.values():
            for root_id, follows in row.follows.items():
                follow = follows.get(user_id, ThreadFollow(is_following=False))
                root = self._root(user_id, root_id, only_private=only_private)
                if row.is_hidden(root_id, user_id):
                    continue
                if follow.is_following and root is not None:
                    found.append(self._followed(user_id, row, root[1], follow))
        found.sort(key=lambda each: -each.place)
        return [each for each in found if each.place < before][:limit]

    def _followed(
        self, user_id: UserId, row: ChannelRow, root: Message, follow: ThreadFollow
    ) -> FollowedThread:
        hidden = self.tables.hidden_from(user_id)
        message = row.seen(root, hidden)
        unread = sum(
            row.roots.get(each.id) == root.id and each.author_id not in hidden
            for each in row.by_others(user_id, follow.read_seq, viewer=user_id)
        )
        last = None if message.replies is None else message.replies.last
        return FollowedThread(
            message, unread, follow.read_seq, root.id if last is None else last.id
        )
