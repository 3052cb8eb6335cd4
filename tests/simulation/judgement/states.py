"""The states of messages that one device has, and the revisions of channels that it knows.

It does what clients should do: of a message it keeps the state with the highest rev; a rev counts
as known when it follows on the last known one, and when the end of a resume reports it.
"""

from collections import Counter

from attrs import define, evolve, field

from protocol.model import ChannelId, UserId
from tests.simulation.judgement.truth import Truth
from tests.simulation.judgement.witness import Judge
from tests.simulation.languages.meanings import Revised, State


@define
class States:
    """What one device has.

    Args:
        truth: what really happened.
        me: its user.
        require: where complaints go.
    """

    truth: Truth
    me: UserId
    require: Judge
    held: dict[tuple[ChannelId, int], State] = field(factory=dict, init=False)
    known: dict[ChannelId, int] = field(factory=dict, init=False)
    _newest: dict[ChannelId, int] = field(factory=dict, init=False)  # seen on this connection
    _upto: dict[ChannelId, int] = field(factory=dict, init=False)  # by resumes of this connection
    _told: Counter[tuple[ChannelId, int]] = field(factory=Counter, init=False)

    def connected(self) -> None:
        """A new connection."""
        self._newest.clear()
        self._upto.clear()
        self._told.clear()

    def forget_above(self, channel_id: ChannelId, seq: int) -> None:
        """The device asks for these messages again."""
        self.held = {
            position: state
            for position, state in self.held.items()
            if position[0] != channel_id or position[1] <= seq
        }

    def keep(self, channel_id: ChannelId, seq: int, state: State) -> None:
        """The device is shown a message, which must have had this state at some time."""
        position = (channel_id, seq)
        was = self.truth.states[position].get(state.rev)
        self.require(state == was, f"was shown {position} as {state}, and it was {was}")
        before = self.held.get(position)
        if before is None or before.rev <= state.rev:
            self.held[position] = state

    def tell(self, revised: Revised, *, resumes: int, is_resuming: bool) -> None:
        """The device gets a revision. `resumes`: how many it has asked for on this connection.
        `is_resuming`: whether not all of them have ended.
        """
        channel_id, rev = revised.channel_id, revised.rev
        place = (channel_id, rev)
        self._told[place] += 1
        self.require(self._told[place] <= 1 + resumes, f"was told {revised} once too often")
        is_again = rev <= self._upto.get(channel_id, 0)
        in_order = rev > self._newest.get(channel_id, 0)
        self.require(in_order or is_again or is_resuming, f"was told {revised} too late")
        self._newest[channel_id] = max(rev, self._newest.get(channel_id, 0))
        if is_resuming:  # events of the resume may have been held back, too
            self._upto[channel_id] = max(rev, self._upto.get(channel_id, 0))
        seq = self.truth.revisions[place].message.seq
        held = self.held.get((channel_id, seq))
        if held is None:
            return
        if revised.state is not None:
            self.keep(channel_id, seq, revised.state)
        elif held.rev == self.truth.last_rev(channel_id, seq, rev - 1):  # else it lacks others
            self.keep(channel_id, seq, evolve(held, rev=rev))

    def skips(self, channel_id: ChannelId, rev: int) -> list[int]:
        """The earlier revisions that the device neither knows nor got on this connection; if the
        revision follows on the last known one, it is known from now on.
        """
        known = self.known.get(channel_id, 0)
        if rev == known + 1:
            self.known[channel_id] = rev
        return [each for each in range(known + 1, rev) if not self._told[channel_id, each]]

    def superseded(self, channel_id: ChannelId, revs: list[int]) -> bool:
        """Whether the messages of all of these revisions were revised again since."""
        revisions = self.truth.revisions
        return all(
            (channel_id, rev) in revisions
            and max(self.truth.states[revisions[channel_id, rev].message.position]) > rev
            for rev in revs
        )

    def reach(self, channel_id: ChannelId, rev: int) -> None:
        """The hub reports that the device knows everything up to this rev."""
        self._upto[channel_id] = max(rev, self._upto.get(channel_id, 0))
        self.known[channel_id] = max(rev, self.known.get(channel_id, 0))

    def stale(self, channel_id: ChannelId, upto: int) -> list[str]:
        """The messages that the device does not have as they were after this rev of the channel,
        except those that its user has hidden: no events are sent for them.
        """
        return [
            f"{channel_id}:{seq} at {state.rev} of {last}"
            for (channel, seq), state in self.held.items()
            if channel == channel_id
            and state.rev < (last := self.truth.last_rev(channel_id, seq, upto))
            and not self._was_hidden(channel_id, seq)
        ]

    def _was_hidden(self, channel_id: ChannelId, seq: int) -> bool:
        message_id = self.truth.messages[channel_id, seq].message.id
        return self.truth.notes.was_ever_hidden(self.me, message_id)
