"""What a client's offset names: its positions in channels where they are not stored yet, how far
it knows its user's notes, and up to which id it was sent unconfirmed messages.

Guarantees: an offset names at most `MAX_LISTED` channels, so it stays small however many a client
is in, and a client can come back with it. Must not know: the store, packets, events.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from attrs import define, evolve, field, frozen

from protocol.model import (
    MAX_ID,
    ChannelId,
    LogPosition,
    NotePosition,
    Position,
    Reached,
    RevisionPosition,
)

LISTED: Final = 64  # from so many channels on, what the client has received is stored
MAX_LISTED: Final = 256  # with more, the connection is closed, so that it comes back
MAX_OFFSET_CHARS: Final = 16_384
_NUMBER: Final = "([0-9]{1,16})"
_KNOWN: Final = re.compile(f"([no]){_NUMBER}", re.ASCII)
_PLACE: Final = re.compile(f"([1-9][0-9]{{0,15}}):{_NUMBER}(?::{_NUMBER})?", re.ASCII)


@frozen
class Received:
    """What a client has received. `notes`: the number of the last note; 0: that is not known.
    `offline`: the id up to which it was sent unconfirmed messages when it connected; 0: none.
    """

    positions: Mapping[ChannelId, Reached] = field(factory=dict)
    notes: int = 0
    offline: int = 0


def encode_offset(received: Received) -> str:
    """An offset as text, with commas between its parts: `n<note>` and `o<message>`, if they are
    known, and for each channel `<channel>:<seq>`, or `<channel>:<seq>:<rev>`.
    """
    places = [_place(channel_id, reached) for channel_id, reached in received.positions.items()]
    return _text(received.notes, received.offline, places)


def _text(notes: int, offline: int, places: Iterable[str]) -> str:
    known = [f"{sign}{number}" for sign, number in (("n", notes), ("o", offline)) if number]
    return ",".join([*known, *places])


def _place(channel_id: ChannelId, reached: Reached) -> str:
    place = f"{channel_id}:{reached.seq}"
    return f"{place}:{reached.rev}" if reached.rev else place


def decode_offset(text: str) -> Received | None:
    """The inverse of `encode_offset`; None for a malformed text."""
    if len(text) > MAX_OFFSET_CHARS:
        return None
    positions: dict[ChannelId, Reached] = {}
    numbers = {"n": 0, "o": 0}
    for part in text.split(",") if text else ():
        if known := _KNOWN.fullmatch(part):
            numbers[known[1]] = int(known[2])
            continue
        match = _PLACE.fullmatch(part)
        if match is None:
            return None
        channel_id, seq, rev = [int(number) for number in match.groups("0")]
        if max(channel_id, seq, rev) > MAX_ID:
            return None
        positions[ChannelId(channel_id)] = Reached(seq, rev)
    if max(numbers.values()) > MAX_ID:
        return None
    return Received(positions, numbers["n"], numbers["o"])


@define
class Offset:
    """The offset of one connection. For channels that it does not name, the stored position holds.

    Args:
        notes: how far the client knows its user's notes; 0: that is not known.
        offline: the id up to which it was sent unconfirmed messages; 0: none were sent.
    """

    notes: int = 0
    offline: int = 0
    _reached: dict[ChannelId, Reached] = field(factory=dict, init=False)
    _places: dict[ChannelId, str] = field(factory=dict, init=False)  # the same, encoded
    _asked: dict[ChannelId, Reached] = field(factory=dict, init=False)

    @property
    def text(self) -> str:
        """What the client is to return."""
        return _text(self.notes, self.offline, self._places.values())

    def __len__(self) -> int:
        """How many channels it names."""
        return len(self._places)

    def move(self, position: LogPosition) -> None:
        """The client is sent a message, a revision or a note."""
        match position:
            case Position(channel_id=channel_id, seq=seq):
                self._reach(channel_id, evolve(self._so_far(channel_id), seq=seq))
            case RevisionPosition(channel_id=channel_id, rev=rev):
                self._reach(channel_id, evolve(self._so_far(channel_id), rev=rev))
            case NotePosition(number=number):
                self.notes = max(self.notes, number)
            case _:
                assert_never(position)

    def _so_far(self, channel_id: ChannelId) -> Reached:
        return self._reached.get(channel_id, Reached())

    def _reach(self, channel_id: ChannelId, reached: Reached) -> None:
        self._reached[channel_id] = reached
        self._places[channel_id] = _place(channel_id, reached)

    def forget(self, channel_ids: Iterable[ChannelId]) -> None:
        """For these channels the stored position holds, whatever the client has received."""
        for channel_id in channel_ids:
            self._reached.pop(channel_id, None)
            self._places.pop(channel_id, None)
            self._asked.pop(channel_id, None)

    def ask(self) -> None:
        """A ping is sent, whose pong confirms what the client was sent until now."""
        self._asked = dict(self._reached)

    def doubt(self, channel_ids: Iterable[ChannelId]) -> None:
        """Leave these channels out of what is confirmed by the pong to the last `ask`."""
        for channel_id in channel_ids:
            self._asked.pop(channel_id, None)

    def received(self) -> Mapping[ChannelId, Reached]:
        """The positions that the pong to the last `ask` confirms."""
        return dict(self._asked)

    def stored(self, positions: Mapping[ChannelId, Reached]) -> None:
        """These positions are stored now, so the offset names them no more."""
        known = [each for each, reached in positions.items() if self._reached.get(each) == reached]
        self.forget(known)
