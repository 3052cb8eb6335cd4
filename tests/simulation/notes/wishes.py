"""The notes that a device has asked for and that are not confirmed yet, and whether they may be
refused.
"""

import trio
from attrs import define, field

from protocol.model import UserId
from tests.simulation.judgement.truth import Right, Truth
from tests.simulation.judgement.witness import Judge
from tests.simulation.languages.notes import ChannelNoted, Hide, MarkUnread, Mute, Noted, Wish

OF_MESSAGES = {"message_not_found"}
OF_CHANNELS = {
    "conversation_not_found", "channel_not_found", "not_a_member", "recipient_not_found",
}  # fmt: skip


@define(eq=False)
class Pending:
    """A wish without a reply. `is_under_way`: a reply may come on this connection."""

    wish: Wish
    since: float
    is_under_way: bool = False


@define
class Wishes:
    """The wishes of one device.

    Args:
        truth: what really happened.
        me: its user.
        require: where complaints go.

    `granted`: how many were carried out.
    """

    truth: Truth
    me: UserId
    require: Judge
    pending: list[Pending] = field(factory=list, init=False)
    granted: int = field(default=0, init=False)
    _said: list[Pending] = field(factory=list, init=False)  # sent on the present connection

    def connected(self) -> None:
        """A new connection: what was sent on the last one may be lost."""
        self._said.clear()
        self._say_again()

    def add(self, wish: Wish) -> Pending:
        """The device wishes something."""
        self.pending.append(Pending(wish, trio.current_time()))
        return self.pending[-1]

    def says(self, pending: Pending) -> None:
        """The device sends a wish in a frame."""
        pending.is_under_way = True
        self._said.append(pending)

    def awaits(self, noted: Noted) -> bool:
        """Whether a note may confirm a wish."""
        return any(each in self.pending and _is_about(noted, each.wish) for each in self._said)

    def told(self, noted: Noted) -> None:
        """The device gets a note, which may confirm a wish."""
        for each in self._said:
            is_pending = each in self.pending
            if is_pending and _is_about(noted, each.wish) and self._was_done(each):
                self.pending.remove(each)
                self.granted += 1

    def grant(self, pending: Pending) -> None:
        """A call succeeded: the wish was carried out."""
        self.require(self._was_done(pending), f"was told that it is done, and it is not: {pending}")
        self.pending.remove(pending)
        self.granted += 1

    def refuse(self, pending: Pending, code: str) -> None:
        """A call was refused."""
        may_be = self._may_be_refused(pending, code)
        self.require(may_be, f"was refused {pending}: {code}")
        self.pending.remove(pending)

    def refused(self, code: str) -> bool:
        """A frame was refused, and the error does not name it; returns whether it may be a wish. If
        the error is transient, the wish is repeated.
        """
        if code not in OF_MESSAGES | OF_CHANNELS:
            self._say_again()
            return False
        unanswered_first = sorted(
            self._said, key=lambda each: (each not in self.pending, not each.is_under_way)
        )
        found = next((each for each in unanswered_first if self._may_be_refused(each, code)), None)
        if found is None:
            return False
        self._said.remove(found)
        if found in self.pending:
            self.pending.remove(found)
        return True

    def _say_again(self) -> None:
        for each in self.pending:
            each.is_under_way = False

    def _was_done(self, pending: Pending) -> bool:
        return self.truth.notes.did(self.me, pending.wish, pending.since)

    def _may_be_refused(self, pending: Pending, code: str) -> bool:
        wish, truth = pending.wish, self.truth
        if code not in (OF_CHANNELS if isinstance(wish, Mute) else OF_MESSAGES):
            return False
        channel_id = wish.channel_id if isinstance(wish, Mute) else wish.message.channel_id
        if truth.sight(Right.SEE, self.me, channel_id).was_closed_since(pending.since):
            return True
        match wish:
            case MarkUnread():
                return False
            case Hide(message=message, is_hidden=is_hidden):
                return is_hidden and truth.is_deleted(*message.position)
            case Mute() if channel_id in truth.places.rooms:
                return False
            case Mute():
                first = truth.messages.get((channel_id, 1))
                is_begun = first is not None and first.at < pending.since
                resumes = truth.sight(Right.RESUME, self.me, channel_id)
                return not is_begun or resumes.was_closed_since(pending.since)


def _is_about(noted: Noted, wish: Wish) -> bool:
    match wish:
        case Hide(message=message):
            return not isinstance(noted, ChannelNoted) and noted.message_id == message.id
        case MarkUnread(message=message):
            return isinstance(noted, ChannelNoted) and noted.channel_id == message.channel_id
        case Mute(channel_id=channel_id):
            return isinstance(noted, ChannelNoted) and noted.channel_id == channel_id
