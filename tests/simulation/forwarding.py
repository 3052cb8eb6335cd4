"""The messages that a device forwards, over REST, and the originals that it requests; also ones
that its user may not see.
"""

from typing import TYPE_CHECKING

import trio
from attrs import define, field, frozen

from protocol.model import ChannelId, Message, UserId
from tests.simulation.judgement.answers import is_transient
from tests.simulation.judgement.truth import Right
from tests.simulation.languages.language import Call, forward_over_rest
from tests.simulation.searching import ENGINES, Engine
from tests.support.clients.http import Reply

if TYPE_CHECKING:
    from tests.simulation.device import Device

MAX_PENDING = 2
CLOSED = {"not_allowed", "not_a_member", "channel_not_found", "recipient_not_found"}


@define
class _Pending:
    """A copy whose sending got no response."""

    original: Message
    to: ChannelId
    since: float
    tries: int = 0


@frozen
class Forwards:
    """The copies of one device, by its user and their keys."""

    device: "Device"
    acknowledged: set[tuple[UserId, str]] = field(factory=set, init=False)
    refused: set[tuple[UserId, str]] = field(factory=set, init=False)
    pending: dict[str, _Pending] = field(factory=dict, init=False)
    _keys: list[str] = field(factory=list, init=False)

    async def make_some(self) -> None:
        """Forward a message, or ask for an original."""
        if self.device.sim.dice.random() < 0.6:
            await self._make_one()
        else:
            await self.ask_for_original()

    async def _make_one(self) -> None:
        """Forward a message, mostly one that the device has."""
        device, dice = self.device, self.device.sim.dice
        of_all = device.sim.truth.messages
        known = device.ledger.states.held if dice.random() < 0.7 else of_all
        if len(self.pending) >= MAX_PENDING or not known:
            return
        original = of_all[dice.choice(sorted(known))].message
        key = f"{device.number}-copy-{len(self._keys) + 1}"
        self._keys.append(key)
        to = dice.choice(device.sim.places.all_of(device.me))
        self.pending[key] = _Pending(original, to, trio.current_time())
        await self._carry_out(key)

    async def repeat(self) -> None:
        """Repeat the copies that got no response."""
        for key in tuple(self.pending):
            await self._carry_out(key)

    async def _carry_out(self, key: str) -> None:
        sim, device, pending = self.device.sim, self.device, self.pending[key]
        pending.tries += 1
        sim.note(device.name, f"forwards {pending.original.position} to {pending.to}")
        where = (sim.places, device.me, pending.to, pending.original.id, key)
        reply = await sim.call(device.person, forward_over_rest(*where))
        if reply is None:
            return  # the hub crashed
        if reply.status == 201:
            self.pending.pop(key, None)
            self.acknowledged.add((device.me, key))
        elif not is_transient(device, reply, "forward anything"):
            self.pending.pop(key, None)
            if pending.tries == 1:
                self.refused.add((device.me, key))
            code = reply.json["code"]
            sim.require(self._may_refuse(code, pending), f"{device.name}, {pending}: {code}")

    def _may_refuse(self, code: str, pending: _Pending) -> bool:
        if code == "message_not_found":
            return not self._is_certain(pending.original, pending.since)
        rights = (Right.SEE, Right.SEND)
        return code in CLOSED and any(
            self.device.sim.truth.sight(each, self.device.me, pending.to).was_closed_since(
                pending.since
            )
            for each in rights
        )

    async def ask_for_original(self) -> None:
        """Request the original of a copy, also of one that only another user may see, and of a
        message that is no copy.
        """
        device, dice, truth = self.device, self.device.sim.dice, self.device.sim.truth
        messages = truth.messages
        copies = sorted(each for each, found in messages.items() if found.message.is_forwarded)
        positions = copies if copies and dice.random() < 0.9 else sorted(messages)
        if not positions:
            return
        asked, at = messages[dice.choice(positions)].message, trio.current_time()
        engine = dice.choice(ENGINES)
        path = f"{engine.path.removesuffix('search')}{asked.id}/original"
        reply = await device.sim.call(device.person, Call("GET", path))
        if reply is None or is_transient(device, reply, "forward anything"):
            return
        flaw = self._flaw_of(reply, engine, asked, at)
        device.sim.require(flaw is None, f"{device.name} asks for the original of {asked}: {flaw}")

    def _flaw_of(self, reply: Reply, engine: Engine, asked: Message, at: float) -> str | None:
        """What is wrong with the response to a request made at this time."""
        truth, me = self.device.sim.truth, self.device.me
        original = truth.original_of(asked)
        match reply.status:
            case 200 if original is not None:
                hit = engine.hit(self.device.sim.places, reply.json)
                for position in (asked.position, original.position):
                    if not truth.sight(Right.SEE, me, position[0]).was_open_since(at):
                        return f"shown, and {position} may not be seen"
                is_true = truth.states[original.position].get(hit.state.rev) == hit.state
                is_it = hit.position == original.position
                return None if is_it and is_true else f"{hit}, and it is {original}"
            case 404:
                is_hidden = original is None or (
                    engine.only_private and original.channel_id in self.device.sim.places.rooms
                )
                certain = original is not None and all(
                    self._is_certain(each, at) for each in (asked, original)
                )
                return f"not shown: {original}" if certain and not is_hidden else None
            case _:
                return reply.text

    def _is_certain(self, message: Message, since: float) -> bool:
        """Whether the device's user could see a message all the time since then."""
        truth = self.device.sim.truth
        sight = truth.sight(Right.SEE, self.device.me, message.channel_id)
        return not sight.was_closed_since(since) and not truth.is_deleted(*message.position)
