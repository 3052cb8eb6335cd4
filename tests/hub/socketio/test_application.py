"""`message:*` on whole connections: admission, ends of tokens, rates, several connections."""

from datetime import timedelta

from trio.testing import MockClock

from persistence.interface import Store
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import channel_of, connect, enter, token_of
from tests.support.posting import post, say, write
from tests.support.school import open_school
from tests.support.stores.outage import Outage
from tests.support.world import World, open_world


async def test_a_message_reaches_joined_connections_but_not_the_one_that_sent_it(
    world: World,
) -> None:
    school = await open_school(world)
    channel = channel_of(school)
    anns, tab, bens = await enter(school.ann), await enter(school.ann), await enter(school.ben)
    for peer in (tab, bens):
        assert (await peer.ask("room:join", channel))["success"] is True
    message = {"content": "hi", "channelId": channel, "tempId": "t"}  # sending needs no joining
    first = await anns.ask("message:send", message)
    assert (await anns.event())[0] == "message:sent"
    for peer in (tab, bens):
        assert await peer.event() == ("message:new", first["data"])
    again = await anns.ask("message:send", message)
    assert again["id"] == first["id"]
    assert (await anns.event())[0] == "message:sent"
    other = await anns.ask("message:send", message | {"content": "other"})
    assert (other["success"], other["code"]) == (False, "key_conflict")
    name, refused = await anns.event()
    assert (name, refused["code"]) == ("message:error", "key_conflict")
    await anns.ask("room:join", channel)
    await anns.emit("message:send", message | {"tempId": "t2"})
    assert (await anns.event())[0] == "message:sent"
    for peer in (tab, bens):
        assert (await peer.event())[0] == "message:new"


async def test_the_first_private_message_reaches_connections_that_have_not_joined(
    world: World,
) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    anns, bens, joined = await enter(ann), await enter(ben), await enter(ben)
    dm = await world.store.channels.dm(ann.id, ben.id)
    channel = to_uuid(IdKind.CHANNEL, dm.id)
    await joined.ask("room:join", channel)
    sent = await anns.ask("message:send", {"content": "hi", "channelId": channel})
    assert (await anns.event())[0] == "message:sent"
    for peer in (bens, joined):
        assert await peer.event() == ("message:new", sent["data"])
    await write(world, ann.user, ben.user, "who wants more joins")
    assert (await joined.event())[0] == "message:new"
    for peer in (anns, bens):
        await peer.socket.is_silent()
    await bens.emit("resume", {"after": {channel: 1}})
    name, second = await bens.event()
    assert (name, second["seq"]) == ("message:new", 2)
    assert (await bens.event())[0] == "resumed"


async def test_a_first_private_message_of_another_dialect_arrives_too(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    bens = await enter(ben)
    await say(ann, ben, "hi")
    name, message = await bens.event()
    assert (name, message["content"], message["userId"]) == (
        "message:new",
        "hi",
        to_uuid(IdKind.USER, ann.id),
    )
    history = await bens.ask("messages:get", message["channelId"])
    assert [each["id"] for each in history["messages"]] == [message["id"]]


async def test_a_removed_member_gets_a_revocation_and_no_more_messages(
    world: World,
) -> None:
    school = await open_school(world)
    channel = channel_of(school)
    bens = await enter(school.ben)
    await bens.ask("room:join", channel)
    path = f"/api/workspaces/{school.workspace.id}/members/{school.ben.id}"
    assert (await school.tea.ask("DELETE", path)).status == 200
    name, payload = await bens.event()
    assert (name, payload["channelId"]) == ("channel:revoked", channel)
    denied = await bens.ask("message:send", {"content": "x", "channelId": channel})
    assert (denied["success"], denied["error"]) == (False, "Unauthorized")
    name, refused = await bens.event()
    assert (name, refused["code"]) == ("message:error", "not_a_member")
    await post(world, school.ann.user, school.general, "secret")
    await bens.socket.is_silent()


async def test_a_user_may_send_ten_messages_a_second_over_all_connections(
    timed_world: World,
) -> None:
    school = await open_school(timed_world)
    peers = [await enter(school.ann), await enter(school.ann)]
    message = {"content": "x", "channelId": channel_of(school)}
    answers = [await peers[n % 2].ask("message:send", message) for n in range(12)]
    assert [answer["success"] for answer in answers] == [True] * 10 + [False] * 2
    assert answers[-1]["error"] == "Too many messages, please slow down."
    assert answers[-1]["code"] == "rate_limited"
    for peer in peers:
        names = [(await peer.event())[0] for _ in range(6)]
        assert names == ["message:sent"] * 5 + ["message:error"]


async def test_rendered_content_is_sent_with_the_content_if_it_is_switched_on(
    store: Store,
) -> None:
    async with open_world(store, rendered_content="yes") as world:
        school = await open_school(world)
        peer = (await enter(school.ann)).ignoring("message:sent")
        text = "**hi** <script>alert(1)</script>"
        sent = await peer.ask("message:send", {"content": text, "channelId": channel_of(school)})
        listed = await peer.ask("messages:get", channel_of(school))
        headers = {"Authorization": f"Bearer {token_of(school.ann)}"}
        page = await world.call("GET", f"/api/messages/channel/{channel_of(school)}", None, headers)
        for message in (sent, listed["messages"][0], page.json["messages"][0]):
            assert message["content"] == text
            assert message["renderedContent"] == "<p><strong>hi</strong> </p>\n"


async def test_a_parent_must_be_in_the_same_channel(world: World) -> None:
    school = await open_school(world)
    peer = (await enter(school.ann)).ignoring("message:sent", "message:error")
    dm = to_uuid(IdKind.CHANNEL, school.dm.id)
    elsewhere = (await peer.ask("message:send", {"content": "x", "channelId": dm}))["id"]
    reply = {"content": "re", "channelId": channel_of(school), "parentId": elsewhere}
    assert (await peer.ask("message:send", reply))["error"] == "Invalid message format"


async def test_a_connection_ends_with_its_token_unless_a_new_one_comes(
    timed_world: World, mock_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    short = timedelta(seconds=20)  # before the first ping
    ending, kept, foreign = [await enter(ann, short) for _ in range(3)]
    assert await kept.ask("auth:refresh", {"token": token_of(ann)}) == {"success": True}
    refused = {"success": False, "error": "Unauthorized"}
    assert await foreign.ask("auth:refresh", {"token": token_of(ben)}) == refused
    assert await foreign.ask("auth:refresh", {"token": "nonsense"}) == refused
    mock_clock.jump(short.total_seconds())
    for peer in (ending, foreign):
        name, payload = await peer.event()
        assert (name, payload["error"]) == ("message:error", "Unauthorized")
        assert await peer.packet() == "1"
        assert (await peer.socket.closed()).code == 4001
    kept.ignoring("message:error")
    assert (await kept.ask("message:dance", {}))["code"] == "unknown_type"


async def test_peers_without_a_valid_token_are_refused(world: World) -> None:
    ann = await world.person("ann")
    for auth in (
        None,
        {},
        {"token": 5},
        {"token": token_of(ann, timedelta(seconds=-1))},
        {"token": token_of(ann), "userId": to_uuid(IdKind.USER, 987)},
    ):
        peer = await connect(world, auth)
        assert await peer.packet() == '4{"message":"Unauthorized"}'
    peer = await connect(world, {"token": f"Bearer {token_of(ann)}", "userId": str(ann.id)})
    assert (await peer.packet()).startswith("0")


async def test_a_peer_that_cannot_be_looked_up_may_reconnect(memory_store: Store) -> None:
    """A stock client reconnects when its connection ends, but not when it is refused."""
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.person("ann")
        auth = {"token": token_of(ann)}
        outage.begin()
        peer = await connect(world, auth)
        assert (await peer.socket.closed()).code == 1013
        outage.end()
        peer = await connect(world, auth)
        assert (await peer.packet()).startswith("0")
        outage.begin()
        refused = await peer.ask("auth:refresh", {"token": token_of(ann)})
        assert (refused["success"], refused["code"]) == (False, "unavailable")
        outage.end()
        assert await peer.ask("auth:refresh", {"token": token_of(ann)}) == {"success": True}


async def test_a_user_with_a_connection_of_socketio_is_online(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await world.store.relations.request_follow(ann.id, ben.id)
    bens = await ben.open()
    peer = await enter(ann)
    assert (await bens.receive())["is_online"] is True
    await peer.socket.send_text("41")
    assert (await bens.receive())["is_online"] is False
