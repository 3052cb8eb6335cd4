"""Connection state recovery as stock clients ask for it, and `message:offline` for all others."""

import json
from typing import Any

import trio

from hub.services.posting.sequencer import WentBack
from hub.socketio.offset import Received, decode_offset
from persistence.interface import Store
from persistence.records import Draft, StoreUnavailable
from protocol.model import Posted
from protocol.revisions import Delete, Edit
from protocol.shapes.uuids import IdKind, from_uuid
from tests.support.clients.engine import EngineClient
from tests.support.clients.recovery import contents, enter, notes, offset, revisions, say
from tests.support.clients.socketio import OFFSET, channel_of, token_of
from tests.support.posting import post, write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.intercept import Interception
from tests.support.stores.records import changed, granted
from tests.support.world import World, open_world

ROUTE = "/learning_platform/api/channels/{}/muted"


async def test_a_broken_connection_is_recovered_from_its_offset(world: World) -> None:
    school = await open_school(world)
    peer, first = await enter(school.ben)
    await peer.ask("room:join", channel_of(school))
    await say(school, school.ann.user, "1")
    assert await contents(peer, 1) == ["1"]
    await say(school, school.ann.user, "2")
    assert (await peer.event())[0] == "message:new"
    last = await offset(peer)
    await peer.socket.drop()
    await say(school, school.ann.user, "3", "4")
    peer, again = await enter(school.ben, pid=first["pid"], offset=last)
    assert again == first  # the client takes it as recovered when the pid is the same
    await say(school, school.ann.user, "5")
    assert await contents(peer, 3) == ["3", "4", "5"]


async def test_a_recovered_connection_gets_the_revisions_that_it_missed(world: World) -> None:
    school = await open_school(world)
    zero, one, two = await post(world, school.ann.user, school.general, "0", "1", "2")
    await changed(world.store, zero.id, Edit("before"), by=school.ann.id)
    peer, told = await enter(school.ben)
    await peer.ask("room:join", channel_of(school))
    await peer.socket.drop()  # before any offset
    await changed(world.store, one.id, Edit("a"), by=school.ann.id)
    peer, again = await enter(school.ben, pid=told["pid"])
    assert again == told
    assert await revisions(peer, 1) == ([(2, "a")], f"{school.general.id}:0:2")
    await peer.socket.drop()
    received = f"{school.general.id}:0:2"
    await changed(world.store, two.id, Edit("b"), by=school.ann.id)
    (three,) = await post(world, school.ann.user, school.general, "3")
    for revision in (Edit("c"), Delete()):
        await changed(world.store, two.id, revision, by=school.ann.id)
    await changed(world.store, three.id, Edit("C"), by=school.ann.id)
    for _ in range(2):  # it breaks again before it returns a newer offset
        peer, _ = await enter(school.ben, pid=told["pid"], offset=received)
        assert await revisions(peer, 1) == ([(5, "")], f"{school.general.id}:0:5")
        assert await contents(peer, 1) == ["C"]
        await peer.socket.drop()
    peer, _ = await enter(school.ben, pid=told["pid"], offset=f"{school.general.id}:4:6")
    await peer.socket.is_silent()


async def test_a_recovered_connection_gets_the_notes_that_it_missed(world: World) -> None:
    school = await open_school(world)
    one, _ = await post(world, school.ann.user, school.general, "1", "2")
    hide, mute = f"/learning_platform/api/messages/{one.id}/hidden", ROUTE.format(school.general.id)
    await school.ben.ask("PUT", hide)
    peer, told = await enter(school.ben)
    await peer.socket.drop()  # before any offset: which notes it has is not known
    peer, _ = await enter(school.ben, pid=told["pid"])
    assert await notes(peer, 1) == ([("message:hidden", 1)], "n1")
    await school.ben.ask("PUT", mute)
    assert await notes(peer, 1) == ([("channel:noted", 2)], "n2")
    await peer.ask("room:join", channel_of(school))
    await say(school, school.ann.user, "3")
    assert (await peer.event())[0] == "message:new"
    received = await offset(peer)
    assert received == f"n2,{school.general.id}:3"
    await peer.socket.drop()
    for method, path in (("DELETE", mute), ("DELETE", hide), ("PUT", hide)):
        await school.ben.ask(method, path)
    for _ in range(2):  # it breaks again before it returns a newer offset
        peer, _ = await enter(school.ben, pid=told["pid"], offset=received)
        expected = [("channel:noted", 3), ("message:hidden", 5)]
        assert await notes(peer, 2) == (expected, "n5")
        await peer.socket.drop()
    peer, _ = await enter(school.ben, pid=told["pid"], offset="n5")
    await say(school, school.ann.user, "4")
    assert (await peer.event())[0] == "message:new"
    assert await offset(peer) == f"n5,{school.general.id}:4"


async def test_polling_brings_a_message_and_its_offset_in_one_response(world: World) -> None:
    school = await open_school(world)

    async def connect() -> trio.abc.Stream:
        return world.connect()

    client = EngineClient(connect=connect, path="/socket.io/")
    sid = await client.open()
    await client.post(sid, f"40{json.dumps({'token': token_of(school.ben)})}")
    assert (await client.poll(sid)).text.startswith("40{")
    await client.post(sid, f"421{json.dumps(['room:join', channel_of(school)])}")
    assert (await client.poll(sid)).text.startswith("431[")
    replies: list[str] = []

    async def poll() -> None:
        replies.append((await client.poll(sid)).text)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(poll)
        await until_quiet()
        await say(school, school.ann.user, "1")
    (reply,) = replies
    names = [json.loads(packet.removeprefix("42"))[0] for packet in reply.split("\x1e")]
    assert names == ["message:new", OFFSET]


async def test_messages_after_the_offset_of_the_client_are_sent_again(world: World) -> None:
    school = await open_school(world)
    peer, told = await enter(school.ben)
    await peer.ask("room:join", channel_of(school))
    await say(school, school.ann.user, "1")
    assert (await peer.event())[0] == "message:new"
    received = await offset(peer)
    await say(school, school.ann.user, "2", "3")
    assert await contents(peer, 2) == ["2", "3"]
    await peer.socket.drop()
    peer, _ = await enter(school.ben, pid=told["pid"], offset=received)
    assert await contents(peer, 2) == ["2", "3"]


async def test_a_connection_is_recovered_before_any_event_and_after_a_restart_too(
    store: Store,
) -> None:
    async with open_world(store) as world:
        school = await open_school(world)
        await say(school, school.ann.user, "before")
        peer, told = await enter(school.ben)
        await peer.ask("room:join", channel_of(school))
    for author in (school.ann.user, school.tea.user):
        draft = Draft(author.id, None, author.username, channel_id=school.general.id)
        (outcome,) = await store.messages.post([draft])
        assert isinstance(outcome, Posted)
    async with open_world(store) as world:
        ben = await world.sign_in(school.ben.user)
        peer, again = await enter(ben, pid=told["pid"])
        assert again == told
        assert await contents(peer, 2) == ["ann", "tea"]


async def test_the_clients_own_messages_count_as_received(world: World) -> None:
    school = await open_school(world)
    peer, told = await enter(school.ben)
    channel = channel_of(school)
    await peer.ask("room:join", channel)
    await peer.emit("message:send", {"content": "mine", "channelId": channel})
    assert (await peer.event())[0] == "message:sent"
    last = await offset(peer)
    await peer.socket.drop()
    await say(school, school.ann.user, "hers")
    peer, _ = await enter(school.ben, pid=told["pid"], offset=last)
    assert await contents(peer, 1) == ["hers"]


async def test_a_channel_that_was_left_or_lost_is_not_recovered(world: World) -> None:
    school = await open_school(world)
    peer, told = await enter(school.ben)
    await peer.ask("room:join", channel_of(school))
    await peer.ask("room:leave", channel_of(school))
    await peer.socket.drop()
    await say(school, school.ann.user, "1")
    peer, again = await enter(school.ben, pid=told["pid"])
    assert again["pid"] == told["pid"]
    await peer.ask("room:join", channel_of(school))
    await peer.socket.drop()
    ids = school.workspace.id, school.ben.id
    granted(await world.store.workspaces.remove_member(*ids, by=school.tea.id))
    await say(school, school.ann.user, "2")
    peer, again = await enter(school.ben, pid=told["pid"])
    assert again["pid"] == told["pid"]
    answer = await peer.ask("messages:get", channel_of(school))
    assert answer["error"] == "Unauthorized"
    assert (await peer.event())[0] == "message:error"  # and no message came before


async def test_an_invalid_recovery_begins_a_new_connection(world: World) -> None:
    school = await open_school(world)
    peer, told = await enter(school.ben)
    await peer.ask("room:join", channel_of(school))
    for person, auth in (
        (school.eve, {"pid": told["pid"]}),
        (school.ben, {"pid": "unknown"}),
        (school.ben, {"pid": told["pid"], "offset": "1:x"}),
        (school.ben, {"pid": told["pid"], "offset": "9" * 10_000}),
        (school.ben, {"pid": 5, "offset": {}}),
    ):
        _, again = await enter(person, **auth)
        assert again["pid"] not in (told["pid"], auth["pid"])
        assert again["sid"] != told["sid"]


async def test_a_recovery_of_another_log_begins_a_new_connection(world: World) -> None:
    """Also one whose position is above the end of the channel."""
    school = await open_school(world)
    watch = world.services.log_watch
    peer, told = await enter(school.ben)
    await peer.ask("room:join", channel_of(school))
    await say(school, school.ann.user, "1")
    assert (await peer.event())[0] == "message:new"
    received = await offset(peer)
    await peer.socket.drop()
    above = f"{school.general.id}:9"
    peer, again = await enter(school.ben, pid=told["pid"], offset=above)
    assert again["pid"] != told["pid"]
    await peer.socket.close_in_silence()
    await watch.went_back(WentBack(school.general.id, 9, 1), watch.epoch)
    peer, again = await enter(school.ben, pid=told["pid"], offset=received)
    assert again["pid"] != told["pid"]
    epoch = told["pid"].partition(".")[0]
    await peer.emit("resume", {"after": {channel_of(school): 9}, "epoch": epoch})
    assert decode_offset(await offset(peer)) == Received()  # the store knows that it is 0
    assert await contents(peer, 1) == ["1"]
    name, marker = await peer.event()
    assert (name, marker["reset"], marker["epoch"]) == ("resumed", True, watch.epoch)
    await peer.emit("resume", {"after": {channel_of(school): 9}})
    assert decode_offset(await offset(peer)) == Received()  # the store knows that it is 0
    assert await contents(peer, 1) == ["1"]  # what it has may be of another log
    assert (await peer.event())[1]["reset"]
    await peer.socket.drop()
    peer, last = await enter(school.ben, pid=again["pid"], offset="")
    assert last == again
    assert await contents(peer, 1) == ["1"]


async def test_the_times_of_connections_that_leave_are_stored_in_few_statements(
    memory_store: Store,
) -> None:
    """However many leave at once. The recovery window runs from then; an outage shortens it."""
    touched: list[list[bytes]] = []
    fails = trio.Event()

    async def note(call: Any, keys: list[bytes]) -> None:
        touched.append(keys)
        if len(touched) == 1:
            await fails.wait()
            raise StoreUnavailable("away")
        await call(keys)

    touching = Interception("recoveries", "touch", note)
    async with open_world(touching.over(memory_store)) as world:
        ben = await world.person("ben")
        peers = [(await enter(ben))[0] for _ in range(5)]
        for peer in peers:
            await peer.socket.drop()
        await until_quiet()
        fails.set()
        await until_quiet()
        assert [len(keys) for keys in touched] == [1, 4]


async def test_a_recovered_connection_replaces_the_one_that_seems_alive(world: World) -> None:
    school = await open_school(world)
    stale, told = await enter(school.ben)
    await stale.ask("room:join", channel_of(school))
    peer, again = await enter(school.ben, pid=told["pid"])
    assert again == told
    await stale.socket.closed()
    await say(school, school.ann.user, "1")
    assert await contents(peer, 1) == ["1"]


async def test_messages_that_no_device_confirmed_are_sent_as_one_event(world: World) -> None:
    school = await open_school(world)
    peer, _ = await enter(school.ben)
    await say(school, school.ann.user, "1")
    listed = await peer.ask("messages:get", channel_of(school))
    await peer.ask("message:delivered", {"messageId": listed["messages"][0]["id"]})
    await peer.socket.drop()
    await say(school, school.ann.user, "2", "3")
    await say(school, school.ben.user, "by ben, elsewhere")
    peer, _ = await enter(school.ben)
    name, messages = await peer.event()
    assert name == "message:offline"
    assert [message["content"] for message in messages] == ["2", "3"]
    await offset(peer)
    await peer.ask("message:delivered", {"messageId": messages[-1]["id"]})
    again, _ = await enter(school.ben)
    await again.ask("room:join", channel_of(school))
    await say(school, school.ann.user, "4")
    assert await contents(again, 1) == ["4"]


async def test_messages_of_a_conversation_that_began_meanwhile_are_sent_at_the_recovery(
    world: World,
) -> None:
    ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
    peer, told = await enter(ben)
    await write(world, ann.user, ben.user, "live", "in a conversation that the client knows of")
    assert (await peer.event())[0] == "message:new"
    received = await offset(peer)
    await peer.socket.drop()
    await write(world, eve.user, ben.user, "meanwhile", "and more")
    peer, again = await enter(ben, pid=told["pid"], offset=received)
    assert again == told
    name, messages = await peer.event()
    assert name == "message:offline"
    assert [message["content"] for message in messages] == ["meanwhile", "and more"]
    assert await offset(peer) == f"o{from_uuid(IdKind.MESSAGE, messages[-1]['id'])}"
    await peer.ask("message:delivered", {"messageId": messages[-1]["id"]})
    await peer.socket.drop()
    peer, again = await enter(ben, pid=told["pid"], offset=received)
    assert again == told
    await peer.socket.is_silent()
    peer, _ = await enter(ben)
    name, messages = await peer.event()
    assert (name, [message["seq"] for message in messages]) == ("message:offline", [1, 2])
    await offset(peer)


async def test_a_recovered_client_gets_offline_messages_only_of_new_conversations(
    world: World,
) -> None:
    school = await open_school(world)
    zoe = await world.person("zoe")
    await write(world, zoe.user, school.ben.user, "before it came in")
    peer, told = await enter(school.ben)
    name, _ = await peer.event()
    assert name == "message:offline"
    await offset(peer)
    await write(world, school.ann.user, school.ben.user, "live")
    assert (await peer.event())[0] == "message:new"
    received = await offset(peer)
    for number in range(3):
        await peer.socket.drop()
        peer, again = await enter(school.ben, pid=told["pid"], offset=received)
        assert again == told
        await peer.ask("room:join", channel_of(school))
        await say(school, school.ann.user, str(number))
        name, message = await peer.event()
        assert (name, message["content"]) == ("message:new", str(number))
        received = await offset(peer)


async def test_a_message_that_arrives_while_unconfirmed_messages_are_read_is_sent_once(
    memory_store: Store,
) -> None:
    reading = Interception("lists", "undelivered")
    async with open_world(reading.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")

        async def write_first(call: Any, *args: Any, **kwargs: Any) -> Any:
            reading.way = None
            await write(world, ann.user, ben.user, "in both")
            return await call(*args, **kwargs)

        reading.way = write_first
        peer, _ = await enter(ben)
        name, messages = await peer.event()
        assert (name, len(messages)) == ("message:offline", 1)
        await offset(peer)
        await peer.socket.is_silent()


async def test_a_recovery_ends_if_the_missed_messages_cannot_be_read(memory_store: Store) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("away")

    reading = Interception("lists", "undelivered")
    async with open_world(reading.over(memory_store)) as world:
        ben = await world.person("ben")
        peer, told = await enter(ben)
        await peer.socket.drop()
        reading.way = away
        peer, again = await enter(ben, pid=told["pid"], offset="")
        assert again == told
        assert (await peer.event())[0] == "message:error"
        await peer.socket.closed()
        peer, _ = await enter(ben)
        assert (await peer.event())[0] == "message:error"
        await peer.socket.is_silent()


async def test_unconfirmed_messages_are_limited_to_what_the_connection_can_hold(
    world: World,
) -> None:
    school = await open_school(world)
    peer, _ = await enter(school.ben)
    await say(school, school.ann.user, "1")
    listed = await peer.ask("messages:get", channel_of(school))
    await peer.ask("message:delivered", {"messageId": listed["messages"][0]["id"]})
    await peer.socket.drop()
    await say(school, school.ann.user, *("\N{GRINNING FACE}" * 4_000 for _ in range(100)), "last")
    peer, _ = await enter(school.ben)
    name, messages = await peer.event()
    assert name == "message:offline"
    await offset(peer)
    assert 10 < len(messages) < 100
    assert messages[-1]["content"] == "last"
    listed = await peer.ask("messages:get", channel_of(school))
    assert listed["complete"] is False
    await peer.ask("room:join", channel_of(school))
    await say(school, school.ann.user, "live")
    assert await contents(peer, 1) == ["live"]
