"""What a client's offset names: the channels in which it received something that the store does
not know yet.

Guarantees: an offset names at most `MAX_LISTED` channels, so it stays small however many a client
is in, and a client can come back with it. Must not know: the store, packets, events.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, assert_never

from attrs import define, evolve, field

from protocol.model import MAX_ID, ChannelId, Position, Reached, RevisionPosition

LISTED: Final = 64  # from so many channels on, the store is told what the client has received
MAX_LISTED: Final = 256  # a connection that cannot be told of for so long is to come back
MAX_OFFSET_CHARS: Final = 16_384
_NUMBER: Final = "([0-9]{1,16})"
_PLACE: Final = re.compile(f"([1-9][0-9]{{0,15}}):{_NUMBER}(?::{_NUMBER})?", re.ASCII)


def encode_offset(positions: Mapping[ChannelId, Reached]) -> str:
    """`<channel>:<seq>` of each channel, with commas, or `<channel>:<seq>:<rev>`."""
    return ",".join([_place(channel_id, reached) for channel_id, reached in positions.items()])


def _place(channel_id: ChannelId, reached: Reached) -> str:
    place = f"{channel_id}:{reached.seq}"
    return f"{place}:{reached.rev}" if reached.rev else place


def decode_offset(text: str) -> Mapping[ChannelId, Reached] | None:
    """The inverse of `encode_offset`; None for a malformed text."""
    if len(text) > MAX_OFFSET_CHARS:
        return None
    positions: dict[ChannelId, Reached] = {}
    for part in text.split(",") if text else ():
        match = _PLACE.fullmatch(part)
        if match is None:
            return None
        channel_id, seq, rev = [int(number) for number in match.groups("0")]
        if max(channel_id, seq, rev) > MAX_ID:
            return None
        positions[ChannelId(channel_id)] = Reached(seq, rev)
    return positions


@define
class Offset:
    """The offset of one connection. What it does not name is as the store keeps it."""

    _reached: dict[ChannelId, Reached] = field(factory=dict, init=False)
    _places: dict[ChannelId, str] = field(factory=dict, init=False)  # the same, encoded
    _asked: dict[ChannelId, Reached] = field(factory=dict, init=False)

    @property
    def text(self) -> str:
        """What the client is to return."""
        return ",".join(self._places.values())

    def __len__(self) -> int:
        """How many channels it names."""
        return len(self._places)

    def move(self, position: Position | RevisionPosition) -> None:
        """The client is sent a message, or what was changed of one."""
        channel_id = position.channel_id
        reached = self._reached.get(channel_id, Reached())
        match position:
            case Position(seq=seq):
                reached = evolve(reached, seq=seq)
            case RevisionPosition(rev=rev):
                reached = evolve(reached, rev=rev)
            case _:
                assert_never(position)
        self._reached[channel_id] = reached
        self._places[channel_id] = _place(channel_id, reached)

    def forget(self, channel_ids: Iterable[ChannelId]) -> None:
        """These channels are as the store keeps them, whatever the client has received."""
        for channel_id in channel_ids:
            self._reached.pop(channel_id, None)
            self._places.pop(channel_id, None)
            self._asked.pop(channel_id, None)

    def ask(self) -> None:
        """The client is asked whether it has received what it was sent until now."""
        self._asked = dict(self._reached)

    def doubt(self, channel_ids: Iterable[ChannelId]) -> None:
        """What the client has received of these channels is not to be stored now."""
        for channel_id in channel_ids:
            self._asked.pop(channel_id, None)

    def received(self) -> Mapping[ChannelId, Reached]:
        """What the client said it has received, in answer to the last `ask`."""
        return dict(self._asked)

    def stored(self, positions: Mapping[ChannelId, Reached]) -> None:
        """The store keeps these positions now: they are named no more."""
        known = [each for each, reached in positions.items() if self._reached.get(each) == reached]
        self.forget(known)
