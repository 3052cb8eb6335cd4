"""What really happened: who might see what, when, and which messages were stored.

It is read from the tables at the moment they change, so it knows of a change a little before the
hub does. From it follows what a device may still be sent:

- A *message* must not reach a user who lost sight of its channel so long before it was stored
  that the hub must have acted on that, and who has not got it back since the message was stored.
- *Typing, presence and receipts* must not reach a user for whom that time has passed.

"So long" is `bound`: the time that the calls of the hub need at most with this seed's store,
counted from the store's last result. A call that fails, or an outage, starts the time again.
"""

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import permutations
from math import inf
from typing import Any, TypeAlias

import trio
from attrs import define, field, frozen

from persistence.contents.revisions import Revised, RevisionDraft
from persistence.memory.tables import Tables
from persistence.records import Draft
from protocol.model import ChannelId, Message, MessageId, Posted, SessionId, UserId
from protocol.revisions import Delete, Edit
from tests.simulation.judgement.sight import Sight
from tests.simulation.languages.language import Places
from tests.simulation.languages.meanings import State
from tests.simulation.notes.log import NoteLog
from tests.simulation.threads.log import ThreadLog

CALLS: int = 20  # of the store, one after the other, until the hub has acted on a change
LONGEST_WAIT = 4.0  # seconds, of a device that is connected, for a message while nothing fails,
READS = 8  # and these calls of the store


class Right(Enum):
    """A right of a user, which may be lost."""

    SEE = auto()
    """A channel: its messages, typing and receipts."""
    SEND = auto()
    """Into a channel."""
    RESUME = auto()
    """A conversation, by a resume of all. A user who blocks the author of a message request may see
    it, but a resume leaves it out while the block lasts.
    """
    BELONG = auto()
    """To a workspace."""
    KNOW = auto()
    """Whether a user is online."""
    NOTICE = auto()
    """The events of a user in a channel that both are in: presence, typing and receipts."""


Key: TypeAlias = tuple[Right, UserId, int]


@frozen
class Committed:
    """A message, when it was stored or changed, and `closed_to`: the users who must not get it
    unless they regained the right since. `apart`: the users between whom and its author a block
    stood so long that the hub must know it.
    """

    message: Message
    at: float
    closed_to: frozenset[UserId]
    apart: frozenset[UserId]


@define
class Truth:
    """The facts against which the frames of a device are checked.

    Args:
        tables: of the store in memory.
        places: the channels.
        people: all users.
        slowest: seconds that a call of the store takes at most, on each way.
        is_alone: whether there is one hub only.

    `revisions`: by channel and rev, the message after it. `states`: all states of each message, by
    rev. `settled`: the keys of revisions that were made or refused, by user. `leaks`: copies of
    messages that their authors might not see, and wrong mentions. `threads`, `notes`: of all users.
    `calm_since`: when the last failure ended; `longest_wait`: of a device for a message, since
    then.
    """

    tables: Tables
    places: Places
    people: Sequence[UserId]
    slowest: float
    is_alone: bool
    messages: dict[tuple[ChannelId, int], Committed] = field(factory=dict, init=False)
    revisions: dict[tuple[ChannelId, int], Committed] = field(factory=dict, init=False)
    states: dict[tuple[ChannelId, int], dict[int, State]] = field(factory=dict, init=False)
    settled: set[tuple[UserId, str]] = field(factory=set, init=False)
    leaks: list[str] = field(factory=list, init=False)
    threads: ThreadLog = field(factory=ThreadLog, init=False)
    notes: NoteLog = field(factory=NoteLog, init=False)
    calm_since: float = field(default=inf, init=False)
    longest_wait: float = field(default=0.0, init=False)
    _disturbed_at: float = field(default=-inf, init=False)
    _is_away: bool = field(default=False, init=False)
    _by_id: dict[MessageId, Committed] = field(factory=dict, init=False)
    _sights: dict[Key, Sight] = field(factory=dict, init=False)
    _sessions: dict[bytes, float | None] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._sights = {key: Sight(allowed) for key, allowed in self._rights()}

    @property
    def bound(self) -> float:
        """Seconds until the hub has acted on a change."""
        return 0.5 + 2 * CALLS * self.slowest

    @property
    def patience(self) -> float:
        """Seconds that a device waits for a message at most while nothing fails."""
        return LONGEST_WAIT + 2 * READS * self.slowest

    @property
    def may_be_late(self) -> bool:
        """Whether a receipt or a note may be delayed at another node that was cut off: then it may
        be older than the loss of a right.
        """
        return self.may_cross(trio.current_time())

    def may_cross(self, at: float) -> bool:
        """Whether a bulletin of that time may have been lost between two nodes, so that later ones
        arrive first.
        """
        return not self.is_alone and at < self.calm_since + self.patience

    def disturbed(self, *, is_away: bool) -> None:
        """A call failed, or an outage began or ended: what waits for it takes longer."""
        self._is_away = is_away
        self._disturbed_at = trio.current_time()

    def changed(self) -> None:
        """Rights of users may have changed just now."""
        for key, allowed in self._rights():
            self._sights[key].change(is_open=allowed)
        for token_hash, ended_at in self._sessions.items():
            if ended_at is None and token_hash not in self.tables.sessions:
                self._sessions[token_hash] = trio.current_time()

    def opened(self, token_hash: bytes) -> SessionId:
        """A session to watch; returns its id."""
        self._sessions[token_hash] = None
        return self.tables.sessions[token_hash].id

    def is_session_open(self, token_hash: bytes) -> bool:
        """Whether it has not ended."""
        return self._sessions[token_hash] is None

    def is_session_long_ended(self, token_hash: bytes) -> bool:
        """Whether it ended so long ago that the hub must have acted on it."""
        return self._is_overdue(self._sessions[token_hash])

    def posted(self, drafts: Sequence[Draft], outcomes: Sequence[Any]) -> None:
        """The store has decided on these messages just now."""
        for draft, outcome in zip(drafts, outcomes, strict=True):
            if isinstance(outcome, Posted) and not outcome.repeated:
                message = outcome.message
                if message.is_forwarded:
                    self._copied(message)
                found = self._commit(message)
                self.messages[message.position] = self._by_id[message.id] = found
                self.states[message.position] = {0: _state(message)}
                self.threads.posted(message, draft.parent_id)
                self._mentions(message, is_decided=not message.is_forwarded)
        self.changed()  # users who have exchanged messages may see each other's presence

    def revised(self, drafts: Sequence[RevisionDraft], outcomes: Sequence[Any]) -> None:
        """The store has decided on these revisions just now."""
        for draft, outcome in zip(drafts, outcomes, strict=True):
            if isinstance(outcome, Revised):
                message = outcome.message
                if not outcome.repeated:
                    self.revisions[message.channel_id, outcome.rev] = self._commit(message)
                    is_edit = isinstance(draft.revision, Edit)
                    self._mentions(message, is_decided=is_edit)
                    self.states[message.position][outcome.rev] = _state(message)
                    if isinstance(draft.revision, Delete):
                        self.threads.deleted(message.id)
                if draft.key is not None:
                    self.settled.add((draft.by, draft.key))

    def original_of(self, copy: Message) -> Message | None:
        """The original of a copy, as it was posted; None: the message is no copy."""
        original_id = self.tables.originals.get(copy.id)
        return None if original_id is None else self._by_id[original_id].message

    def _copied(self, copy: Message) -> None:
        """A copy shows what its author sees of the original at this moment, and nothing else."""
        original = self.original_of(copy)
        if original is None:
            self.leaks.append(f"{copy} is a copy of nothing")
            return
        states = self.states[original.position]
        is_seen = self.sees(copy.author_id, original.channel_id)
        if not is_seen or states[max(states)].is_deleted:
            self.leaks.append(f"{copy} is a copy of {original}, which its author may not see")
        elif copy.content != states[max(states)].content:
            self.leaks.append(f"{copy} is a copy of {original}, which says something else")

    def _mentions(self, message: Message, *, is_decided: bool) -> None:
        """The mentions of a message are decided when it is posted and when it is edited, and not
        otherwise.
        """
        users: tuple[UserId, ...] = ()
        channel = False
        before = self.states.get(message.position, {})
        if is_decided:
            users, channel = self._named_in(message)
        elif before and not message.is_deleted:
            last = before[max(before)]
            users, channel = last.mentions, last.mentions_channel
        stored = tuple(each.user_id for each in message.mentions), message.mentions_channel
        if stored != (users, channel):
            self.leaks.append(f"{message} mentions {stored}, and should {(users, channel)}")

    def _named_in(self, message: Message) -> tuple[tuple[UserId, ...], bool]:
        tables, author, words = self.tables, message.author_id, message.content.split()
        place = tables.channels[message.channel_id].channel
        users = tuple(
            user_id
            for user_id in sorted(self.people)
            if f"@{tables.users[user_id].username}" in words
            and user_id != author
            and tables.may_join(user_id, place)
            and not tables.blocked_either_way(user_id, author)
        )
        may = place.workspace_id is not None and author == self.people[0]  # the owner
        return users, may and "@channel" in words

    def _commit(self, message: Message) -> Committed:
        closed_to = frozenset(
            user_id
            for user_id in self.people
            if self.is_long_closed(Right.SEE, user_id, message.channel_id)
        )
        author = message.author_id
        apart = frozenset(
            user_id
            for user_id in self.people
            if user_id != author and self.is_long_closed(Right.NOTICE, user_id, author)
        )
        return Committed(message, trio.current_time(), closed_to, apart)

    def last_rev(self, channel_id: ChannelId, seq: int, upto: int) -> int:
        """The rev of the last revision of a message up to this rev of its channel."""
        return max(rev for rev in self.states[channel_id, seq] if rev <= upto)

    def is_deleted(self, channel_id: ChannelId, seq: int) -> bool:
        """Whether a message is deleted now, and was not lost."""
        log = self.tables.channels[channel_id].messages
        return seq <= len(log) and log[seq - 1].is_deleted

    def may_stay_empty(self, user_id: UserId, channel_id: ChannelId, seq: int) -> bool:
        """Whether a resume may leave out this message: it is deleted, or the user has hidden it."""
        committed = self.messages.get((channel_id, seq))
        return self.is_deleted(channel_id, seq) or (
            committed is not None and self.notes.was_ever_hidden(user_id, committed.message.id)
        )

    def sight(self, right: Right, user_id: UserId, of: int) -> Sight:
        """The history of a right; a channel that is not the user's counts as closed."""
        return self._sights.get((right, user_id, of)) or Sight(is_open=False)

    def sees(self, user_id: UserId, channel_id: ChannelId) -> bool:
        """Whether a user may see a channel now."""
        return self.sight(Right.SEE, user_id, channel_id).is_open

    def is_long_closed(self, right: Right, user_id: UserId, of: int) -> bool:
        """Whether a right was lost so long ago that the hub must have acted on it."""
        sight = self.sight(right, user_id, of)
        return self._is_overdue(None if sight.is_open else sight.closed_at)

    def _is_overdue(self, lost_at: float | None) -> bool:
        if lost_at is None or self._is_away:
            return False
        return trio.current_time() - max(lost_at, self._disturbed_at) > self.bound

    def must_not_reach(self, user_id: UserId, committed: Committed) -> bool:
        """Whether it is a leak to send a message to this user now."""
        sight = self.sight(Right.SEE, user_id, committed.message.channel_id)
        return user_id in committed.closed_to and not sight.was_open_since(committed.at)

    def must_not_mention(self, user_id: UserId, committed: Committed) -> bool:
        """Whether it is a leak to send this user the event now that a message mentions them."""
        sight = self.sight(Right.NOTICE, user_id, committed.message.author_id)
        is_apart = user_id in committed.apart and not sight.was_open_since(committed.at)
        return is_apart or self.must_not_reach(user_id, committed)

    def find(self, message_id: MessageId) -> Committed | None:
        """A stored message."""
        return self._by_id.get(message_id)

    def _rights(self) -> Iterator[tuple[Key, bool]]:
        tables = self.tables
        for user_id in self.people:
            for workspace_id in dict.fromkeys(self.places.rooms.values()):
                is_member = user_id in tables.workspaces[workspace_id].members
                yield (Right.BELONG, user_id, workspace_id), is_member
            for room, workspace_id in self.places.rooms.items():
                is_member = user_id in tables.workspaces[workspace_id].members
                yield (Right.SEE, user_id, room), is_member
                yield (Right.SEND, user_id, room), is_member
        for pair, channel_id in self.places.conversations.items():
            for one, other in (tuple(pair), tuple(pair)[::-1]):
                sees, row = tables.may_see(one, other), tables.channels[channel_id]
                yield (Right.SEE, one, channel_id), sees
                yield (Right.RESUME, one, channel_id), sees and not tables.is_declined(row, one)
                yield (Right.SEND, one, channel_id), tables.may_message(one, other)
                yield (Right.KNOW, one, other), self._may_know(one, other)
        for one, other in permutations(self.people, 2):
            yield (Right.NOTICE, one, other), not tables.blocked_either_way(one, other)

    def _may_know(self, one: UserId, other: UserId) -> bool:
        tables = self.tables
        if tables.blocked_either_way(one, other):
            return False
        if tables.follow_accepted_either_way(one, other):
            return True
        row = tables.dms.get(frozenset((one, other)))
        if row is not None and row.answered and tables.in_contact(one, other):
            return True
        return any({one, other} <= set(each.members) for each in tables.workspaces.values())


def _state(message: Message) -> State:
    reactions = tuple((each.emoji, each.count, each.user_ids) for each in message.reactions)
    mentions = tuple(each.user_id for each in message.mentions)
    return State(
        message.rev,
        message.content,
        message.is_deleted,
        reactions,
        mentions,
        message.mentions_channel,
    )
