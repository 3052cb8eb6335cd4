"""The notes that a device makes: it marks unread, hides and mutes, in a frame or over REST, and
repeats each until it gets a reply.
"""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from protocol.model import Message
from tests.simulation.judgement.answers import is_transient
from tests.simulation.languages.language import Call
from tests.simulation.languages.notes import (
    Hide,
    MarkUnread,
    Mute,
    Wish,
    note_over_rest,
    noted_in,
)
from tests.simulation.notes.wishes import Pending
from tests.support.clients.websocket import WebSocket

if TYPE_CHECKING:
    from tests.simulation.device import Device

MAX_PENDING = 3
RECENT = 10  # the last messages of a channel; only these get notes
OVER_REST = 0.25  # share of notes for which the dialect has frames


@frozen
class Notes:
    """The notes of one device."""

    device: "Device"

    async def make_one(self, socket: WebSocket) -> None:
        """Make a note on a channel or a message that the device has."""
        wishes, wish = self.device.ledger.wishes, self._choose()
        if wish is not None and len(wishes.pending) < MAX_PENDING:
            await self._ask(socket, wishes.add(wish))

    async def repeat(self, socket: WebSocket) -> None:
        """Repeat the notes without a reply, except those that may still get one."""
        for each in list(self.device.ledger.wishes.pending):
            if not each.is_under_way:
                await self._ask(socket, each)

    def _choose(self) -> Wish | None:
        dice, device = self.device.sim.dice, self.device
        channel_id = dice.choice(device.language.noted_channels(device.sim.places, device.me))
        chosen = dice.random()
        if chosen < 0.2:
            return Mute(channel_id, dice.random() < 0.6)
        held = sorted(each for each in device.ledger.states.held if each[0] == channel_id)
        if not held:
            return None
        message = device.sim.truth.messages[dice.choice(held[-RECENT:])].message
        return MarkUnread(message) if chosen < 0.5 else self._hide(message)

    def _hide(self, message: Message) -> Wish:
        is_hidden = self.device.sim.truth.notes.hidden(self.device.me, message.id).is_open
        return Hide(message, is_hidden is (self.device.sim.dice.random() < 0.1))

    async def _ask(self, socket: WebSocket, pending: Pending) -> None:
        device, wish = self.device, pending.wish
        where = (device.sim.places, device.me, wish)
        is_over_rest = device.sim.dice.random() < OVER_REST
        asked = note_over_rest(*where) if is_over_rest else device.language.note(*where)
        device.sim.note(device.name, f"notes {_name(wish)}")
        if isinstance(asked, Call):
            await self._call(pending, asked)
        else:
            device.ledger.wishes.says(pending)
            await device.say(socket, asked)

    async def _call(self, pending: Pending, call: Call) -> None:
        device, wishes = self.device, self.device.ledger.wishes
        reply = await device.sim.call(device.person, call)
        if reply is None or is_transient(device, reply, "note anything"):
            return
        if pending not in wishes.pending:
            return  # a frame has confirmed it
        if reply.status == 200:
            device.ledger.keep_note(noted_in(pending.wish, reply.json))
            wishes.grant(pending)
        else:
            wishes.refuse(pending, reply.json["code"])


def _name(wish: Wish) -> Any:
    return wish if isinstance(wish, Mute) else (type(wish).__name__, wish.message.position)
