"""Users who are connected to several nodes see the same of each other as at one node."""

import json
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, product

import pytest
import trio
from trio.testing import MockClock

from hub.actor.letters import Delivery, ToEveryone
from hub.cluster.bulletins import Heading, Present
from hub.cluster.publishing import SPENT_SECONDS
from hub.limits.quotas import Kind
from persistence.bus.memory import Medium, Weather
from protocol.events import Announced, PrivateMessagesRead
from protocol.model import UserId
from tests.support.clients.websocket import WebSocket
from tests.support.cluster.presence import ONLINE, related, shown, status, watched
from tests.support.cluster.worlds import OneNode, open_nodes
from tests.support.posting import post, private_message, say
from tests.support.quiet import until_quiet
from tests.support.school import School, on_gateway, open_school
from tests.support.world import Person

PATHS = ("/ws", "/ws/chat", "/messagepal", "/gateway")
CHANGING = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)|\"epoch\":\"\w+\"")


async def comes(person: Person, path: str, school: School) -> WebSocket:
    """A connection that has joined all that its dialect can join."""
    socket = await person.connect(path)
    if path == "/gateway":
        await socket.send({"op": "IDENTIFY", "d": {"userId": person.id}})
    if path == "/ws/chat":
        for channel in (school.general, school.dm):
            await socket.send({"type": "join_channel", "channelId": channel.id})
    return socket


def acts(path: str, to: Person, school: School) -> Sequence[object]:
    """The frames with which a user types and sends, if the dialect has such frames."""
    match path:
        case "/ws":
            typing = {"type": "typing_indicator", "recipient_id": to.id}
            return (
                {**typing, "is_typing": True},
                {**typing, "is_typing": False},
                {**typing, "is_typing": True},
                private_message(to),
            )
        case "/messagepal":
            return (
                {"type": "typing", "recipientId": to.id},
                {"type": "send_message", "recipientId": to.id, "content": "hi"},
            )
        case "/ws/chat":
            channels = (school.general.id, school.dm.id)
            return [
                {"type": kind, "channelId": channel, **content}
                for channel, (kind, content) in product(
                    channels, [("typing", {}), ("send_message", {"content": "hi"})]
                )
            ]
        case _:
            return ()


async def seen(
    autojump_clock: MockClock, ann_at: OneNode, ben_at: OneNode, paths: tuple[str, str]
) -> list[list[str]]:
    """The frames that each of two users gets, step by step."""
    school = await open_school(ann_at.world)
    ann, ben = school.ann, ben_at.at(school.ben)
    sockets: list[WebSocket] = []
    steps: list[list[str]] = []

    async def look() -> None:
        for socket in sockets:
            frames = [CHANGING.sub("*", str(each)) for each in await socket.everything()]
            steps.append(sorted(frames))

    for person, path in ((ann, paths[0]), (ben, paths[1])):
        sockets.append(await comes(person, path, school))
        await look()
    for frame in acts(paths[0], ben, school):
        await sockets[0].send(frame)
        await look()
    messages = await ann.call("POST", f"/private_messages/api/messages/{ben.id}", {"content": "x"})
    await look()
    message_id = messages.json["id"]
    for method, path, body in (
        ("PUT", f"/private_messages/api/messages/{ann.id}/read", None),
        ("POST", f"/learning_platform/api/messages/{message_id}/read", None),
        ("PUT", f"/private_messages/api/messages/{ann.id}/mute", {"until": None}),
    ):
        await ben.call(method, path, body)
        await look()
    channel = {"name": "made", "workspaceId": school.workspace.id}
    await ben_at.at(school.tea).ask("POST", "/learning_platform/api/channels", channel)
    await look()
    await sockets[0].drop()
    await trio.sleep(6)
    sockets = sockets[1:]
    await look()
    return steps


@pytest.mark.parametrize("paths", list(product(PATHS, PATHS)))
async def test_users_at_two_nodes_see_the_same_as_at_one_node(
    autojump_clock: MockClock, paths: tuple[str, str]
) -> None:
    async with open_nodes(2) as (one, _):
        expected = await seen(autojump_clock, one, one, paths)
    async with open_nodes(2) as (one, other):
        found = await seen(autojump_clock, one, other, paths)
    assert found == expected
    assert sum(map(len, found)) > 3


async def test_presence_reaches_other_nodes_and_is_announced_once(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(3) as (a, b, c):
        ann, ben = await related(a.world)
        bens, other = await b.at(ben).open(), await c.at(ben).open()
        anns = await shown(ann, bens, other)
        await anns.close_in_silence()
        left = trio.current_time()
        assert await bens.receive() == await other.receive() == status(ann, is_online=False)
        assert trio.current_time() - left == 5.0
        await trio.sleep(30)
        await bens.is_silent()
        await other.is_silent()


async def test_a_new_connection_gets_the_presence_of_users_at_other_nodes(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        ann, ben = await related(a.world)
        (await ann.open()).ignoring(ONLINE)
        bens = await b.at(ben).connect("/ws")
        await bens.receive_type("system")
        assert await bens.receive() == status(ann, is_online=True)
        shown = (await b.at(ben).call("GET", "/private_messages/api/users/online")).json
        assert [each["id"] for each in shown] == [ann.id]


async def test_a_user_who_leaves_one_of_two_nodes_stays_online(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        ann, _, first, bens = await watched(b, a)
        second = (await b.at(ann).open()).ignoring(ONLINE)
        await first.close_in_silence()
        await trio.sleep(30)
        await bens.is_silent()
        await second.close_in_silence()
        assert await bens.receive() == status(ann, is_online=False)


async def test_a_user_who_changes_nodes_within_the_grace_period_stays_online(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        ann, _, anns, bens = await watched(b, a)
        for node in (b, a, b):
            await anns.close_in_silence()
            await trio.sleep(4)
            anns = (await node.at(ann).open()).ignoring(ONLINE)
        await trio.sleep(30)
        await bens.is_silent()


async def read(views: Sequence[WebSocket], shown: Sequence[dict[int, bool]]) -> None:
    """Note in `shown` the presence events that have arrived."""
    for view, last in zip(views, shown, strict=True):
        for text in await view.everything():
            frame = json.loads(text)
            last[frame["user_id"]] = frame["is_online"]


async def test_presence_is_correct_in_the_end_although_bulletins_are_lost(
    autojump_clock: MockClock,
) -> None:
    dice = random.Random(7)
    medium = Medium(Weather(dice))
    async with open_nodes(3, medium) as nodes:
        world = nodes[0].world
        people = await world.people("ann", "ben", "eve", "kim")
        watch = await world.person("tea")
        for person in people:
            await world.store.relations.request_follow(person.id, watch.id)
        views = [await node.at(watch).open() for node in nodes]
        medium.weather = Weather(dice, lost=0.2, repeated=0.3, overtaken=0.3, slowest=0.5)
        connected: dict[int, list[WebSocket]] = {person.id: [] for person in people}
        shown: list[dict[int, bool]] = [{} for _ in nodes]
        for _ in range(40):
            person = dice.choice(people)
            theirs = connected[person.id]
            if theirs and dice.random() < 0.5:
                await theirs.pop().drop(besides={ONLINE})
            elif len(theirs) < 3:
                at = dice.choice(nodes).at(person)
                theirs.append((await at.open()).ignoring(ONLINE))
            await trio.sleep(dice.uniform(0, 4))
            await read(views, shown)
            for socket in chain(*connected.values()):
                await socket.past(ONLINE)
        medium.weather = Weather(dice)
        for _ in range(8):
            await trio.sleep(3)
            await read(views, shown)
            for socket in chain(*connected.values()):
                await socket.past(ONLINE)
        online = {person.id for person in people if connected[person.id]}
        for node, last in zip(nodes, shown, strict=True):
            assert {user_id for user_id, is_on in last.items() if is_on} == online
            assert node.world.services.presence.online() == online | {watch.id}


async def test_typing_ends_a_second_late_if_its_end_is_lost(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        ann, ben = await a.world.people("ann", "ben")
        anns, bens = await ann.open(), await b.at(ben).open()
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        assert (await bens.receive())["is_typing"] is True
        began = trio.current_time()
        a.bus.is_mute = True
        assert (await bens.receive())["is_typing"] is False
        assert trio.current_time() - began == 4.0
        a.bus.is_mute = False
        await trio.sleep(10)
        await bens.is_silent()


async def test_typing_ends_with_its_node(autojump_clock: MockClock) -> None:
    async with open_nodes(2, typing_expiry=60.0) as (a, b):
        school = await open_school(a.world)
        theirs = (await school.join(school.ann)).ignoring("user_presence")
        bens = await b.at(school.ben).open("/ws/chat")
        await bens.send({"type": "join_channel", "channelId": school.general.id})
        await bens.receive_type("joined_channel")
        bens.ignoring("user_presence")
        await theirs.send({"type": "typing", "channelId": school.general.id})
        await bens.receive_type("user_typing")
        a.die()
        died = trio.current_time()
        await bens.receive_type("user_stop_typing")
        assert trio.current_time() - died < 10.0  # its lease has ended


async def test_a_new_member_who_is_announced_at_another_node_gets_messages_there(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        school = await open_school(a.world)
        gateway = await on_gateway(b.at(school.eve))
        others = (await on_gateway(b.at(school.ben))).ignoring("PRESENCE_UPDATE")
        gateway.ignoring("PRESENCE_UPDATE")
        members = f"/learning_platform/api/workspaces/{school.workspace.id}/members"
        reply = await school.tea.ask("POST", members, {"userId": school.eve.id})
        assert reply.status in {200, 201}, reply.text
        for socket in (gateway, others):
            await socket.receive_type("GUILD_MEMBER_ADD")
        await post(a.world, school.ann.user, school.general, "welcome")
        for socket in (gateway, others):
            await socket.receive_type("MESSAGE_CREATE")
            await socket.is_silent(besides={"CHANNEL_CREATE"})


async def test_a_session_that_ends_at_one_node_ends_its_connections_at_the_others(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        (ann,) = await a.world.people("ann")
        anns = await b.at(ann).open()
        asked = trio.current_time()
        await ann.call("POST", "/private_messages/api/auth/logout")
        assert (await anns.closed()).code == 4001
        assert trio.current_time() - asked < 1.0


async def test_a_limit_per_second_is_split_between_the_nodes_of_the_user(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2, user_messages_per_second=10) as (a, b):
        (ann,) = await a.world.people("ann")
        quota = a.world.services.quotas.of(ann.id)
        assert quota.left(Kind.MESSAGES, trio.current_time()) == 10
        anns = (await b.at(ann).open()).ignoring(ONLINE)
        assert quota.left(Kind.MESSAGES, trio.current_time()) == 5
        await anns.close_in_silence()
        await until_quiet()
        assert quota.left(Kind.MESSAGES, trio.current_time()) == 10


async def test_a_limit_per_minute_counts_the_requests_at_all_nodes_together(
    autojump_clock: MockClock,
) -> None:
    """Although the user is not connected to any node."""
    async with open_nodes(2, user_searches_per_minute=4) as (a, b):
        (ann,) = await a.world.people("ann")
        nodes = [ann, b.at(ann)]
        search = "/api/messages/search?q=hello"
        for at in (0, 1, 0, 1):
            assert (await nodes[at].call("GET", search)).status == 200
            await trio.sleep(2 * SPENT_SECONDS)
        for person in nodes:
            refused = await person.call("GET", search)
            assert refused.status == 429
            assert 58 <= int(refused.headers["retry-after"]) <= 60
            limits = (await person.call("GET", "/api/users/me/limits")).json
            assert [each["left"] for each in limits if each["kind"] == "searches"] == [0]
        await trio.sleep(60)
        assert (await nodes[1].call("GET", search)).status == 200


async def test_an_announcement_reaches_the_clients_of_other_nodes(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        (ann,) = await a.world.people("ann")
        anns = await b.at(ann).open()
        said = Announced("soon", datetime.now(UTC))
        await a.world.services.announcer.announce([Delivery(said, ToEveryone(frozenset()))])
        await anns.receive_type("announcement")


async def test_a_snapshot_takes_effect_once_all_its_parts_have_arrived(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(1) as (node,):
        company, presence = node.world.services.from_elsewhere, node.world.services.presence
        heading, ann, ben = Heading("z", "1", 1), UserId(1), UserId(2)
        company.present(heading, Present((ann,), 1, 1))
        assert presence.online() == {ann}
        company.present(heading, Present((ben,), 2, 2))
        assert presence.online() == {ann}
        company.present(heading, Present((ann,), 3, 2))  # the rest of the previous one was lost
        company.present(heading, Present((ben,), 3, 2))
        assert presence.online() == {ann, ben}


async def test_a_late_receipt_does_not_move_the_watermark_back(autojump_clock: MockClock) -> None:
    async with open_nodes(1) as (b,):
        ann, ben = await b.world.people("ann", "ben")
        receipts = b.world.services.commands.receipts
        read = [
            PrivateMessagesRead(ben.id, ann.id, seq, (), datetime.now(UTC)) for seq in (2, 5, 3)
        ]
        shown = list(map(receipts.forward, read))
        assert [each.seq for each in shown if isinstance(each, PrivateMessagesRead)] == [2, 5, 5]


@pytest.mark.parametrize("afterwards", ["another follows", "silence"])
async def test_a_receipt_that_was_lost_is_repeated_once(
    autojump_clock: MockClock, afterwards: str
) -> None:
    medium = Medium()
    async with open_nodes(3, medium) as (a, b, c):
        ben, ann = await a.world.people("ben", "ann")
        await a.world.store.relations.request_follow(ben.id, ann.id)
        for text in ("one", "two", "three"):
            await say(ann, ben, text)
        anns = [(await node.at(ann).open()).ignoring(ONLINE) for node in (b, c)]
        b.bus.is_deaf = True
        await ben.call("PUT", f"/private_messages/api/messages/{ann.id}/read?up_to_seq=1")
        await until_quiet()
        b.bus.is_deaf = False
        if afterwards == "another follows":
            await ben.call("PUT", f"/private_messages/api/messages/{ann.id}/read?up_to_seq=3")
        await trio.sleep(4)
        for socket in anns:
            seqs = [json.loads(each)["seq"] for each in await socket.everything()]
            assert max(seqs) == (3 if afterwards == "another follows" else 1)
            assert len(seqs) == (2 if afterwards == "another follows" else 1)
