"""The notes that users really made, and what follows from them: what is hidden, and what is unread.
It is computed here once more, from the calls of the store.
"""

from collections import defaultdict

import trio
from attrs import define, field

from persistence.contents.notes import Noted as StoredNote
from persistence.records import Reading
from protocol.model import ChannelId, Message, MessageId, UserId
from protocol.notes import ChannelNote, Note
from tests.simulation.judgement.sight import Sight
from tests.simulation.languages.notes import (
    ChannelNoted,
    Hide,
    MarkUnread,
    MessageNoted,
    Mute,
    Wish,
)
from tests.simulation.languages.notes import Noted as ToldNote

Place = tuple[UserId, ChannelId]


@define
class NoteLog:
    """The notes of all users.

    `by_number`: by user. `read`: the seq up to which a user has read a channel. `unread_from`: the
    seq from which read messages count as unread. `muted`: the users and the channels that they
    muted. `problems`: what was stored wrongly.
    """

    by_number: dict[UserId, dict[int, ToldNote]] = field(
        factory=lambda: defaultdict(dict), init=False
    )
    read: dict[Place, int] = field(factory=lambda: defaultdict(int), init=False)
    unread_from: dict[Place, int] = field(factory=dict, init=False)
    muted: set[Place] = field(factory=set, init=False)
    problems: list[str] = field(factory=list, init=False)
    _at: dict[tuple[UserId, int], float] = field(factory=dict, init=False)
    _hidden: dict[tuple[UserId, MessageId], Sight] = field(factory=dict, init=False)
    _done: dict[tuple[UserId, object], float] = field(factory=dict, init=False)

    def fulfilled(self, user_id: UserId, wish: Wish, stored: StoredNote) -> None:
        """The store carried out a wish of a user just now."""
        self._done[user_id, _key(wish)] = trio.current_time()
        self._take(user_id, stored.note, is_new=stored.is_new)
        match wish:
            case MarkUnread(message=message):
                self._marked_unread(user_id, message)
            case Hide(message=message, is_hidden=is_hidden):
                sight = self._hidden.setdefault((user_id, message.id), Sight(is_open=False))
                sight.change(is_open=is_hidden)
            case Mute(channel_id=channel_id, is_muted=True):
                self.muted.add((user_id, channel_id))
            case Mute(channel_id=channel_id):
                self.muted.discard((user_id, channel_id))
        self._compare(user_id, stored.note)

    def has_read(self, place: Place, seq: int, reading: Reading) -> None:
        """A user has read a channel up to this seq just now."""
        self.read[place] = max(seq, self.read[place])
        before = self.unread_from.get(place)
        if before is not None and seq >= before:
            if seq < self.read[place]:
                self.unread_from[place] = seq + 1
            else:
                del self.unread_from[place]
        is_changed = before != self.unread_from.get(place)
        if is_changed is not (reading.note is not None):
            self.problems.append(f"{place} has read {seq}, unread from {before}: {reading}")
        if reading.note is not None:
            self._take(place[0], reading.note, is_new=True)
            self._compare(place[0], reading.note)

    def _marked_unread(self, user_id: UserId, message: Message) -> None:
        place = (user_id, message.channel_id)
        if self.read_up_to(place) >= message.seq:
            self.unread_from[place] = message.seq

    def _take(self, user_id: UserId, note: Note, *, is_new: bool) -> None:
        notes = self.by_number[user_id]
        if is_new:
            if note.number != len(notes) + 1:
                self.problems.append(f"{note} follows on {len(notes)}")
            notes[note.number] = told(note)
            self._at[user_id, note.number] = trio.current_time()
        elif note.number and notes.get(note.number) != told(note):
            self.problems.append(f"{note} is not new, and was {notes.get(note.number)}")

    def _compare(self, user_id: UserId, note: Note) -> None:
        place = (user_id, note.channel_id)
        if isinstance(note, ChannelNote):
            expected = self.unread_from.get(place), place in self.muted
            if (note.unread_from, note.mute is not None) != expected:
                self.problems.append(f"{note} of {user_id}, expected was {expected}")
        elif note.is_hidden is not self.hidden(user_id, note.message_id).is_open:
            self.problems.append(f"{note} of {user_id}")

    def did(self, user_id: UserId, wish: Wish, since: float) -> bool:
        """Whether a wish of a user was carried out since then."""
        at = self._done.get((user_id, _key(wish)))
        return at is not None and at >= since

    def hidden(self, user_id: UserId, message_id: MessageId) -> Sight:
        """Whether a user has hidden a message, and since when."""
        return self._hidden.get((user_id, message_id)) or Sight(is_open=False)

    def was_ever_hidden(self, user_id: UserId, message_id: MessageId) -> bool:
        """Whether a user has ever hidden a message."""
        return (user_id, message_id) in self._hidden

    def read_up_to(self, place: Place) -> int:
        """The seq up to which a channel counts as read."""
        return min(self.read[place], self.unread_from.get(place, self.read[place] + 1) - 1)

    def noted_at(self, user_id: UserId, number: int) -> float:
        """When a note was made."""
        return self._at[user_id, number]


def told(note: Note) -> ToldNote:
    """A note as a device gets it."""
    if isinstance(note, ChannelNote):
        is_muted = note.mute is not None  # users mute for good here
        return ChannelNoted(note.channel_id, note.number, note.unread_from, is_muted)
    return MessageNoted(note.channel_id, note.number, note.message_id, note.seq, note.is_hidden)


def _key(wish: Wish) -> object:
    """A key of a wish, which does not depend on the state of its message."""
    match wish:
        case MarkUnread(message=message):
            return MarkUnread, message.id
        case Hide(message=message, is_hidden=is_hidden):
            return Hide, message.id, is_hidden
        case Mute():
            return wish
