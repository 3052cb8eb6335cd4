"""The revisions that a device makes: it edits, deletes, reacts to and pins messages that it has,
and repeats each revision until it gets a response.
"""

from typing import TYPE_CHECKING

import trio
from attrs import define, field, frozen

from persistence.records import StoreUnavailable
from protocol.answers import Changed
from protocol.commands import ReviseMessage
from protocol.errors import ErrorCode
from protocol.events import Refused
from protocol.model import ChannelId, Message, UserId
from protocol.revisions import Delete, Edit, Pin, React, Revision
from tests.simulation.judgement.truth import Right

if TYPE_CHECKING:
    from tests.simulation.device import Device

EMOJIS = ("❤️", "👍", "😂")
MAX_PENDING = 3
RECENT = 10  # the last messages of a channel; only these are changed
FAILURE_SECONDS = 20.0  # after a failed call, in which something may still be refused because of it


@define
class _Pending:
    """A change without a response."""

    message: Message
    command: ReviseMessage
    since: float
    tries: int = 0


@frozen
class Changes:
    """The changes of one device, by its user and their keys."""

    device: "Device"
    acknowledged: set[tuple[UserId, str]] = field(factory=set, init=False)
    refused: set[tuple[UserId, str]] = field(factory=set, init=False)
    pending: dict[str, _Pending] = field(factory=dict, init=False)
    _keys: list[str] = field(factory=list, init=False)

    async def make_some(self) -> None:
        """Make changes one after the other, as fast as the hub responds."""
        for _ in range(self.device.sim.dice.randint(1, 3)):
            await self._make_one()

    async def _make_one(self) -> None:
        """Change one of the last messages of a channel."""
        device, dice = self.device, self.device.sim.dice
        held = device.ledger.states.held
        if len(self.pending) >= MAX_PENDING or not held:
            return
        channel_id = dice.choice(sorted({channel for channel, _ in held}))
        seqs = sorted(seq for channel, seq in held if channel == channel_id)
        message = device.sim.truth.messages[channel_id, dice.choice(seqs[-RECENT:])].message
        key = f"{device.number}-{len(self._keys) + 1}"
        self._keys.append(key)
        revision = self._choose(message, f"{key}-edited")
        command = ReviseMessage(message.id, revision, key=key)
        self.pending[key] = _Pending(message, command, trio.current_time())
        await self._carry_out(key)

    async def repeat(self) -> None:
        """Repeat the changes without a response."""
        for key in tuple(self.pending):
            await self._carry_out(key)

    def _choose(self, message: Message, text: str) -> Revision:
        dice, device = self.device.sim.dice, self.device
        is_owner = device.me == device.sim.people[0].id
        if is_owner and message.channel_id in device.sim.places.rooms and dice.random() < 0.2:
            return Pin(dice.random() < 0.7)
        if message.author_id == device.me and dice.random() < 0.7:
            name = message.content.partition(" ")[0]
            is_deletion = message.is_forwarded or dice.random() < 0.25
            mention = self.mention()
            return Delete() if is_deletion else Edit(f"{name} {text}.{mention}")
        return React(dice.choice(EMOJIS), dice.random() < 0.7)

    def mention(self) -> str:
        """The end of a text: now and then it mentions a user."""
        sim = self.device.sim
        dice, people = sim.dice, sim.people
        if dice.random() < 0.6:
            return ""
        names = [person.user.username for person in people]
        return f" @{dice.choice([*names, 'nobody', 'channel'])} "

    async def _carry_out(self, key: str) -> None:
        sim, device, pending = self.device.sim, self.device, self.pending[key]
        pending.tries += 1
        sim.note(device.name, f"changes {pending.message.position}: {pending.command.revision}")
        answer = await sim.revise(device.person, pending.command)
        match answer:
            case Changed():
                self.pending.pop(key, None)
                self.acknowledged.add((device.me, key))
            case Refused(code=code):
                self.pending.pop(key, None)
                if pending.tries == 1:
                    self.refused.add((device.me, key))
                sim.require(self._may_refuse(code, pending), f"{device.name}, {pending}: {answer}")
            case StoreUnavailable():
                failed = trio.current_time() - sim.weather.failed_at < FAILURE_SECONDS
                sim.require(failed, f"{device.name} cannot change anything: {answer}")
            case None:
                pass  # the hub crashed

    def _may_refuse(self, code: ErrorCode, pending: _Pending) -> bool:
        channel_id, seq = pending.message.position
        truth, since = self.device.sim.truth, pending.since
        match code:
            case ErrorCode.MESSAGE_NOT_FOUND:
                is_closed = self._was_closed(Right.SEE, channel_id, since)
                return is_closed or truth.is_deleted(channel_id, seq)
            case ErrorCode.NOT_ALLOWED:
                return self._was_closed(Right.SEND, channel_id, since)
            case _:
                return False

    def _was_closed(self, right: Right, channel_id: ChannelId, since: float) -> bool:
        return self.device.sim.truth.sight(right, self.device.me, channel_id).was_closed_since(
            since
        )
