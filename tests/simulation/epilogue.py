"""The end of the day: every device has everything and nothing fails; then rights are lost once
more.

Now every frame is predictable: a device whose user may see a channel gets its messages; any other
gets the notice that the channel is closed, and then nothing. Users leave one after the other, and
the remaining ones get that event. Every device closes with a handshake and reads to the end, so
that no frame is left unread.
"""

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

import trio
from attrs import define, field

from protocol.answers import Changed
from protocol.commands import ReviseMessage
from protocol.model import ChannelId, Message, MessageId
from protocol.revisions import Delete, Edit, React, Revision
from tests.simulation.device import Device
from tests.simulation.judgement.mentioning import Mentions
from tests.simulation.judgement.truth import Right
from tests.simulation.languages.language import Call, NewMessage, send_over_rest
from tests.simulation.languages.messenger import Messenger
from tests.simulation.languages.notes import Hide, MarkUnread, Wish, note_over_rest
from tests.simulation.languages.private_messages import PrivateMessages
from tests.simulation.languages.socketio import SocketIo
from tests.simulation.nodes.node import Node
from tests.simulation.notes.reckoning import check_unread
from tests.simulation.searching import ENGINES, Searches
from tests.simulation.threads.following import check_followed
from tests.support.world import Person

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

SETTLED_SECONDS = 8.0  # typing has expired, presence has been announced
LEAVE_SECONDS = 10.0
ORIGINALS = 4  # that each device asks for


@define
class Epilogue:
    """Plays the end of a simulation."""

    sim: "Simulation"
    _spoke_at: float = field(default=inf, init=False)

    async def play(self) -> None:
        """Raises Broken."""
        sim = self.sim
        sim.is_still = True
        await trio.sleep(SETTLED_SECONDS)
        self._check_views()
        for _ in range(sim.dice.randint(1, 3)):
            await sim.trouble.take_something()
        sim.note("epilogue", "rights are lost")
        await trio.sleep(sim.truth.bound + SETTLED_SECONDS)
        began = trio.current_time()
        await self._everybody_speaks()
        await self._everybody_counts()
        await self._everybody_changes_something()
        await self._everybody_reads()
        await self._everybody_notes_something()
        await self._everybody_searches()
        await self._everybody_counts()
        for device in self._connected():
            for _ in range(ORIGINALS):
                await device.forwards.ask_for_original()
        await trio.sleep(SETTLED_SECONDS)
        for person in sim.people:
            await check_followed(sim, person)
            await check_unread(sim, person)
        self._check_heard(began)
        self._check_views()
        await self._everybody_leaves()

    def _check_views(self) -> None:
        """No user is shown as typing for ever; none is shown as online who is offline, or whose
        presence may not be known.
        """
        for device in self._connected():
            connection = device.ledger.connection
            if connection.is_slow or connection.was_shed:
                continue
            if isinstance(device.language, PrivateMessages | SocketIo):
                self._require(device, not connection.typing, f"sees {connection.typing} type")
            for (user_id, place), is_online in connection.online.items():
                here = any(each.me == user_id for each in self._connected())
                self._require(device, here or not is_online, f"sees {user_id} online at {place}")
                if place is None:
                    known = self.sim.truth.sight(Right.KNOW, device.me, user_id).is_open
                    self._require(device, known or not is_online, f"still sees {user_id} online")

    async def _everybody_speaks(self) -> None:
        """Write in every channel, over REST, because not every device can."""
        sim = self.sim
        self._spoke_at = trio.current_time()
        for number, person in enumerate(sim.people):
            for channel_id in sim.places.all_of(person.id):
                if sim.truth.sight(Right.SEND, person.id, channel_id).is_open:
                    key = f"last-{number}-{channel_id}"
                    names = ["channel", *(each.user.username for each in sim.people)]
                    text = f"{key} {' '.join(f'@{name}' for name in names)} ."
                    new = NewMessage(channel_id, text, key, self._last_of(channel_id))
                    await self._call(person, send_over_rest(sim.places, person.id, new))

    def _last_of(self, channel_id: ChannelId) -> MessageId | None:
        """The last message of a channel to which a user may reply."""
        truth, log = self.sim.truth, self.sim.tables.channels[channel_id].messages
        for each in reversed(log):
            root = truth.find(truth.threads.root_of(each.id))
            is_there = root is not None and not truth.is_deleted(*root.message.position)
            if is_there and not each.is_deleted:
                last_id: MessageId = each.id
                return last_id
        return None

    async def _everybody_changes_something(self) -> None:
        """In every channel each user changes their last message, and their reaction to the last one
        of all. Where they may only read, they delete what they wrote.
        """
        sim = self.sim
        for number, person in enumerate(sim.people):
            for channel_id in sim.places.all_of(person.id):
                for message, revision in self._last_changes(person, channel_id):
                    key = f"last-{number}-{message.id}-{type(revision).__name__}"
                    command = ReviseMessage(message.id, revision, key=key)
                    answer = await sim.revise(person, command)
                    sim.require(isinstance(answer, Changed), f"{command} was answered {answer}")

    def _last_changes(
        self, person: Person, channel_id: ChannelId
    ) -> Sequence[tuple[Message, Revision]]:
        truth, messages = self.sim.truth, self.sim.tables.channels[channel_id].messages
        own = [
            each
            for each in messages
            if each.author_id == person.id and each.content  # not deleted
        ]
        if truth.sight(Right.SEND, person.id, channel_id).is_open:
            name = own[-1].content.partition(" ")[0]
            return (own[-1], Edit(f"{name} !")), (messages[-1], React("👋"))
        if truth.sees(person.id, channel_id):
            return [(each, Delete()) for each in own[-1:]]
        return ()

    async def _everybody_reads(self) -> None:
        sim = self.sim
        for person in sim.people:
            for channel_id in sim.places.conversations_of(person.id):
                peer = sim.places.peer(person.id, channel_id)
                path = f"/private_messages/api/messages/{peer}/read"
                await self._call(person, Call("PUT", path))

    async def _everybody_notes_something(self) -> None:
        """Notes in every channel that each user may see. Messages marked unread are read in
        part.
        """
        sim = self.sim
        for person in sim.people:
            for channel_id in sim.places.all_of(person.id):
                log = sim.tables.channels[channel_id].messages
                if sim.truth.sees(person.id, channel_id) and log:
                    chosen = sim.dice.choice(log[-5:])
                    wishes: list[Wish] = [MarkUnread(chosen)]
                    if not chosen.is_deleted:
                        is_hidden = sim.truth.notes.hidden(person.id, chosen.id).is_open
                        wishes.append(Hide(chosen, not is_hidden))
                    for wish in wishes:
                        await self._call(person, note_over_rest(sim.places, person.id, wish))
                    if sim.dice.random() < 0.5:
                        path = f"/learning_platform/api/messages/{chosen.id}/read"
                        await self._call(person, Call("POST", path))

    async def _everybody_searches(self) -> None:
        for person in self.sim.people:
            await Searches(self.sim, person.user.username).find_everything(person)

    async def _everybody_counts(self) -> None:
        """The unread messages that mention each user, also in the two dialects that search."""
        sim = self.sim
        for person in sim.people:
            mentions = Mentions(sim.truth, person.id, sim.require)
            for engine in ENGINES:
                places = sim.places
                places_of = places.conversations_of if engine.only_private else places.all_of
                count = sum(
                    not sim.tables.blocked_either_way(person.id, message.author_id)
                    for channel_id in places_of(person.id)
                    if sim.truth.sight(Right.SEE, person.id, channel_id).is_open
                    for message in mentions.unread_in(channel_id)
                )
                path = f"{engine.path.removesuffix('search')}mentions/unread-count"
                reply = await sim.call(person, Call("GET", path))
                counted = None if reply is None else reply.json.get("count")
                sim.require(counted == count, f"{person.id} has {count} mentions: {reply}")

    async def _call(self, person: Person, call: Call) -> None:
        reply = await self.sim.call(person, call)
        status = None if reply is None else reply.status
        self.sim.require(status in (200, 201), f"{call} was answered {reply}")

    def _check_heard(self, began: float) -> None:
        missing = [each for device in self._connected() for each in device.ledger.missing()]
        missing += [
            f"{device.name}: that it is mentioned in {each}"
            for device in self._connected()
            for each in device.ledger.mentions.missing(device.ledger.channels(), began)
        ]
        self.sim.require(not missing, f"after rights were lost, missing: {missing}")
        for device in self._connected():
            untold = [] if device.is_new_since(self._spoke_at) else self._unreported(device)
            self._require(device, not untold, f"was not told of the replies {untold}")

    def _unreported(self, device: Device) -> list[Message]:
        """The last replies by others in threads that the device's user follows and may see, for
        which it got no event, if its dialect has one.
        """
        truth, me, spoke_at = self.sim.truth, device.me, self._spoke_at
        if isinstance(device.language, PrivateMessages | Messenger):
            return []
        return [
            message
            for committed in truth.messages.values()
            if committed.at >= spoke_at
            and (message := committed.message).author_id != me
            and message.parent_id is not None
            and not truth.threads.follows_reply(me, message.id).was_closed_since(spoke_at)
            and not truth.sight(Right.SEE, me, message.channel_id).was_closed_since(spoke_at)
            and message.id not in device.ledger.threads.told
        ]

    async def _everybody_leaves(self) -> None:
        """User by user, so that the remaining ones get each event."""
        for person in self.sim.people:
            leaving = [device for device in self.sim.devices if device.me == person.id]
            for device in leaving:
                device.leave()
            with trio.move_on_after(LEAVE_SECONDS) as patience:
                for device in leaving:
                    await device.has_left.wait()
            self.sim.require(not patience.cancelled_caught, f"{person.id} cannot leave")
            await trio.sleep(SETTLED_SECONDS)
            self._check_views()
        for node in self.sim.cell.nodes:
            self._check_empty(node)

    def _check_empty(self, node: Node) -> None:
        require, world = self.sim.require, node.world
        require(world is not None, f"{node.name} does not run")
        if world is not None:
            require(not world.services.hub.sessions(), "the hub keeps connections that ended")
            for person in self.sim.people:
                taken = world.services.quotas.of(person.id).in_flight
                require(taken == 0, f"{taken} places of {person.id} are not given back")

    def _connected(self) -> list[Device]:
        return [device for device in self.sim.devices if device.here_since is not None]

    def _require(self, device: Device, holds: bool, problem: str) -> None:
        self.sim.require(holds, f"{device.name} {problem}")
