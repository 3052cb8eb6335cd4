"""What a device may be sent: presence, typing and receipts, and the notices that a channel or
workspace is open to it, or is no longer.

Guarantees: an event that must not reach the device is a problem at once, and so is one that is not
true. Must not know: the messages that the device sends.
"""

from collections import Counter
from collections.abc import Callable
from math import inf
from typing import Never, Protocol, assert_never

import trio
from attrs import define, field

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from tests.simulation.judgement.truth import Committed, Right, Truth
from tests.simulation.languages.language import Language, Places
from tests.simulation.languages.learning_chat import LearningChat
from tests.simulation.languages.meanings import (
    Ended,
    Joined,
    MemberAdded,
    MemberRemoved,
    Offered,
    Presence,
    Ready,
    Receipt,
    ReceiptUpTo,
    Typing,
)
from tests.simulation.languages.messenger import Messenger

EARLY_SECONDS = 0.5


class Judge(Protocol):
    """Reports a problem unless a condition holds."""

    def __call__(self, holds: bool, problem: str) -> None: ...


@define
class Connection:
    """The state of a device's present connection.

    Args:
        opened_at: when it was opened.
        is_slow: it reads late, so what it reads now may have been sent long ago.
        holds: whether the hub holds live events until the device has resumed.

    `resumed_at`: when the first resume ended. `asked`: the times of the resumes that have not
    ended; `resumes`: how many there were in all; `asked_at`: the time of the last one.
    `unanswered`: how often each message was sent over it, less the confirmations that came.
    """

    opened_at: float
    is_slow: bool
    holds: bool
    frames: int = 0
    is_ready: bool = False
    is_resumed: bool = False
    resumed_at: float = inf
    asked: list[float] = field(factory=list)
    resumes: int = 0
    asked_at: float = -inf
    may_ask: bool = True
    needs_resume: bool = False
    was_shed: bool = False
    joined: set[ChannelId] = field(factory=set)
    reached: dict[ChannelId, int] = field(factory=dict)
    heard: set[tuple[ChannelId, int]] = field(factory=set)
    unanswered: Counter[tuple[ChannelId, str]] = field(factory=Counter)
    ended: dict[int, float] = field(factory=dict)
    typing: set[tuple[ChannelId, UserId]] = field(factory=set)
    online: dict[tuple[UserId, int | None], bool] = field(factory=dict)
    marks: dict[tuple[DeliveryStatus, UserId, UserId], int] = field(factory=dict)

    def answered(self, key: tuple[ChannelId, str]) -> None:
        self.unanswered -= Counter((key,))

    def reach(self, channel_id: ChannelId, seq: int) -> None:
        self.reached[channel_id] = max(seq, self.reached.get(channel_id, 0))


@define(eq=False)
class Witness:
    """Checks what one device is sent.

    Args:
        name: of the device.
        me: its user.
        language: its dialect.
        truth: what really happened.
        require: reports a problem unless a condition holds.
        note: for the trace.
        failed_at: when a call of the store failed last.
        last_here: when a user was last connected.
        grace: seconds after which a user whose last connection ended is called offline.
    """

    name: str
    me: UserId
    language: Language
    truth: Truth
    require: Judge
    note: Callable[[str, str], None]
    failed_at: Callable[[], float]
    last_here: Callable[[UserId], float]
    grace: float
    connection: Connection = field(init=False)

    @property
    def places(self) -> Places:
        return self.truth.places

    def _of_people(self, meaning: Presence | Typing | Receipt | ReceiptUpTo) -> None:
        match meaning:
            case Presence():
                self._presence(meaning)
            case Typing():
                self._typing(meaning)
            case Receipt():
                self._receipt(meaning)
            case ReceiptUpTo():
                self._receipt_up_to(meaning)
            case _:
                assert_never(meaning)

    def _presence(self, presence: Presence) -> None:
        user_id, place = presence.user_id, presence.place
        self._require(user_id != self.me, "heard of its own presence")
        what = f"that {user_id} is {'online' if presence.is_online else 'offline'}"
        if place is None:
            if presence.is_online:  # a user who may no longer know gets an offline event
                self._may_hear(Right.KNOW, user_id, what)
        elif place in self.places.rooms or isinstance(self.language, LearningChat):
            self._may_hear(Right.SEE, place, what)
        else:
            self._may_hear(Right.BELONG, place, what)
        if place is not None and presence.is_online:
            self._may_notice(user_id, what)
        self.connection.online[user_id, place] = presence.is_online
        if not presence.is_online and not self.connection.is_slow:
            self._require(self._may_be_offline(user_id, place), f"heard too early {what}")

    def _may_be_offline(self, user_id: UserId, place: int | None) -> bool:
        """Not before the grace period is over; a user who leaves a channel is gone from there at
        once.
        """
        now = trio.current_time()
        if place is None:
            sight = self.truth.sight(Right.KNOW, self.me, user_id)
            if sight.was_closed_since(now - self.truth.bound) or not sight.is_open:
                return True
        elif place not in self.places.rooms.values():
            return True
        sight = self.truth.sight(Right.NOTICE, self.me, user_id)
        if sight.was_closed_since(now - self.truth.bound):
            return True
        return now - self.last_here(user_id) >= self.grace - EARLY_SECONDS

    def _typing(self, typing: Typing) -> None:
        channel_id, author_id = typing.channel_id, typing.author_id
        self.note(self.name, f"{author_id} types in {channel_id}: {typing.is_typing}")
        self._may_hear(Right.SEE, channel_id, f"that {author_id} types")
        if typing.is_typing and author_id != self.me:
            self._may_notice(author_id, f"that they type in {channel_id}")
        if author_id == self.me:
            pass  # of another device, whose end is not sent if this one types too
        elif typing.is_typing:
            self.connection.typing.add((channel_id, author_id))
        else:
            self.connection.typing.discard((channel_id, author_id))

    def _receipt(self, receipt: Receipt) -> None:
        message = self._find(receipt.message_id).message
        people = {message.author_id}
        if isinstance(self.language, Messenger):
            people.add(receipt.user_id)
        if receipt.user_id == self.me:
            return  # the user has read it, maybe in a channel closed since
        if not self.truth.may_be_late:
            self._may_notice(receipt.user_id, "what they have read")
        if not isinstance(self.language, LearningChat):  # receipts go to all there
            self._require(self.me in people, f"heard {receipt} of others")
        self._check_mark(receipt.status, receipt.user_id, message.channel_id, message.seq)

    def _receipt_up_to(self, receipt: ReceiptUpTo) -> None:
        is_read = receipt.status is DeliveryStatus.READ
        people = {receipt.author_id, receipt.user_id} if is_read else {receipt.author_id}
        self._require(self.me in people, f"heard {receipt} of others")
        channel_id = self.places.conversation(receipt.user_id, receipt.author_id)
        self._check_mark(receipt.status, receipt.user_id, channel_id, receipt.seq)
        marks, key = self.connection.marks, (receipt.status, receipt.user_id, receipt.author_id)
        before = marks.get(key, 0)
        self._require(receipt.seq >= before, f"heard {receipt} after {before}: a mark moved back")
        marks[key] = receipt.seq

    def _check_mark(
        self, status: DeliveryStatus, user_id: UserId, channel_id: ChannelId, seq: int
    ) -> None:
        if not self.truth.may_be_late:
            self._may_hear(Right.SEE, channel_id, "a receipt")
        row = self.truth.tables.channels[channel_id]
        mark = (row.read if status is DeliveryStatus.READ else row.delivered).get(user_id, 0)
        what = f"heard that {user_id} has {channel_id}:{seq} ({status}), stored is {mark}"
        self._require(mark >= seq, what)

    # The problems that it reports.

    def _find(self, message_id: MessageId) -> Committed:
        committed = self.truth.find(message_id)
        if committed is None:
            self._complain(f"heard of message {message_id}, which is not stored")
        return committed

    def _may_see(self, committed: Committed) -> None:
        leaks = self.truth.must_not_reach(self.me, committed)
        self._require(not leaks, f"heard {committed.message.position}, which it may not see")

    def _may_hear(self, right: Right, of: int, what: str) -> None:
        """Whether typing, presence and receipts may reach the device now."""
        leaks = self.truth.is_long_closed(right, self.me, of) and not self.connection.is_slow
        self._require(not leaks, f"heard {what} of {of}, and has lost the right to")
        if right is not Right.KNOW:
            self._after_the_end(of, what)

    def _may_notice(self, user_id: UserId, what: str) -> None:
        """An event of a user in a channel that both are in does not reach the device across a
        block.
        """
        leaks = self.truth.is_long_closed(Right.NOTICE, self.me, user_id)
        if not self.connection.is_slow:
            self._require(not leaks, f"heard {what}, of {user_id}, and a block is between them")

    def _after_the_end(self, place: int, what: str) -> None:
        """The notice that a right is lost is the last event of the channel or workspace that a
        device gets.
        """
        rooms = self.places.rooms
        if place in rooms.values():
            self._not_ended(Right.BELONG, place, what)
        else:
            self._not_ended(Right.SEE, place, what)
        if place in rooms:
            self._not_ended(Right.BELONG, rooms[ChannelId(place)], what)

    def _not_ended(self, right: Right, place: int, what: str) -> None:
        ended_at = self.connection.ended.get(place)
        if ended_at is not None and not self.connection.is_slow:
            sight = self.truth.sight(right, self.me, place)
            self._require(sight.was_open_since(ended_at), f"heard {what} of {place} after its end")

    def _was_closed(self, right: Right, user_id: UserId, of: int) -> None:
        sight = self.truth.sight(right, user_id, of)
        since = self.connection.opened_at - self.truth.bound
        if not sight.was_closed_since(since) and not self.connection.is_slow:
            self._complain(f"heard that {of} is closed to {user_id}, and it is not")

    def _require(self, holds: bool, problem: str) -> None:
        self.require(holds, f"{self.name} {problem}")

    def _complain(self, problem: str) -> Never:
        self._require(False, problem)
        raise AssertionError(problem)  # not reached: `require` raises

    def _of_rights(
        self, meaning: Joined | Offered | Ended | Ready | MemberAdded | MemberRemoved
    ) -> None:
        match meaning:
            case Joined(channel_id=channel_id):
                self._may_hear(Right.SEE, channel_id, "of joining")
                self.connection.joined.add(channel_id)
            case Offered(channel_ids=channel_ids):
                for channel_id in channel_ids:
                    self._may_hear(Right.SEE, channel_id, "of a channel")
                self.connection.needs_resume = True
            case Ended():
                self._ended(meaning)
            case Ready(workspace_ids=workspace_ids):
                for workspace_id in workspace_ids:
                    self._may_hear(Right.BELONG, workspace_id, "to be ready")
                self.connection.is_ready = True
            case MemberAdded():
                self._member_added(meaning)
            case MemberRemoved():
                self._member_removed(meaning)
            case _:
                assert_never(meaning)

    def _ended(self, ended: Ended) -> None:
        self._was_closed(Right.SEE, self.me, ended.channel_id)
        self._end(ended.channel_id)
        self.connection.joined.discard(ended.channel_id)

    def _member_added(self, added: MemberAdded) -> None:
        self._may_hear(Right.BELONG, added.workspace_id, "of a new member")
        sight = self.truth.sight(Right.BELONG, added.user_id, added.workspace_id)
        since = self.connection.opened_at - self.truth.bound
        lately = sight.opened_at >= since or self.connection.is_slow or self.truth.may_be_late
        self._require(lately, f"heard that {added.user_id} is added, who was not")
        if added.user_id == self.me:
            self.connection.needs_resume = True

    def _member_removed(self, removed: MemberRemoved) -> None:
        self._may_hear(Right.BELONG, removed.workspace_id, "of a member that is gone")
        self._was_closed(Right.BELONG, removed.user_id, removed.workspace_id)
        self.connection.online.pop((removed.user_id, removed.workspace_id), None)
        if removed.user_id == self.me:
            self._end(removed.workspace_id)

    def _end(self, place: int) -> None:
        """The device gets the notice that a channel or workspace is closed to it."""
        self.note(self.name, f"hears no more of {place}")
        connection = self.connection
        connection.ended[place] = trio.current_time()
        connection.typing = {each for each in connection.typing if each[0] != place}
        connection.online = {key: on for key, on in connection.online.items() if key[1] != place}
