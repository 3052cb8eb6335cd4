"""What one device has received and sent, and whether it should have: its user's complaints.

Every frame is entered here, in the order it came. A frame that the device may not get, or that
comes twice, out of order or to the wrong user, is a problem at once; a frame that never came is one
in the end.
"""

from math import inf
from typing import Any, assert_never

import trio
from attrs import define, evolve, field

from protocol.model import ChannelId, MessageId
from tests.simulation.judgement.mentioning import Mentions
from tests.simulation.judgement.outgoing import FORBIDDEN, OUTAGE_SECONDS, Name, Outgoing
from tests.simulation.judgement.states import States
from tests.simulation.judgement.truth import Committed, Right
from tests.simulation.judgement.witness import Connection
from tests.simulation.languages.meanings import (
    Ended,
    Greeting,
    Heard,
    Joined,
    MemberAdded,
    MemberRemoved,
    Mentioned,
    Offered,
    Presence,
    Reached,
    Ready,
    Receipt,
    ReceiptUpTo,
    Refused,
    Resumed,
    Revised,
    Shed,
    State,
    Stored,
    TurnedAway,
    Typing,
    Undelivered,
    UnknownFrame,
)
from tests.simulation.languages.notes import ChannelNoted, MessageNoted
from tests.simulation.languages.threads import ThreadReplied
from tests.simulation.notes.held import HeldNotes
from tests.simulation.notes.wishes import Wishes
from tests.simulation.threads.held import HeldThreads

FRAME_BYTES = 400  # around the text of a message, in any dialect


@define(eq=False)
class Ledger(Outgoing):
    """The books of one device; see `Witness` for the arguments."""

    last: dict[ChannelId, int] = field(factory=dict, init=False)
    frames: int = field(default=0, init=False)
    states: States = field(init=False)
    notes: HeldNotes = field(init=False)
    threads: HeldThreads = field(init=False)
    wishes: Wishes = field(init=False)
    mentions: Mentions = field(init=False)
    _early: dict[ChannelId, set[int]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.wishes = Wishes(self.truth, self.me, self._require)
        self.forgets()
        self.mentions = Mentions(self.truth, self.me, self._require)

    def channels(self) -> list[ChannelId]:
        """The channels whose messages the device gets while its user may see them."""
        return self.language.channels(self.places, self.me)

    def connected(self, *, is_slow: bool, holds: bool) -> None:
        """A new connection."""
        self.connection = Connection(trio.current_time(), is_slow, holds)
        self.states.connected()
        self.notes.connected()
        self.wishes.connected()
        for channel_id in self._early:
            self.states.forget_above(channel_id, self.last.get(channel_id, 0))
        self._early.clear()  # it asks for everything above the gap again

    def forgets(self) -> None:
        """The device has lost all that it had, as a new one of the same user."""
        self.last.clear()
        self._early.clear()
        self.states = States(self.truth, self.me, self._require)
        self.notes = HeldNotes(self.truth, self.me, self.language, self._require)
        self.threads = HeldThreads(self.truth, self.me, self._require)

    def asks(self) -> None:
        """The device asks for what it missed."""
        self.connection.asked_at = trio.current_time()
        self.connection.asked.append(self.connection.asked_at)
        self.connection.resumes += 1
        self.connection.may_ask = self.connection.needs_resume = False
        for channel_id, seq in self.last.items():
            self.connection.reach(channel_id, seq)  # the hub knows it by the resume

    def missing(self) -> list[str]:
        """What the device has not received yet."""
        missing = [f"{self.name}: {sent.name} not confirmed" for sent in self.pending.values()]
        for channel_id in self.channels():
            row = self.truth.tables.channels[channel_id]
            if not self.truth.sees(self.me, channel_id):
                continue
            self._skip_deleted(channel_id, last := len(row.messages))
            if self.last.get(channel_id, 0) != last:
                missing.append(f"{self.name}: {channel_id} to {last}")
            stale = self.states.stale(channel_id, row.last_rev)
            missing += [f"{self.name}: the last revision of {each}" for each in stale]
            threads = self.threads.stale(self._first_messages(channel_id), trio.current_time())
            missing += [f"{self.name}: what became of {each}" for each in threads]
            if self.language.must_rejoin and channel_id not in self.connection.joined:
                missing.append(f"{self.name}: {channel_id}, where it is not in")
        missing += [f"{self.name}: {each}" for each in self.notes.missing()]
        missing += [f"{self.name}: {each} not answered" for each in self.wishes.pending]
        return missing

    def _first_messages(self, channel_id: ChannelId) -> list[MessageId]:
        """The first messages, not deleted, of threads that the device has. Threads with a reply
        that the user hid before the device had it are left out, because no event is sent for it.
        With several nodes events may cross and the device may show an older state of a thread, so
        then there are none.
        """
        if not self.truth.is_alone:
            return []
        log, hidden = self.truth.threads, self.truth.notes.was_ever_hidden
        is_known = {
            root: not any(hidden(self.me, reply) for reply in log.replies(root))
            for root in log.threads()
        }
        roots = (self._find(root).message for root, known in is_known.items() if known)
        return [
            root.id
            for root in roots
            if root.channel_id == channel_id
            and root.position in self.states.held
            and not self.truth.is_deleted(*root.position)
        ]

    def due_bytes(self) -> int:
        """The size of the messages that may come at once: the confirmations that the device waits
        for, and the messages and revisions stored since it connected that it has not received.
        """
        unanswered, channels = self.connection.unanswered, self.channels()
        answers = [self._sent[key].text for key in unanswered.elements()]
        unheard = [
            committed.message.content
            for (channel_id, seq), committed in self.truth.messages.items()
            if channel_id in channels
            and committed.at >= self.connection.opened_at
            and seq > self.last.get(channel_id, 0)
            and seq not in self._early.get(channel_id, ())
            and self._name_of(committed.message) not in unanswered
        ]
        untold = [
            committed.message.content
            for (channel_id, rev), committed in self.truth.revisions.items()
            if channel_id in channels
            and committed.at >= self.connection.opened_at
            and rev > self.states.known.get(channel_id, 0)
        ]
        mentions = [each for each in (*unheard, *untold) if "@" in each]  # sent again
        texts = (*answers, *unheard, *untold, *mentions)
        return sum(len(text) + FRAME_BYTES for text in texts)

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
            case ChannelNoted() | MessageNoted() | ThreadReplied() | Mentioned():
                self._of_its_user(meaning)
            case Revised():
                self._revised(meaning)
            case Presence() | Typing() | Receipt() | ReceiptUpTo():
                self._of_people(meaning)
            case Joined() | Offered() | Ended() | Ready() | MemberAdded() | MemberRemoved():
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
                    self.connection.answered(self._last[key])
                    self._refused(self._last[key], code)
            case Undelivered(message_ids=message_ids):
                for message_id in message_ids:
                    self._may_see(self._find(message_id))
                    self._is_not_hidden(message_id)
            case Reached(upto=upto):
                # fewer while the log is replayed, if a newer message was delivered before
                has = self.connection.reached
                is_true = all(seq <= has.get(channel, 0) for channel, seq in upto.items())
                self._require(is_true, f"is told it has {upto}, and has {has}")
            case _:
                assert_never(meaning)

    def _of_its_user(
        self, meaning: ChannelNoted | MessageNoted | ThreadReplied | Mentioned
    ) -> None:
        match meaning:
            case ChannelNoted() | MessageNoted():
                self._noted(meaning)
            case ThreadReplied():
                self._thread_replied(meaning)
            case Mentioned():
                self.note(self.name, f"is told of a mention: {meaning}")
                self.mentions.tell(meaning)
            case _:
                assert_never(meaning)

    def _heard(self, heard: Heard) -> None:
        position = (heard.channel_id, heard.seq)
        committed = self.truth.messages.get(position)
        if committed is None:
            self._complain(f"heard {position}, which is not stored")
        message = committed.message
        if message.author_id != heard.author_id:
            self._complain(f"heard {heard}, stored is {message}")
        self._may_see(committed)
        self.connection.reach(heard.channel_id, heard.seq)
        key = self._name_of(message)
        is_repeat = self._is_repeat(key)
        if not is_repeat and (heard.channel_id in self.places.rooms or self.language.must_rejoin):
            self._after_the_end_of_channel(committed)
        self.note(self.name, f"heard {heard.channel_id}:{heard.seq}")
        if key is not None:
            self.connection.answered(key)
            self._confirm(key)
        state = self._state_of(heard, committed)
        is_new = self._place(heard.channel_id, heard.seq, key)
        if is_new:
            self._came(committed)
        if is_new or position in self.states.held:
            self.states.keep(heard.channel_id, heard.seq, state)
        if not is_repeat:
            self._is_not_hidden(message.id)
        if is_new or not is_repeat:  # a repeat's confirmation may show an older state than before
            self._show_threads(heard, committed)

    def _came(self, committed: Committed) -> None:
        """Check how long the device waited for a message while it was connected and nothing
        failed.
        """
        connection, truth = self.connection, self.truth
        sight = truth.sight(Right.SEE, self.me, committed.message.channel_id)
        if connection.is_slow or sight.was_closed_since(connection.opened_at):
            return
        since = max(committed.at, truth.calm_since, connection.resumed_at)
        waited = trio.current_time() - since
        truth.longest_wait = max(truth.longest_wait, waited)
        what = f"waited {waited:.2f} s for {committed.message.position}"
        self._require(waited <= truth.patience, what)

    def _after_the_end_of_channel(self, committed: Committed) -> None:
        """A message that was stored before a conversation was closed may come after its end."""
        channel_id = committed.message.channel_id
        is_older = self.truth.sight(Right.SEE, self.me, channel_id).was_open_since(committed.at)
        if channel_id in self.places.rooms or not is_older:
            self._after_the_end(channel_id, "a message")

    def _may_be_less(self, committed: Committed) -> bool:
        """A user who may no longer write there gets a repeat confirmed without its current
        state.
        """
        message = committed.message
        name = self._name_of(message)
        sight = self.truth.sight(Right.SEND, self.me, message.channel_id)
        return self._is_repeat(name) and sight.was_closed_since(committed.at)

    def _state_of(self, heard: Heard, committed: Committed) -> State:
        """The state that a message shows, with what it may lack: its mentions, and the white space
        around the text, which is then that of the repeat.
        """
        shown, was = heard.state, self.truth.states[committed.message.position].get(heard.state.rev)
        if was is None or not self._may_be_less(committed):
            return shown
        if shown.content.strip() == was.content.strip():
            shown = evolve(shown, content=was.content)
        if shown.mentions:
            return shown
        return evolve(shown, mentions=was.mentions, mentions_channel=was.mentions_channel)

    def _show_threads(self, shown: Heard | Stored, committed: Committed) -> None:
        if not self._may_be_less(committed):
            self.threads.show(shown.threads, committed.at)
        elif shown.threads:
            self.threads.show(self.threads.not_left_out(shown.threads), committed.at)
        else:
            self.threads.leave_out(committed.message.id)

    def _is_not_hidden(self, message_id: MessageId) -> None:
        """A message that was hidden before the device connected is not sent; live it may come if it
        was stored although the store's result was lost.
        """
        hidden, connection = self.truth.notes.hidden(self.me, message_id), self.connection
        is_hidden = hidden.is_open and hidden.opened_at < connection.opened_at
        lately = trio.current_time() - self.failed_at() < OUTAGE_SECONDS
        may_be = connection.is_slow or lately
        self._require(may_be or not is_hidden, f"is shown {message_id}, which its user has hidden")

    def _noted(self, noted: ChannelNoted | MessageNoted) -> None:
        self.note(self.name, f"is told {noted}")
        is_answer = self.wishes.awaits(noted)  # it may come after the end of the channel
        if not is_answer and not self.truth.may_be_late:
            self._may_hear(Right.SEE, noted.channel_id, "a note")
        self.wishes.told(noted)
        self.keep_note(noted)

    def keep_note(self, noted: ChannelNoted | MessageNoted) -> None:
        """The device has a note; if an earlier one is missing, it resumes."""
        if self.notes.tell(noted) and not self.connection.asked:
            self.connection.needs_resume = True

    def _thread_replied(self, replied: ThreadReplied) -> None:
        committed = self._find(replied.message_id)
        self._may_see(committed)
        if not self.truth.may_be_late:
            self._after_the_end(replied.channel_id, "a reply")
        self.note(self.name, f"is told of the reply {replied.message_id}")
        self.threads.tell(replied, is_joined=replied.channel_id in self.connection.joined)

    def _revised(self, revised: Revised) -> None:
        channel_id, connection = revised.channel_id, self.connection
        place = (channel_id, revised.rev)
        committed = self.truth.revisions.get(place)
        if committed is None or committed.message.id != revised.message_id:
            self._complain(f"was told {revised}, which never happened")
        leaks = self.truth.must_not_reach(self.me, committed)
        self._require(not leaks, f"was told {revised}, which it may not see")
        if channel_id in self.places.rooms or self.language.must_rejoin:
            self._after_the_end(channel_id, "a revision")
        self.note(self.name, f"is told {channel_id}, rev {revised.rev}")
        self.threads.show(revised.threads, committed.at)
        seq = committed.message.seq
        is_there = seq <= self.last.get(channel_id, 0) or seq in self._early.get(channel_id, ())
        if not is_there and not self._may_miss(channel_id):
            gone = self.truth.is_deleted(channel_id, seq)  # then it may never be sent
            self._require(gone, f"was told {revised} before its message, {seq}")
        is_resuming = bool(connection.asked)
        self.states.tell(revised, resumes=connection.resumes, is_resuming=is_resuming)
        skipped = self.states.skips(channel_id, revised.rev)
        if skipped and not is_resuming:
            may_miss = (
                self._may_miss(channel_id)
                or self.states.superseded(channel_id, skipped)
                or self.truth.may_cross(committed.at)
            )
            self._require(may_miss, f"was told {revised}, but not {skipped} before it")
            connection.needs_resume = True

    def _stored(self, stored: Stored) -> None:
        committed = self.truth.messages.get((stored.channel_id, stored.seq))
        name = (stored.channel_id, stored.key)
        if committed is None or name not in self._sent:
            self._complain(f"was confirmed {stored}, which it did not send, or is not stored")
        message = committed.message
        same = (message.author_id, message.key) == (self.me, stored.key)
        if not same:
            self._complain(f"was confirmed {stored}, stored is {message}")
        is_repeat, is_new = self._is_repeat(name), False
        self.connection.answered(name)
        self._confirm(name)
        if stored.channel_id in self.connection.joined:  # else it has no order there
            self.connection.reach(stored.channel_id, stored.seq)
            is_new = self._place(stored.channel_id, stored.seq, name)
            if is_new:
                state, text = self.truth.states[message.position][0], self._sent[name].text
                if text.strip() != state.content:  # the text may be stored trimmed
                    state = evolve(state, content=text)
                self.states.keep(stored.channel_id, stored.seq, state)
        if is_new or not is_repeat:  # a repeat's confirmation may show an older state than before
            self._show_threads(stored, committed)

    def _place(self, channel_id: ChannelId, seq: int, key: Name | None) -> bool:
        """Place a message in its channel: the next one, or one of those that may come out of order.
        Returns whether the device did not have it.
        """
        is_repeat = self._is_repeat(key)
        if not (is_repeat and self._may_miss(channel_id)):  # a confirmation may overtake the replay
            self._skip_deleted(channel_id, seq - 1)
        last = self.last.get(channel_id, 0)
        early = self._early.setdefault(channel_id, set())
        is_first = (channel_id, seq) not in self.connection.heard
        self.connection.heard.add((channel_id, seq))
        if seq <= last or seq in early:
            committed = self.truth.messages[channel_id, seq]
            if self.truth.notes.was_ever_hidden(self.me, committed.message.id):
                return False  # its seq was skipped as hidden
            if is_first and self.truth.may_cross(committed.at):
                return False  # another node's confirmation came first
            self._require(is_repeat, f"heard {channel_id}:{seq} again, {last + 1} is next")
            self._take_back(key)
            return False
        if seq == last + 1:
            while (last := last + 1) + 1 in early:
                early.discard(last + 1)
            self.last[channel_id] = last
        elif self._may_miss(channel_id):
            early.add(seq)
            self.connection.needs_resume = True
        else:
            self._require(is_repeat, f"heard {channel_id}:{seq} too early, {last + 1} is next")
            self._take_back(key)
            return False
        return True

    def _skip_deleted(self, channel_id: ChannelId, upto: int) -> None:
        """The place of a message that is deleted or hidden may stay empty."""
        last, early = self.last.get(channel_id, 0), self._early.get(channel_id, set())
        while last < upto and (
            last + 1 in early or self.truth.may_stay_empty(self.me, channel_id, last + 1)
        ):
            early.discard(last := last + 1)
        if last:
            self.last[channel_id] = last

    def _may_miss(self, channel_id: ChannelId) -> bool:
        """Whether a gap is one that the contract allows; then the device asks for the missing
        messages.
        """
        connection = self.connection
        if not connection.is_resumed and not connection.holds:
            return True
        is_named = channel_id in self.places.rooms or self.language.must_rejoin
        right = Right.SEE if is_named else Right.RESUME
        return self.truth.sight(right, self.me, channel_id).was_closed_since(connection.opened_at)

    def _resumed(self, resumed: Resumed) -> None:
        connection = self.connection
        self._require(bool(connection.asked), "is resumed and did not ask")
        asked_at = connection.asked.pop(0)
        self._require(resumed.complete, "was not sent everything")
        for channel_id, upto in resumed.upto.items():
            sight = self.truth.sight(Right.SEE, self.me, channel_id)
            self._skip_deleted(channel_id, upto)
            if not sight.was_closed_since(asked_at):
                last = self.last.get(channel_id, 0)
                self._require(last >= upto, f"has {channel_id}:{last}, told it has {upto}")
            if sight.is_open or connection.ended.get(channel_id, -inf) < asked_at:
                connection.joined.add(channel_id)
        for channel_id, rev in resumed.revs.items():
            self.states.reach(channel_id, rev)
            if not self.truth.sight(Right.SEE, self.me, channel_id).was_closed_since(asked_at):
                stale = self.states.stale(channel_id, rev)
                self._require(not stale, f"is resumed, and has not heard of {stale}")
                first = self._first_messages(channel_id)
                threads = self.threads.stale(first, asked_at)
                self._require(not threads, f"is resumed, and shows {threads}")
        self.notes.resumed(resumed.notes)
        if not connection.is_resumed:
            connection.resumed_at = trio.current_time()
        connection.is_resumed = connection.may_ask = True
        self.note(self.name, "resumed")

    def _not_done(self, code: str) -> None:
        """A command other than to store a message was refused."""
        if code == "login_ended":
            return  # no command was refused: the device is closed, which it checks then
        if self.wishes.refused(code):
            return
        if code in FORBIDDEN:
            sights = [self.truth.sight(Right.SEE, self.me, each) for each in self.channels()]
            since = self.connection.opened_at
            closed = any(sight.was_closed_since(since) for sight in sights)
            self._require(closed, f"was refused ({code}), and nothing was closed to it")
        else:
            self._transient(code)
            self.connection.may_ask = self.connection.needs_resume = True
