"""What a user's lists show, in memory."""

from collections.abc import Collection, Mapping, Sequence

from attrs import define

from persistence.lists import MAX_LISTED, Found, Key, Order, Places, Search, Which
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.tables import Tables
from persistence.policy import Action
from persistence.records import ChannelHead, Conversation, Newest, channel_key
from protocol.model import MAX_ID, ChannelId, Message, MessageId, UserId, name_key


@define
class MemoryLists:
    """Implements `persistence.lists.Lists`."""

    tables: Tables

    async def conversations(
        self,
        user_id: UserId,
        which: Which = Which.ALL,
        *,
        before: int = MAX_ID,
        limit: int = MAX_LISTED,
    ) -> Sequence[Conversation]:
        """See the interface."""
        listed = [each for each in self._conversations(user_id, which) if each.last_id < before]
        return sorted(listed, key=lambda each: each.last_id, reverse=True)[:limit]

    async def unread_count(self, user_id: UserId) -> int:
        """See the interface."""
        now = self.tables.now()
        return sum(
            each.unread_count
            for each in self._conversations(user_id, Which.UNARCHIVED)
            if each.mute is None or not each.mute.holds(now)
        )

    async def undelivered(self, user_id: UserId, *, limit: int) -> Sequence[Message]:
        """See the interface."""
        found = [
            message
            for row in self.tables.channels.values()
            if (row.delivered.get(user_id) or row.channel.pair is not None)
            and self.tables.may_join(user_id, row.channel)
            and not self.tables.is_declined(row, user_id)
            for message in row.by_others(
                user_id, row.delivered.get(user_id, 0), self.tables.hidden_from(user_id), user_id
            )
        ]
        return sorted(found, key=lambda message: message.id)[-limit:]

    async def unread_in(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, int]:
        """See the interface."""
        return {
            each.channel_id: each.unread_count
            for each in self._conversations(user_id, Which.ALL)
            if each.channel_id in channel_ids
        }

    async def newest(
        self, user_id: UserId, channel_ids: Collection[ChannelId], *, among: int
    ) -> Mapping[ChannelId, Newest]:
        """See the interface."""
        hidden = self.tables.hidden_from(user_id)
        return {
            channel_id: Newest(shown[-1], row.unread_among(user_id, among))
            for channel_id, row in self.tables.channels.items()
            if channel_id in channel_ids
            and row.channel.workspace_id is not None
            and self.tables.may_join(user_id, row.channel)
            and (shown := row.shown(hidden, user_id))
        }

    async def channels(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        after: int = 0,
        limit: int = MAX_LISTED,
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        listed = [
            ChannelHead(row.channel, len(row.messages), row.last_rev)
            for row in self._rows(user_id)
            if _is_in(places, row) and row.channel.id > after
        ]
        return sorted(listed, key=lambda head: head.channel.id)[:limit]

    async def writable(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> frozenset[ChannelId]:
        """See the interface."""
        denial = self.tables.denial_in_channel
        return frozenset(
            channel_id
            for channel_id, row in self.tables.channels.items()
            if channel_id in channel_ids and denial(user_id, Action.WRITE, row.channel) is None
        )

    async def recent(self, user_id: UserId, *, limit: int) -> Sequence[ChannelHead]:
        """See the interface."""
        rows = sorted(self._rows(user_id), key=_newest_first)
        return [ChannelHead(row.channel, len(row.messages), row.last_rev) for row in rows[:limit]]

    async def moved_first(
        self, user_id: UserId, after: Mapping[UserId, int], *, only: bool = False, limit: int
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        rows = [
            row
            for row in self._rows(user_id)
            if (peer := row.channel.peer_of(user_id)) is not None and (peer in after or not only)
        ]

        def rank(row: ChannelRow) -> tuple[bool, bool, int, int]:
            peer, last_seq = row.channel.peer_of(user_id), len(row.messages)
            known = 0 if peer is None else after.get(peer, 0)
            return known <= last_seq, known == last_seq, *_newest_first(row)

        rows.sort(key=rank)
        return [ChannelHead(row.channel, len(row.messages), row.last_rev) for row in rows[:limit]]

    async def search(self, user_id: UserId, wanted: Search) -> Sequence[Found]:
        """See the interface."""
        shown = {each.channel_id for each in self._conversations(user_id, Which.UNARCHIVED)}
        found = [
            each
            for row in self._rows(user_id)
            if row.channel.pair is None or (wanted.with_conversations and row.channel.id in shown)
            if name_key(wanted.text) in _name_key(each := self._found(user_id, row, wanted))
        ]
        found.sort(key=lambda each: each.key, reverse=wanted.is_descending)
        after = wanted.after
        if after is not None:
            found = [each for each in found if _is_behind(each.key, after, wanted)]
        return found[wanted.offset : wanted.offset + wanted.limit]

    def _found(self, user_id: UserId, row: ChannelRow, wanted: Search) -> Found:
        channel, peer_id = row.channel, row.channel.peer_of(user_id)
        peer = None if peer_id is None else self.tables.person(peer_id)
        place = channel.workspace_id
        members = 2 if place is None else len(self.tables.workspaces[place].members)
        name = channel.name if peer is None else peer.name
        match wanted.order:
            case Order.CREATED_AT:
                key = ""  # sorted by the id alone
            case Order.MEMBER_COUNT:
                key = f"{members:016}"
            case Order.NAME:
                key = channel_key(name) if peer is None else name_key(name)
        head = ChannelHead(channel, len(row.messages), row.last_rev)
        return Found(head, name, peer, members, (key, channel.id))

    def _rows(self, user_id: UserId) -> list[ChannelRow]:
        return [
            row
            for row in self.tables.channels.values()
            if self.tables.may_join(user_id, row.channel) and self.tables.is_listed(row, user_id)
        ]

    def _conversations(self, user_id: UserId, which: Which) -> list[Conversation]:
        found = [
            each
            for row in self._rows(user_id)
            if (each := self._conversation(row, user_id)) is not None
        ]
        match which:
            case Which.ALL:
                return found
            case Which.UNARCHIVED:
                return [each for each in found if not each.is_archived]
            case Which.REQUESTS:
                return [each for each in found if each.is_request]

    def _conversation(self, row: ChannelRow, user_id: UserId) -> Conversation | None:
        log = row.conversation(self.tables.hidden_from(user_id), user_id)
        peer_id = row.channel.peer_of(user_id)
        if not log or peer_id is None:
            return None
        note = row.notes.get(user_id)
        return Conversation(
            channel_id=row.channel.id,
            peer=self.tables.person(peer_id),
            last_message=log[-1],
            unread_count=self._unread(row, user_id),
            is_request=row.is_request(user_id),
            last_id=MessageId(_last_id(row)),
            last_seq=len(row.messages),
            last_rev=row.last_rev,
            is_archived=row.archived.get(user_id, 0) >= log[-1].seq,
            mute=None if note is None else note.mute,
            unread_from=None if note is None else note.unread_from,
        )

    def _unread(self, row: ChannelRow, user_id: UserId) -> int:
        return sum(
            message.recipient_id is not None
            and (user_id, message.author_id) not in self.tables.blocks
            for message in row.unread(user_id)
        )


def _is_in(places: Places, row: ChannelRow) -> bool:
    match places:
        case Places.ALL:
            return True
        case Places.CONVERSATIONS:
            return row.channel.pair is not None
        case Places.IN_WORKSPACES:
            return row.channel.workspace_id is not None


def _name_key(found: Found) -> str:
    return channel_key(found.name) if found.peer is None else name_key(found.name)


def _last_id(row: ChannelRow) -> int:
    return row.messages[-1].id if row.messages else 0


def _newest_first(row: ChannelRow) -> tuple[int, int]:
    return -_last_id(row), row.channel.id


def _is_behind(key: Key, after: Key, wanted: Search) -> bool:
    return key < after if wanted.is_descending else key > after
