"""The row of a channel in the memory store: its log, and its users' watermarks and notes.

Guarantees: `seq` and `rev` are dense. Must not know: who may see it.
"""

from collections.abc import Callable, Container, Mapping
from typing import Final

from attrs import define, evolve, field, frozen

from persistence.contents.revisions import Version
from protocol.model import Channel, Mention, Message, MessageId, Reaction, Reply, Thread, UserId
from protocol.notes import ChannelNote, HiddenNote
from protocol.revisions import NAMED_REACTORS


class _Everybody:
    """A set that contains every user."""

    def __contains__(self, _: object) -> bool:
        return True


EVERYBODY: Final[Container[UserId]] = _Everybody()


@frozen
class Mentioned:
    """What a message mentions: users, and whether the whole channel."""

    users: tuple[UserId, ...]
    channel: bool


@frozen
class ThreadFollow:
    """Whether a user follows a thread, and up to which seq they have read its replies."""

    is_following: bool = True
    read_seq: int = 0


@define
class ChannelRow:
    """A channel, its log and its watermarks by user. `messages[seq - 1]` is the message with that
    seq; `deleted` has the ids of deleted messages.
    """

    channel: Channel
    messages: list[Message] = field(factory=list)
    deleted: set[MessageId] = field(factory=set)
    read: dict[UserId, int] = field(factory=dict)
    delivered: dict[UserId, int] = field(factory=dict)
    archived: dict[UserId, int] = field(factory=dict)
    declined: dict[UserId, int] = field(factory=dict)
    opened_by: set[UserId] = field(factory=set)
    accepted: bool = False
    last_rev: int = 0
    revised_id: int = 0  # above every id that existed at the last revision
    reactions: dict[MessageId, dict[str, dict[UserId, int]]] = field(factory=dict)  # numbered
    versions: dict[MessageId, list[Version]] = field(factory=dict)  # the last first
    mentions: dict[MessageId, Mentioned] = field(factory=dict)
    notes: dict[UserId, ChannelNote] = field(factory=dict)
    hidden: dict[tuple[UserId, MessageId], HiddenNote] = field(factory=dict)
    replies: dict[MessageId, list[MessageId]] = field(factory=dict)  # also deleted ones
    roots: dict[MessageId, MessageId] = field(factory=dict)  # by reply
    follows: dict[MessageId, dict[UserId, ThreadFollow]] = field(factory=dict)
    is_request: Callable[[UserId], bool] = lambda _: False
    username: Callable[[UserId], str] = str

    def find(self, message_id: MessageId) -> Message:
        """The stored message of that id, which must be in this channel."""
        return next(message for message in self.messages if message.id == message_id)

    def replace(self, message: Message) -> None:
        """Replace a stored message by another version of it."""
        self.messages[message.seq - 1] = message

    def release_replies(self, message_id: MessageId) -> None:
        """Make the replies to a removed message replies to the first message of their thread, or,
        if the removed message was the first one, to none.
        """
        for reply_id in self.replies.pop(message_id, ()):
            del self.roots[reply_id]
        for each in tuple(self.messages):
            if each.parent_id == message_id:
                self.replace(evolve(each, parent_id=self.roots.get(each.id)))
        self.follows.pop(message_id, None)

    def forget(self, user_id: UserId) -> None:
        """Remove a user's reactions, the mentions of the user, and their follows of threads."""
        self.mentions = {
            message_id: evolve(each, users=tuple(one for one in each.users if one != user_id))
            for message_id, each in self.mentions.items()
        }
        for follows in self.follows.values():
            follows.pop(user_id, None)
        for kinds in self.reactions.values():
            for emoji, users in tuple(kinds.items()):
                users.pop(user_id, None)
                if not users:
                    del kinds[emoji]

    def follow(self, root_id: MessageId, user_id: UserId, read_seq: int) -> None:
        """Make a user follow a thread, unless they follow it already or have ceased to."""
        self.follows.setdefault(root_id, {}).setdefault(user_id, ThreadFollow(read_seq=read_seq))

    def thread(self, root_id: MessageId) -> Thread:
        """The thread of a message as it is now."""
        live = [each for each in self.replies.get(root_id, ()) if each not in self.deleted]
        if not live:
            return Thread(root_id, 0, None)
        last = self.find(live[-1])
        return Thread(root_id, len(live), Reply(last.id, last.author_id, last.created_at))

    def next_rev(self) -> int:
        """The rev of the next revision."""
        self.last_rev += 1
        return self.last_rev

    def clear(self, message: Message) -> None:
        """Delete the content of a stored message, its reactions, mentions, versions and pin."""
        self.deleted.add(message.id)
        self.reactions.pop(message.id, None)
        self.mentions.pop(message.id, None)
        self.versions.pop(message.id, None)
        self.replace(
            evolve(message, content="", file_url=None, is_deleted=True, is_forwarded=False)
        )
        others = (each for each in self.channel.pinned if each != message.id)
        self.channel = evolve(self.channel, pinned=tuple(others))

    def shown(
        self, unknown: Container[UserId] = EVERYBODY, viewer: UserId | None = None
    ) -> list[Message]:
        """The messages that are not deleted and that the viewer has not hidden; see `seen`."""
        return [
            self.seen(each, unknown)
            for each in self.messages
            if each.id not in self.deleted and not self.is_hidden(each.id, viewer)
        ]

    def is_hidden(self, message_id: MessageId, viewer: UserId | None) -> bool:
        """Whether a user has hidden a message."""
        note = None if viewer is None else self.hidden.get((viewer, message_id))
        return note is not None and note.is_hidden

    def conversation(
        self, unknown: Container[UserId] = EVERYBODY, viewer: UserId | None = None
    ) -> list[Message]:
        """As `shown`, only messages by the two users of a dm, without the assistant's."""
        return [each for each in self.shown(unknown, viewer) if each.recipient_id is not None]

    @property
    def answered(self) -> bool:
        """Whether both users of a dm have written in it, or the second one has accepted it."""
        both = set(self.channel.pair or (None,))
        return self.accepted or {each.author_id for each in self.messages} >= both

    @property
    def opener(self) -> UserId | None:
        """The one of the two users of a dm who wrote first."""
        authors = (each.author_id for each in self.messages)
        return next((each for each in authors if each in (self.channel.pair or ())), None)

    def seen(self, message: Message, unknown: Container[UserId] = EVERYBODY) -> Message:
        """The message with its current pin, reactions, mentions, threads and readers. `unknown`:
        the users whom the reader of the message may not know as readers.
        """
        found = self.reactions.get(message.id, {})
        reactions = tuple(
            Reaction(emoji, len(users), tuple(users)[:NAMED_REACTORS])
            for emoji, users in sorted(found.items(), key=lambda each: min(each[1].values()))
        )
        mentioned = self.mentions.get(message.id, Mentioned((), channel=False))
        return evolve(
            message,
            reactions=reactions,
            mentions=tuple(Mention(each, self.username(each)) for each in mentioned.users),
            mentions_channel=mentioned.channel,
            read_by=tuple(sorted(self._past(self.read, message, unknown))),
            is_pinned=message.id in self.channel.pinned,
            is_delivered=bool(self._past(self.delivered, message, unknown)),
            thread=self.thread(self.roots[message.id]) if message.id in self.roots else None,
            replies=own if (own := self.thread(message.id)).count else None,
        )

    def _past(
        self, marks: Mapping[UserId, int], message: Message, unknown: Container[UserId]
    ) -> set[UserId]:
        """The other users whose watermark has reached a message, without those in `unknown` and
        those for whom the dm is a request.
        """
        return {
            user
            for user, seq in marks.items()
            if seq >= message.seq
            and user != message.author_id
            and user not in unknown
            and not self.is_request(user)
        }

    def read_up_to(self, user_id: UserId) -> int:
        """The seq up to which the channel counts as read for a user."""
        note = self.notes.get(user_id)
        read = self.read.get(user_id, 0)
        if note is None or note.unread_from is None:
            return read
        return min(read, note.unread_from - 1)

    def unread(self, user_id: UserId) -> list[Message]:
        """The messages of others that count as unread for a user."""
        return self.by_others(user_id, self.read_up_to(user_id), viewer=user_id)

    def unread_among(self, user_id: UserId, among: int) -> int:
        """How many of the user's `unread` are among the newest `among` messages of the channel."""
        newest = {message.id for message in self.shown(viewer=user_id)[-among:]}
        return sum(message.id in newest for message in self.unread(user_id))

    def by_others(
        self,
        user_id: UserId,
        above: int,
        unknown: Container[UserId] = EVERYBODY,
        viewer: UserId | None = None,
    ) -> list[Message]:
        """The messages of others above a seq; see `shown`."""
        shown = self.shown(unknown, viewer)
        return [each for each in shown if each.seq > above and each.author_id != user_id]
