"""Mentions in memory."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import define

from persistence.contents.mentions import COUNTED
from persistence.lists import Places
from persistence.memory.contents.channel_row import ChannelRow, Mentioned
from persistence.memory.tables import Tables
from persistence.policy import Action
from protocol.model import MAX_ID, ChannelId, Message, UserId, name_key
from protocol.parsing.mentions import Candidate, candidates_in


@define
class MemoryMentions:
    """Implements `persistence.contents.mentions.Mentions`."""

    tables: Tables

    async def unread(self, user_id: UserId, places: Places = Places.ALL) -> Mapping[ChannelId, int]:
        """See the interface."""
        named = 0
        counts: dict[ChannelId, int] = {}
        of_channels: dict[ChannelId, int] = {}
        everything = sorted(self._of(user_id), key=lambda each: -each[1].id)
        for row, message in everything:
            channel_id = row.channel.id
            if user_id in row.mentions[message.id].users:
                named += 1
                is_counted = named <= COUNTED
            else:
                of_channels[channel_id] = of_channels.get(channel_id, 0) + 1
                is_counted = of_channels[channel_id] <= COUNTED
            is_unread = message.seq > row.read_up_to(user_id)
            if is_counted and is_unread and self._may_know(user_id, row, message, places):
                counts[channel_id] = counts.get(channel_id, 0) + 1
        return counts

    async def listed(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        before: int = MAX_ID,
        limit: int,
    ) -> Sequence[Message]:
        """See the interface."""
        hidden = self.tables.hidden_from(user_id)
        found = [
            row.seen(message, hidden)
            for row, message in self._of(user_id)
            if message.id < before and self._may_know(user_id, row, message, places)
        ]
        return sorted(found, key=lambda message: message.id, reverse=True)[:limit]

    def _of(self, user_id: UserId) -> Iterator[tuple[ChannelRow, Message]]:
        for row in self.tables.channels.values():
            for message_id, mentioned in row.mentions.items():
                if mentioned.channel or user_id in mentioned.users:
                    yield row, row.find(message_id)

    def _may_know(self, user_id: UserId, row: ChannelRow, message: Message, places: Places) -> bool:
        is_private = row.channel.pair is not None
        return (
            message.author_id != user_id
            and message.id in self.tables.messages
            and _reaches(self.tables, row, message, user_id)
            and places is not (Places.IN_WORKSPACES if is_private else Places.CONVERSATIONS)
            and self.tables.is_listed(row, user_id)
            and self.tables.may_join(user_id, row.channel)
            and not self.tables.blocked_either_way(user_id, message.author_id)
        )


def set_mentions(tables: Tables, row: ChannelRow, message: Message) -> None:
    """As `set_mentions` in postgres/routines/mentions.sql."""
    candidates = candidates_in(message.content)
    found = (_user(tables, row, message, each) for each in candidates.names)
    users = tuple(dict.fromkeys(each for each in found if each is not None))
    channel = candidates.channel and (
        tables.denial_in_channel(message.author_id, Action.MENTION_CHANNEL, row.channel) is None
    )
    row.mentions.pop(message.id, None)
    if users or channel:
        row.mentions[message.id] = Mentioned(tuple(sorted(users)), channel)


def _user(tables: Tables, row: ChannelRow, message: Message, candidate: Candidate) -> UserId | None:
    for name in (candidate.name, candidate.bare):
        for user in tables.users.values():
            if (
                name_key(user.username) == name
                and user.id != message.author_id
                and tables.may_join(user.id, row.channel)
                and not tables.blocked_either_way(user.id, message.author_id)
            ):
                return user.id
    return None


def _reaches(tables: Tables, row: ChannelRow, message: Message, user_id: UserId) -> bool:
    """Whether a mention counts for the user: they have not hidden the message and, unless it
    mentions them by name, have not muted the channel and did not join the workspace after it.
    """
    if row.is_hidden(message.id, user_id):
        return False
    note = row.notes.get(user_id)
    is_muted = note is not None and note.mute is not None and note.mute.holds(tables.now())
    workspace_id = row.channel.workspace_id
    joined_at = None if workspace_id is None else tables.joined.get((workspace_id, user_id))
    is_later = joined_at is not None and joined_at > message.created_at
    return user_id in row.mentions[message.id].users or not (is_muted or is_later)


def mentioned_by(tables: Tables, row: ChannelRow, message: Message) -> tuple[UserId, ...]:
    """As `mentioned_by` in postgres/routines/mentions.sql."""
    mentioned = row.mentions.get(message.id)
    if mentioned is None:
        return ()
    everybody = tables.users if mentioned.channel else mentioned.users
    return tuple(
        sorted(
            user_id
            for user_id in everybody
            if user_id != message.author_id
            and _reaches(tables, row, message, user_id)
            and tables.may_join(user_id, row.channel)
            and not tables.blocked_either_way(user_id, message.author_id)
        )
    )
