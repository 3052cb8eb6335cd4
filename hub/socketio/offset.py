"""What a client's offset names: the channels in which it received something that the store does
not know yet.

Guarantees: an offset names at most `MAX_LISTED` channels, so it stays small however many a client
is in, and a client can come back with it. Must not know: the store, packets, events.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import define, field

from protocol.model import MAX_ID, ChannelId, Position

LISTED: Final = 64  # from so many channels on, the store is told what the client has received
MAX_LISTED: Final = 256  # a connection that cannot be told of for so long is to come back
MAX_OFFSET_CHARS: Final = 16_384
_PLACE: Final = re.compile(r"([1-9][0-9]{0,15}):([0-9]{1,16})", re.ASCII)


def encode_offset(positions: Mapping[ChannelId, int]) -> str:
    """`<channel>:<seq>` of each channel, with commas."""
    return ",".join([f"{channel_id}:{seq}" for channel_id, seq in positions.items()])


def decode_offset(text: str) -> Mapping[ChannelId, int] | None:
    """The inverse of `encode_offset`; None for a malformed text."""
    if len(text) > MAX_OFFSET_CHARS:
        return None
    positions: dict[ChannelId, int] = {}
    for part in text.split(",") if text else ():
        match = _PLACE.fullmatch(part)
        if match is None or max(int(match[1]), int(match[2])) > MAX_ID:
            return None
        positions[ChannelId(int(match[1]))] = int(match[2])
    return positions


@define
class Offset:
    """The offset of one connection. What it does not name is as the store keeps it."""

    _seqs: dict[ChannelId, int] = field(factory=dict, init=False)
    _places: dict[ChannelId, str] = field(factory=dict, init=False)  # the same, encoded
    _asked: dict[ChannelId, int] = field(factory=dict, init=False)

    @property
    def text(self) -> str:
        """What the client is to return."""
        return ",".join(self._places.values())

    def __len__(self) -> int:
        """How many channels it names."""
        return len(self._places)

    def move(self, position: Position) -> None:
        """The client is sent a message."""
        channel_id, seq = position.channel_id, position.seq
        self._seqs[channel_id] = seq
        self._places[channel_id] = f"{channel_id}:{seq}"

    def forget(self, channel_ids: Iterable[ChannelId]) -> None:
        """These channels are as the store keeps them, whatever the client has received."""
        for channel_id in channel_ids:
            self._seqs.pop(channel_id, None)
            self._places.pop(channel_id, None)
            self._asked.pop(channel_id, None)

    def ask(self) -> None:
        """The client is asked whether it has received what it was sent until now."""
        self._asked = dict(self._seqs)

    def doubt(self, channel_ids: Iterable[ChannelId]) -> None:
        """What the client has received of these channels is not to be stored now."""
        for channel_id in channel_ids:
            self._asked.pop(channel_id, None)

    def received(self) -> Mapping[ChannelId, int]:
        """What the client said it has received, in answer to the last `ask`."""
        return dict(self._asked)

    def stored(self, positions: Mapping[ChannelId, int]) -> None:
        """The store keeps these positions now: they are named no more."""
        self.forget([each for each, seq in positions.items() if self._seqs.get(each) == seq])
