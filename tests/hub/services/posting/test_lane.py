"""What follows a commit, in order; and a log that is unavailable or does not respond."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import trio
from attrs import define, evolve, field
from trio.testing import MockClock

from hub.actor.client import Client
from hub.actor.letters import ChannelRoom, Join, Register
from hub.actor.link import Frames
from hub.actor.wire import Wire
from hub.services.posting.lane import Settlement
from persistence.interface import Store
from persistence.records import Draft
from protocol.dialects.learning_chat import DIALECT as LEARNING_CHAT
from protocol.dialects.private_messages import DIALECT as PRIVATE_MESSAGES
from protocol.engineio.session import Carrier
from protocol.errors import CloseReason
from protocol.events import Connected
from protocol.model import Posted, SessionId
from tests.support.clients.socketio import channel_of, enter
from tests.support.quiet import until_quiet
from tests.support.school import School, open_school
from tests.support.stores.held import Held
from tests.support.stores.outage import Outage
from tests.support.world import open_world


async def test_sends_are_refused_as_unavailable_and_succeed_later(memory_store: Store) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        socket = await ann.open()
        frame = {
            "type": "private_message", "recipient_id": ben.id, "content": "hi", "client_id": "k",
        }  # fmt: skip
        outage.begin()
        await socket.send(frame)
        error = await socket.receive()
        assert (error["type"], error["code"], error["client_id"]) == ("error", "unavailable", "k")
        outage.end()
        await socket.send(frame)
        assert (await socket.receive_type("private_message"))["message"]["seq"] == 1


async def test_sends_are_refused_in_time_while_the_store_does_not_respond(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    log = Held(memory_store.messages, ("post", "in_gaps"))
    async with open_world(evolve(memory_store, messages=log), db_lanes=1) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        one, other = await ann.open(), await ben.open()
        started = trio.current_time()
        frame = {"type": "private_message", "recipient_id": ben.id, "content": "hi"}
        await one.send(frame | {"client_id": "first"})
        await trio.sleep(1.0)
        await other.send(frame | {"recipient_id": ann.id, "client_id": "behind it"})
        for socket, key in ((one, "first"), (other, "behind it")):
            error = await socket.receive_type("error")
            assert (error["code"], error["client_id"]) == ("unavailable", key)
            assert trio.current_time() - started < 2.1
        for _ in range(5):  # while it still does not respond
            began = trio.current_time()
            await one.send(frame | {"client_id": "again"})
            assert (await one.receive_type("error"))["code"] == "unavailable"
            assert trio.current_time() - began < 4.1
        log.go_on.set()
        await one.send(frame | {"client_id": "again"})
        for socket in (one, other):
            message = (await socket.receive_type("private_message"))["message"]
            assert message["client_id"] == "again"


@define
class Timetable:
    """What happened, in order. As a link, it notes what a client is sent."""

    happened: list[str] = field(factory=list)
    is_behind: bool = False
    waiting_bytes: int = 0
    close_code: int = 1005
    carrier: Carrier = Carrier.WEBSOCKET

    def offer(self, frames: Frames) -> None:
        if frames.position is not None:
            self.happened.append("delivered")

    def flush(self) -> None:
        """Nothing waits."""

    def close(self, reason: CloseReason) -> None:
        self.happened.append(f"closed: {reason.text}")

    async def caught_up(self) -> None:
        """Nothing waits."""

    def settled(self, settlement: Settlement) -> None:
        assert isinstance(settlement, Posted)
        self.happened.append("settled")


def private(school: School) -> Draft:
    return Draft(school.ann.id, school.ben.id, "hi", "k")


def in_channel(school: School) -> Draft:
    return Draft(school.ann.id, None, "hi", "k", channel_id=school.general.id)


@pytest.mark.parametrize(
    ("draft", "wire"),
    [(private, Wire(PRIVATE_MESSAGES)), (in_channel, Wire(LEARNING_CHAT))],
    ids=["private", "in a channel"],
)
async def test_the_sender_gets_the_outcome_after_the_message_was_delivered(
    memory_store: Store, draft: Callable[[School], Draft], wire: Wire
) -> None:
    async with open_world(memory_store) as world:
        school, noted = await open_school(world), Timetable()
        ben, services = school.ben.user, world.services
        client = Client(ben, SessionId(1), wire, noted, services.quotas.of(ben.id))
        await services.hub.post(Register(client, Connected(ben, datetime.now(UTC), "epoch")))
        await services.hub.post(Join(client, (ChannelRoom(school.general.id),)))
        await services.commands.channels.enter(client, school.general)
        await services.messaging.submit(school.ann.user, draft(school), noted.settled)
        await until_quiet()
        assert noted.happened == ["delivered", "settled"]
        await services.messaging.submit(school.ann.user, draft(school), noted.settled)
        await until_quiet()
        assert noted.happened == ["delivered", "settled", "settled"]  # a repeat is not delivered


async def test_a_confirmation_after_the_channel_was_lost_does_not_count_as_delivery_there(
    memory_store: Store, mock_clock: MockClock
) -> None:
    """So a resume sends the message when the user is back in the channel."""
    gaps = Held(memory_store.messages, ("in_gaps",))
    posts = Held(gaps, ("post",))
    async with open_world(evolve(memory_store, messages=posts), db_lanes=1) as world:
        school = await open_school(world)
        unknown = Draft(school.tea.id, None, "0", channel_id=school.general.id)
        await memory_store.messages.post([unknown])
        channel = channel_of(school)
        bens = await enter(school.ben)
        await bens.ask("room:join", channel)
        submit, noted = world.services.messaging.submit, Timetable()
        await submit(school.tea.user, Draft(school.tea.id, school.ben.id, "1"), noted.settled)
        await posts.asked.wait()
        await bens.emit("message:send", {"channelId": channel, "content": "2"})
        await until_quiet()
        posts.go_on.set()
        assert (await bens.event())[1]["content"] == "1"
        await gaps.asked.wait()  # the hub does not know the message before it
        members, workspace_id, tea = memory_store.workspaces, school.workspace.id, school.tea.id
        await members.remove_member(workspace_id, school.ben.id, by=tea)
        assert (await bens.event())[0] == "channel:revoked"
        gaps.go_on.set()
        assert (await bens.event())[0] == "message:sent"
        await members.add_member(workspace_id, school.ben.id, by=tea)
        await until_quiet()
        await bens.emit("resume", {"after": {channel: 0}})
        for seq, content in ((1, "0"), (2, "2")):
            name, message = await bens.event()
            assert (name, message["content"], message["seq"]) == ("message:new", content, seq)
        name, resumed = await bens.event()
        assert (name, resumed["after"]) == ("resumed", {channel: 2})
