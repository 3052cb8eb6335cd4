"""The mentions that one device is sent: only true ones, and only of messages that its user may see.

The texts of a simulation mention users as `@ann`, and everybody as `@channel`, as separate words.
The mentions of a message are computed here once more, at the moment they are decided.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby

from attrs import define, field

from protocol.model import ChannelId, Message, MessageId, UserId
from tests.simulation.judgement.truth import Committed, Right, Truth
from tests.simulation.judgement.witness import Judge
from tests.simulation.languages.meanings import Mentioned, State


@define
class Mentions:
    """The mentions that one device is sent.

    Args:
        truth: what really happens.
        me: its user.
        require: where complaints go.
    """

    truth: Truth
    me: UserId
    require: Judge
    told: dict[MessageId, list[bool]] = field(factory=dict, init=False)

    def tell(self, mentioned: Mentioned) -> None:
        """The device gets the event that a message mentions its user, or does so no longer."""
        found = self.truth.find(mentioned.message_id)
        self.require(found is not None, f"was told {mentioned}, which is not stored")
        if found is None:
            return
        position = found.message.position
        state = self.truth.states[position].get(mentioned.rev)
        is_true = (
            state is not None
            and state.content == mentioned.content
            and self._may_be(found.message, state, is_mentioned=mentioned.is_mentioned)
        )
        self.require(is_true, f"was told {mentioned}, and it was {state}")
        channel_id, _ = position
        decided = self.truth.revisions[channel_id, mentioned.rev] if mentioned.rev else found
        leaks = self.truth.must_not_mention(self.me, decided)
        self.require(not leaks, f"was told {mentioned}, which it may not know")
        self.told.setdefault(mentioned.message_id, []).append(mentioned.is_mentioned)

    def _may_be(self, message: Message, state: State, *, is_mentioned: bool) -> bool:
        """Whether the event may be true: that a message mentions the user, or that it does not. A
        message that mentions everybody does not mention users who have muted its channel, or who
        joined later.
        """
        if is_mentioned:
            return self._names_me(message, state)
        return not self._reaches_me(message, state)

    def _names_me(self, message: Message, state: State) -> bool:
        """Whether the device's user is mentioned."""
        is_mentioned = self.me in state.mentions or state.mentions_channel
        return is_mentioned and message.author_id != self.me

    def unread_in(self, channel_id: ChannelId) -> Iterator[Message]:
        """The unread messages that mention the user in a channel all of which they may see."""
        row = self.truth.tables.channels[channel_id]
        for message in row.messages[row.read_up_to(self.me) :]:
            states = self.truth.states[message.position]
            hidden = self.truth.notes.hidden(self.me, message.id)
            if self._reaches_me(message, states[max(states)]) and not hidden.is_open:
                yield message

    def _reaches_me(self, message: Message, state: State) -> bool:
        """Whether the user is mentioned by name, or as one of everybody, having joined before and
        not muted the channel.
        """
        is_muted = (self.me, message.channel_id) in self.truth.notes.muted
        tables, by_name = self.truth.tables, self.me in state.mentions
        workspace_id = tables.channels[message.channel_id].channel.workspace_id
        joined_at = None if workspace_id is None else tables.joined.get((workspace_id, self.me))
        is_later = joined_at is not None and joined_at > message.created_at
        return self._names_me(message, state) and (by_name or not (is_muted or is_later))

    def missing(self, channels: list[ChannelId], since: float) -> list[str]:
        """The events since then that the device did not get, while nothing failed."""
        return [
            f"{position}: {list(was.values())}, told {said}"
            for position, committed in self.truth.messages.items()
            if position[0] in channels and committed.at >= since
            if not self._is_told(was := self._changes(position), said := self._said(committed))
        ]

    def _said(self, committed: Committed) -> list[bool]:
        return self.told.get(committed.message.id, [])

    def _is_told(self, was: Mapping[int, bool], said: list[bool]) -> bool:
        """With several nodes, a revision may be read from the log: then the event repeats whom the
        message mentions, and of earlier mentions the device gets only the message.
        """
        if self.truth.is_alone:
            return list(was.values()) == said
        once = [said for said, _ in groupby(said)]
        return list(was.values())[: len(once)] == once and (bool(once) or 0 not in was)

    def _changes(self, position: tuple[ChannelId, int]) -> Mapping[int, bool]:
        """The revs at which the message began, or ceased, to mention the user."""
        message, states = self.truth.messages[position].message, self.truth.states[position]
        changes: dict[int, bool] = {}
        sight = self.truth.sight
        is_there = sight(Right.SEE, self.me, message.channel_id).is_open
        if not (is_there and sight(Right.NOTICE, self.me, message.author_id).is_open):
            return changes
        was = False
        for rev in sorted(states):
            is_mentioned = self._reaches_me(message, states[rev])
            if is_mentioned is not was:
                changes[rev] = was = is_mentioned
        return changes
