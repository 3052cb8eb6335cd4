"""The notes of its user that one device knows, and up to which number. It does what clients should
do: of each channel and message it keeps the note with the highest number.
"""

from math import inf

import trio
from attrs import define, field, frozen

from protocol.model import ChannelId, MessageId, UserId
from tests.simulation.judgement.truth import Right, Truth
from tests.simulation.judgement.witness import Judge
from tests.simulation.languages.language import Language
from tests.simulation.languages.notes import ChannelNoted, Noted

_Place = tuple[ChannelId, MessageId | None]


@frozen
class _Ask:
    """A `resume` that has not ended: the number that it named, when, and the notes received
    since.
    """

    named: int
    at: float
    told: set[int] = field(factory=set)


@define
class HeldNotes:
    """The notes that one device knows.

    Args:
        truth: what really happened.
        me: its user.
        language: its dialect.
        require: where complaints go.

    `known`: up to which number it knows all notes.
    """

    truth: Truth
    me: UserId
    language: Language
    require: Judge
    known: int = field(default=0, init=False)
    _held: dict[_Place, Noted] = field(factory=dict, init=False)
    _above: set[int] = field(factory=set, init=False)  # received, but not all below
    _asks: list[_Ask] = field(factory=list, init=False)  # of the present connection
    _known_at: float = field(default=-inf, init=False)  # when it asked for what it knows

    def connected(self) -> None:
        """A new connection, on which what is missing is asked for."""
        self._above.clear()
        self._asks.clear()

    def asks(self) -> int:
        """The device resumes: from the first note on, if its user regained access to a channel,
        because no notes of it were sent meanwhile.
        """
        channels = self.truth.places.all_of(self.me)
        sights = [self.truth.sight(Right.SEE, self.me, each) for each in channels]
        is_anew = any(each.was_closed_since(self._known_at) for each in sights)
        self._asks.append(_Ask(0 if is_anew else self.known, trio.current_time()))
        return self._asks[-1].named

    def tell(self, noted: Noted) -> bool:
        """The device gets a note. Returns whether an earlier one is missing."""
        self.check(noted)
        number = noted.number
        if number == 0:
            return False  # nothing was noted
        for each in self._asks:
            each.told.add(number)
        before = self._held.get(_place(noted))
        # outside of a resume a known note comes late: a newer one holds by now
        is_late = number <= self.known and not self._asks
        if not is_late and (before is None or before.number < number):
            self._held[_place(noted)] = noted
        self._above.add(number)
        self._advance()
        return number > self.known

    def check(self, noted: Noted) -> None:
        """Check that a note that is shown is true."""
        was = self.truth.notes.by_number[self.me].get(noted.number)
        is_blank = noted.number == 0 and not _says(noted)
        self.require(is_blank or noted == was, f"was told {noted}, and it was {was}")

    def resumed(self, upto: int) -> None:
        """The hub reports that the device knows all notes up to this number. If one of several
        resumes was refused, this may be the end of any of them.
        """
        is_anew = all(each.named == 0 for each in self._asks)
        ask = self._asks.pop(0)
        if is_anew or upto < ask.named:  # nothing but what it was sent holds
            self._held = {
                place: each for place, each in self._held.items() if each.number in ask.told
            }
            self.known = 0
        self.known, self._known_at = max(self.known, upto), ask.at
        self._advance()
        stale = self._stale(ask.at)
        self.require(not stale, f"is resumed, and does not know {stale}")

    def missing(self) -> list[Noted]:
        """The notes that the device does not know yet."""
        return self._stale(inf)

    def _stale(self, at: float) -> list[Noted]:
        """The last note of each channel and message before that time that the device lacks."""
        last: dict[_Place, Noted] = {}
        undone: set[_Place] = set()  # since then
        for number, noted in self.truth.notes.by_number[self.me].items():
            if self.truth.notes.noted_at(self.me, number) < at:
                last[_place(noted)] = noted
            elif not _says(noted):
                undone.add(_place(noted))
        return [
            noted
            for place, noted in last.items()
            if self._may_know(noted) and self._lacks(noted, is_undone=place in undone)
        ]

    def _lacks(self, noted: Noted, *, is_undone: bool) -> bool:
        held = self._held.get(_place(noted))
        if held is None:
            return _says(noted) and not is_undone
        return held.number < noted.number

    def _may_know(self, noted: Noted) -> bool:
        """Whether the dialect has events for the note, and the user could see the channel since the
        device asked.
        """
        sight = self.truth.sight(Right.SEE, self.me, noted.channel_id)
        is_reported = noted.channel_id in self.language.noted_channels(self.truth.places, self.me)
        return is_reported and not sight.was_closed_since(self._known_at)

    def _advance(self) -> None:
        while self.known + 1 in self._above:
            self.known += 1
        self._above = {each for each in self._above if each > self.known}


def _place(noted: Noted) -> _Place:
    return noted.channel_id, None if isinstance(noted, ChannelNoted) else noted.message_id


def _says(noted: Noted) -> bool:
    """Whether the note differs from having no note."""
    if isinstance(noted, ChannelNoted):
        return noted.is_muted or noted.unread_from is not None
    return noted.is_hidden
