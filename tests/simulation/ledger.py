"""What one device has received and sent, and whether it should have: the complaints of its user.

Every frame is entered here, in the order it came. What nobody may be sent, what comes twice, out of
order or to the wrong person is a problem at once; what never came, in the end.
"""

from collections import Counter
from collections.abc import Callable
from math import inf
from typing import Any, Never, Protocol, assert_never

import trio
from attrs import define, field, frozen

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from tests.simulation.languages.language import Language, Places
from tests.simulation.languages.learning_chat import LearningChat
from tests.simulation.languages.meanings import (
    Ended,
    Greeting,
    Heard,
    Joined,
    MemberAdded,
    MemberRemoved,
    Presence,
    Reached,
    Ready,
    Receipt,
    ReceiptUpTo,
    Refused,
    Resumed,
    Shed,
    Stored,
    TurnedAway,
    Typing,
    Undelivered,
    UnknownFrame,
)
from tests.simulation.languages.messenger import Messenger
from tests.simulation.truth import Committed, Right, Truth

TRANSIENT = {"unavailable", "rate_limited", "not_joined", "lookup_failed"}
FORBIDDEN = {"not_allowed", "not_a_member", "not_a_participant"}
EARLY_SECONDS = 0.5
OUTAGE_SECONDS = 10.0  # after a failed call, in which something may still be refused because of it


class Judge(Protocol):
    """Where complaints go."""

    def __call__(self, holds: bool, problem: str) -> None: ...


@frozen
class Sent:
    """A message of the device."""

    channel_id: ChannelId
    text: str
    at: float

    @property
    def name(self) -> str:
        """What tells it from every other message."""
        return self.text.partition(" ")[0]


@define
class Connection:
    """What a device knows of its present connection.

    Args:
        opened_at: when it was opened.
        is_slow: it reads late, so what it reads now may have been sent long ago.
        holds: whether the hub holds live events until the device has resumed.
    """

    opened_at: float
    is_slow: bool
    holds: bool
    frames: int = 0
    is_ready: bool = False
    is_resumed: bool = False
    asked: int = 0
    asked_at: float = -inf
    may_ask: bool = True
    needs_resume: bool = False
    was_shed: bool = False
    joined: set[ChannelId] = field(factory=set)
    reached: dict[ChannelId, int] = field(factory=dict)
    ended: dict[int, float] = field(factory=dict)
    typing: set[tuple[ChannelId, UserId]] = field(factory=set)
    online: dict[tuple[UserId, int | None], bool] = field(factory=dict)
    marks: dict[tuple[DeliveryStatus, UserId, UserId], int] = field(factory=dict)

    def reach(self, channel_id: ChannelId, seq: int) -> None:
        self.reached[channel_id] = max(seq, self.reached.get(channel_id, 0))


@define(eq=False)
class Ledger:
    """The books of one device.

    Args:
        name: of the device.
        me: whose it is.
        language: what it speaks.
        truth: what really happened.
        require: where complaints go.
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
    acknowledged: set[str] = field(factory=set, init=False)
    refused: set[str] = field(factory=set, init=False)
    last: dict[ChannelId, int] = field(factory=dict, init=False)
    pending: dict[str, Sent] = field(factory=dict, init=False)
    frames: int = field(default=0, init=False)
    connection: Connection = field(init=False)
    _early: dict[ChannelId, set[int]] = field(factory=dict, init=False)
    _sent: dict[str, Sent] = field(factory=dict, init=False)
    _said: Counter[str] = field(factory=Counter, init=False)

    @property
    def places(self) -> Places:
        return self.truth.places

    def channels(self) -> list[ChannelId]:
        """Those that the device hears while its user may see them."""
        return self.language.channels(self.places, self.me)

    def connected(self, *, is_slow: bool, holds: bool) -> None:
        """A new connection."""
        self.connection = Connection(trio.current_time(), is_slow, holds)
        self._early.clear()  # it asks for what is above the gap again

    def asks(self) -> None:
        """The device asks for what it missed."""
        self.connection.asked += 1
        self.connection.asked_at = trio.current_time()
        self.connection.may_ask = self.connection.needs_resume = False

    def says(self, key: str, sent: Sent) -> None:
        """The device sends a message, perhaps again."""
        self._said[key] += 1
        self.refused.discard(sent.name)
        self._sent.setdefault(key, sent)
        if sent.name not in self.acknowledged:
            self.pending[key] = sent

    def answered(self, key: str, status: int, code: str) -> None:
        """A message that was sent over REST was answered."""
        if status in (200, 201):
            self._confirm(key)
        else:
            self._refused(key, code)

    def missing(self) -> list[str]:
        """What the device has not got yet."""
        missing = [f"{self.name}: {sent.name} not confirmed" for sent in self.pending.values()]
        for channel_id in self.channels():
            last = len(self.truth.tables.channels[channel_id].messages)
            if not self.truth.sees(self.me, channel_id):
                continue
            if self.last.get(channel_id, 0) != last:
                missing.append(f"{self.name}: {channel_id} to {last}")
            if self.language.must_rejoin and channel_id not in self.connection.joined:
                missing.append(f"{self.name}: {channel_id}, where it is not in")
        return missing

    # What it receives.

    def receive(self, frame: Any) -> None:
        """Enter one frame."""
        self.connection.frames += 1
        self.frames += 1
        try:
            meaning = self.language.meaning(self.places, self.me, frame)
        except UnknownFrame:
            self._complain(f"does not know the frame {frame}")
        match meaning:
            case Heard() | Stored() | Resumed() | Refused() | Undelivered() | Reached():
                self._of_messages(meaning)
            case Presence() | Typing() | Receipt() | ReceiptUpTo():
                self._of_people(meaning)
            case Joined() | Ended() | Ready() | MemberAdded() | MemberRemoved():
                self._of_rights(meaning)
            case Greeting() | TurnedAway():
                self._require(self.connection.frames == 1, "was greeted late, or again")
            case Shed():
                self.connection.was_shed = True
            case _:
                assert_never(meaning)

    def _of_messages(
        self, meaning: Heard | Stored | Resumed | Refused | Undelivered | Reached
    ) -> None:
        match meaning:
            case Heard():
                self._heard(meaning)
            case Stored():
                self._stored(meaning)
            case Resumed():
                self._resumed(meaning)
            case Refused(key=key, code=code):
                if key is None:
                    self._not_done(code)
                else:
                    self._refused(key, code)
            case Undelivered(message_ids=message_ids):
                for message_id in message_ids:
                    self._may_see(self._find(message_id))
            case Reached(upto=upto):
                # less while the log is replayed, if a newer message was delivered before
                has = self.connection.reached
                is_true = all(seq <= has.get(channel, 0) for channel, seq in upto.items())
                self._require(is_true, f"is told it has {upto}, and has {has}")
            case _:
                assert_never(meaning)

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

    def _of_rights(self, meaning: Joined | Ended | Ready | MemberAdded | MemberRemoved) -> None:
        match meaning:
            case Joined(channel_id=channel_id):
                self._may_hear(Right.SEE, channel_id, "of joining")
                self.connection.joined.add(channel_id)
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

    def _heard(self, heard: Heard) -> None:
        position = (heard.channel_id, heard.seq)
        committed = self.truth.messages.get(position)
        if committed is None:
            self._complain(f"heard {position}, which is not stored")
        message = committed.message
        same = (message.author_id, message.content) == (heard.author_id, heard.content)
        if not same:
            self._complain(f"heard {heard}, stored is {message}")
        self._may_see(committed)
        self.connection.reach(heard.channel_id, heard.seq)
        if heard.channel_id in self.places.rooms or self.language.must_rejoin:
            self._after_the_end(heard.channel_id, "a message")
        self.note(self.name, f"heard {heard.channel_id}:{heard.seq}")
        mine = message.author_id == self.me and message.key in self._sent
        key = message.key if mine else None
        if key is not None:
            self._confirm(key)
        self._place(heard.channel_id, heard.seq, key)

    def _stored(self, stored: Stored) -> None:
        committed = self.truth.messages.get((stored.channel_id, stored.seq))
        if committed is None or stored.key not in self._sent:
            self._complain(f"was confirmed {stored}, which it did not send, or is not stored")
        message = committed.message
        same = (message.author_id, message.key) == (self.me, stored.key)
        if not same:
            self._complain(f"was confirmed {stored}, stored is {message}")
        self._confirm(stored.key)
        self.connection.reach(stored.channel_id, stored.seq)
        if stored.channel_id in self.connection.joined:
            self._place(stored.channel_id, stored.seq, stored.key)

    def _place(self, channel_id: ChannelId, seq: int, key: str | None) -> None:
        """A message in its channel: the next one, or one of those that may come otherwise."""
        last = self.last.get(channel_id, 0)
        early = self._early.setdefault(channel_id, set())
        # A repeat is confirmed with the first message, which may come out of its place.
        is_repeat = key is not None and self._said[key] > 1
        if seq <= last or seq in early:
            self._require(is_repeat, f"heard {channel_id}:{seq} again, {last + 1} is next")
            self._said[key or ""] -= 1
        elif seq == last + 1:
            while (last := last + 1) + 1 in early:
                early.discard(last + 1)
            self.last[channel_id] = last
        elif self._may_miss(channel_id):
            early.add(seq)
            self.connection.needs_resume = True
        else:
            self._require(is_repeat, f"heard {channel_id}:{seq} too early, {last + 1} is next")
            self._said[key or ""] -= 1

    def _may_miss(self, channel_id: ChannelId) -> bool:
        """Whether a gap is one that the contract allows: then the device asks what is in it."""
        connection = self.connection
        if not connection.is_resumed and not connection.holds:
            return True
        sight = self.truth.sight(Right.SEE, self.me, channel_id)
        return sight.was_closed_since(connection.opened_at)

    def _resumed(self, resumed: Resumed) -> None:
        connection, asked_at = self.connection, self.connection.asked_at
        self._require(connection.asked > 0, "is resumed and did not ask")
        connection.asked -= 1
        self._require(resumed.complete, "was not sent everything")
        for channel_id, upto in resumed.upto.items():
            sight = self.truth.sight(Right.SEE, self.me, channel_id)
            if not sight.was_closed_since(asked_at):
                last = self.last.get(channel_id, 0)
                self._require(last >= upto, f"has {channel_id}:{last}, told it has {upto}")
            if sight.is_open or connection.ended.get(channel_id, -inf) < asked_at:
                connection.joined.add(channel_id)
        connection.is_resumed = connection.may_ask = True
        self.note(self.name, "resumed")

    def _not_done(self, code: str) -> None:
        """What the device asked for, other than to store a message, was refused."""
        if code in FORBIDDEN:
            sights = [self.truth.sight(Right.SEE, self.me, each) for each in self.channels()]
            since = self.connection.opened_at
            closed = any(sight.was_closed_since(since) for sight in sights)
            self._require(closed, f"was refused ({code}), and nothing was closed to it")
        else:
            self._transient(code)
            self.connection.may_ask = self.connection.needs_resume = True

    def _refused(self, key: str, code: str) -> None:
        sent = self._sent[key]
        self.note(self.name, f"is refused {sent.name}: {code}")
        if code in FORBIDDEN:
            sights = [
                self.truth.sight(right, self.me, sent.channel_id)
                for right in (Right.SEE, Right.SEND)
            ]
            closed = any(sight.was_closed_since(sent.at) for sight in sights)
            self._require(closed, f"was refused {sent.name} ({code}), and may send it")
            if self.pending.pop(key, None) is not None and self._said[key] == 1:
                self.refused.add(sent.name)  # of a repeat, another copy may have been stored
        else:
            self._transient(code)

    def _transient(self, code: str) -> None:
        self._require(code in TRANSIENT, f"was refused: {code}")
        if code in ("unavailable", "lookup_failed") and not self.connection.is_slow:
            lately = trio.current_time() - self.failed_at() < OUTAGE_SECONDS
            self._require(lately, f"was refused ({code}), and the store answers")

    def _presence(self, presence: Presence) -> None:
        user_id, place = presence.user_id, presence.place
        self._require(user_id != self.me, "heard of its own presence")
        what = f"that {user_id} is {'online' if presence.is_online else 'offline'}"
        if place is None:
            if presence.is_online:  # who may not know any more is told that they are offline
                self._may_hear(Right.KNOW, user_id, what)
        elif place in self.places.rooms or isinstance(self.language, LearningChat):
            self._may_hear(Right.SEE, place, what)
        else:
            self._may_hear(Right.BELONG, place, what)
        self.connection.online[user_id, place] = presence.is_online
        if not presence.is_online and not self.connection.is_slow:
            self._require(self._may_be_offline(user_id, place), f"heard too early {what}")

    def _may_be_offline(self, user_id: UserId, place: int | None) -> bool:
        """Not before the grace period is over; who leaves a channel is gone from there at once."""
        now = trio.current_time()
        if place is None:
            sight = self.truth.sight(Right.KNOW, self.me, user_id)
            if sight.was_closed_since(now - self.truth.bound) or not sight.is_open:
                return True
        elif place not in self.places.rooms.values():
            return True
        return now - self.last_here(user_id) >= self.grace - EARLY_SECONDS

    def _typing(self, typing: Typing) -> None:
        channel_id, author_id = typing.channel_id, typing.author_id
        self.note(self.name, f"{author_id} types in {channel_id}: {typing.is_typing}")
        self._may_hear(Right.SEE, channel_id, f"that {author_id} types")
        if author_id == self.me:
            pass  # of another device, whose end is not told to this one if it types too
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
            return  # it says itself what it has read, also of what is closed to it
        if not isinstance(self.language, LearningChat):  # who tells everybody in the channel
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
        self._may_hear(Right.SEE, channel_id, "a receipt")
        row = self.truth.tables.channels[channel_id]
        mark = (row.read if status is DeliveryStatus.READ else row.delivered).get(user_id, 0)
        what = f"heard that {user_id} has {channel_id}:{seq} ({status}), stored is {mark}"
        self._require(mark >= seq, what)

    def _ended(self, ended: Ended) -> None:
        self._was_closed(Right.SEE, self.me, ended.channel_id)
        self._end(ended.channel_id)
        self.connection.joined.discard(ended.channel_id)

    def _member_added(self, added: MemberAdded) -> None:
        self._may_hear(Right.BELONG, added.workspace_id, "of a new member")
        sight = self.truth.sight(Right.BELONG, added.user_id, added.workspace_id)
        since = self.connection.opened_at - self.truth.bound
        lately = sight.opened_at >= since or self.connection.is_slow
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
        """The device is told that it hears no more of a channel or workspace."""
        self.note(self.name, f"hears no more of {place}")
        connection = self.connection
        connection.ended[place] = trio.current_time()
        connection.typing = {each for each in connection.typing if each[0] != place}
        connection.online = {key: on for key, on in connection.online.items() if key[1] != place}

    # What it complains of.

    def _confirm(self, key: str) -> None:
        sent = self.pending.pop(key, None)
        if sent is not None:
            self.acknowledged.add(sent.name)

    def _find(self, message_id: MessageId) -> Committed:
        committed = self.truth.find(message_id)
        if committed is None:
            self._complain(f"heard of message {message_id}, which is not stored")
        return committed

    def _may_see(self, committed: Committed) -> None:
        leaks = self.truth.must_not_reach(self.me, committed)
        self._require(not leaks, f"heard {committed.message.position}, which it may not see")

    def _may_hear(self, right: Right, of: int, what: str) -> None:
        """Typing, presence and receipts: may they reach the device now?"""
        leaks = self.truth.is_long_closed(right, self.me, of) and not self.connection.is_slow
        self._require(not leaks, f"heard {what} of {of}, and has lost the right to")
        if right is not Right.KNOW:
            self._after_the_end(of, what)

    def _after_the_end(self, place: int, what: str) -> None:
        """The notice that a right is lost is the last thing that a device hears of it."""
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
