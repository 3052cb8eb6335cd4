"""One user cannot crowd out the others, with any number of connections."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.limits.quotas import MAX_SENDS_IN_FLIGHT, RETRY_CONNECTING, Allowance, Kind, Quotas
from persistence.interface import Store
from protocol.model import UserId
from tests.support.clients.http import Reply
from tests.support.clients.socketio import connect, enter, token_of
from tests.support.clients.websocket import Refused
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.held import Held
from tests.support.world import Person, open_world


async def test_the_message_rate_is_per_user_over_all_sockets_dialects_and_requests(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store, user_messages_per_second=4) as world:
        school = await open_school(world)
        ann, ben = school.ann, school.ben
        one, other = await ann.open(), await ann.open()
        chat = await school.join(ann)
        frame = {"type": "private_message", "recipient_id": ben.id, "content": "x"}
        for sending in (one, other):
            await sending.send(frame)
            for socket in (one, other):
                await socket.receive_type("private_message")
        send = {"type": "send_message", "channelId": school.general.id, "content": "x"}
        await chat.send(send)
        await chat.receive_type("new_message")
        path = f"/private_messages/api/messages/{ben.id}"
        assert (await ann.call("POST", path, {"content": "x"})).status == 201
        refused = await ann.call("POST", path, {"content": "x"})
        assert (refused.status, refused.json["code"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
        await chat.send(send)
        assert (await chat.receive_type("error"))["code"] == "rate_limited"
        for socket in (one, other):
            await socket.receive_type("private_message")  # the one over REST
            await socket.is_silent()
        await one.send(frame | {"client_id": "k"})
        error = await one.receive_type("error")
        assert (error["code"], error["client_id"]) == ("rate_limited", "k")
        back = f"/private_messages/api/messages/{ann.id}"
        assert (await ben.call("POST", back, {"content": "x"})).status == 201  # not ben's rate
        await trio.sleep(1.1)
        assert (await ann.call("POST", path, {"content": "x"})).status == 201
        for socket in (one, other):
            senders = [(await socket.receive_type("private_message"))["sender_id"] for _ in "12"]
            assert senders == [ben.id, ann.id]


async def test_typing_has_a_rate_of_its_own(memory_store: Store, autojump_clock: MockClock) -> None:
    """Typing beyond it is dropped in every dialect; messages are still sent."""
    async with open_world(memory_store, user_typing_per_second=3) as world:
        school = await open_school(world)
        ann, ben = school.ann, school.ben
        one, other, bens = await ann.open(), await ann.open(), await ben.open()
        chat, bens_chat = await school.join(ann), await school.join(ben)
        await chat.receive_type("user_presence")
        typing = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
        for socket in (one, other):
            await socket.receive_type("user_online_status")
            await socket.send(typing)
            assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
        await chat.send({"type": "typing", "channelId": school.general.id})
        await bens_chat.receive_type("user_typing")
        bens_chat.ignoring("user_stop_typing")
        for _ in range(50):
            await one.send(typing)
            await chat.send({"type": "typing", "channelId": school.general.id})
        await chat.send({"type": "send_message", "channelId": school.general.id, "content": "done"})
        for socket in (chat, bens_chat):
            await socket.receive_type("new_message")
        await one.send({"type": "private_message", "recipient_id": ben.id, "content": "done"})
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is False
        for socket in (one, other, bens):
            await socket.receive_type("private_message")
        await trio.sleep(1.1)
        await one.send(typing)
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is True


async def test_a_hundred_pasted_lines_pass(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.people("ann", "ben")
        socket = await ann.open()
        for number in range(100):
            line = {"type": "private_message", "recipient_id": ben.id, "content": str(number)}
            await socket.send(line)
        for number in range(100):
            message = (await socket.receive_type("private_message"))["message"]
            assert message["content"] == str(number)


async def test_the_limits_of_revisions_and_reactions_are_settings(memory_store: Store) -> None:
    async with open_world(
        memory_store, user_revisions_per_minute=7, user_reactions_per_minute=8
    ) as world:
        found = {each["kind"]: each for each in await limits_of(await world.person("ann"))}
        limits = [
            (found[kind]["limit"], found[kind]["seconds"]) for kind in ("revisions", "reactions")
        ]
        assert limits == [(7, 60), (8, 60)]


def test_the_documentation_names_every_kind_that_is_counted() -> None:
    page = Path("docs/dialects/README.md").read_text()
    _, _, named = page.partition("`GET /api/users/me/limits` says what is counted")
    kinds = re.findall(r"`([a-z_]+)`", named.partition("Kinds are ")[2].partition("there may")[0])
    assert sorted(kinds) == sorted(Kind)


async def test_the_connections_of_a_user_are_limited_over_all_dialects(memory_store: Store) -> None:
    async with open_world(memory_store, user_connections=3) as world:
        ann, ben = await world.people("ann", "ben")
        sockets = [await ann.open(), await ann.open("/ws/chat")]
        peer = await enter(ann)
        for path in ("/ws", "/ws/chat", "/messagepal", "/gateway"):
            with pytest.raises(Refused) as refused:
                await ann.connect(path)
            assert refused.value.status == 429
            assert f"Retry-After: {RETRY_CONNECTING}\r\n" in refused.value.head
        late = await connect(world, {"token": token_of(ann)})
        error = json.loads((await late.packet()).removeprefix("4"))
        assert error["data"]["code"] == "rate_limited"
        assert error["message"] == "You have too many connections"
        left = {each["kind"]: each["left"] for each in await limits_of(ann)}
        assert left["connections"] == 0
        await ben.open()  # not ben's limit
        await peer.socket.drop()
        await until_quiet()
        await ann.open("/messagepal")
        await sockets[0].drop()
        await until_quiet()
        await enter(ann)


async def test_a_refused_connection_takes_no_place(memory_store: Store) -> None:
    async with open_world(memory_store, user_connections=1) as world:
        ann = await world.person("ann")
        quota = world.services.quotas.of(ann.id)
        while quota.take(Kind.RECOVERIES, trio.current_time()):
            pass
        peer = await connect(world, {"token": token_of(ann)})
        error = json.loads((await peer.packet()).removeprefix("4"))
        assert error["data"]["code"] == "rate_limited"
        assert 0 < error["data"]["retryAfter"] <= 60
        await ann.open()


@pytest.mark.parametrize(
    ("kind", "call", "body"),
    [
        (Kind.WORKSPACES, "POST /api/workspaces", {"name": "Mine"}),
        (Kind.CHANNELS, "POST /api/channels", {"name": "more", "workspaceId": 1}),
        (Kind.CHANNELS, "POST /api/workspaces/{workspace}/channels", {"name": "more"}),
        (Kind.CONVERSATIONS, "POST /api/channels/dm", {"userIds": ["{tea}", "{eve}"]}),
        (Kind.INVITATIONS, "POST /api/workspaces/{workspace}/members", {"userId": "{eve}"}),
        (Kind.INVITATIONS, "POST /api/workspaces/{workspace}/links", {}),
        (Kind.INVITATIONS, "POST /api/invitations/abc", None),
        (Kind.SEARCHES, "GET /api/channels/query/x", None),
        (Kind.SEARCHES, "GET /channel_messages/api/channels", None),
        (Kind.UPLOADS, "POST /api/upload", None),
        (Kind.PINS, "POST /api/channels/{general}/pin/1", None),
        (Kind.PINS, "DELETE /api/channels/{general}/pin/1", None),
        (Kind.REVISIONS, "PATCH /learning_platform/api/messages/1", {"content": "x"}),
        (Kind.REVISIONS, "DELETE /learning_platform/api/messages/1", None),
        (Kind.REACTIONS, "PUT /learning_platform/api/messages/1/reactions/%F0%9F%91%8D", None),
        (Kind.REACTIONS, "DELETE /learning_platform/api/messages/1/reactions/%F0%9F%91%8D", None),
        (Kind.RELATIONS, "POST /private_messages/api/users/{eve}/follow", None),
        (Kind.RELATIONS, "DELETE /private_messages/api/users/{eve}/follow", None),
        (Kind.RELATIONS, "POST /private_messages/api/users/{eve}/block", None),
        (Kind.RELATIONS, "DELETE /private_messages/api/users/{eve}/block", None),
        (Kind.ADDRESSES, "PUT /private_messages/api/users/me/email", {}),
        (Kind.QUESTIONS, "POST /api/ai-chat", {"messages": []}),
        (Kind.QUESTIONS_A_DAY, "POST /api/ai-chat", {"messages": []}),
    ],
)
async def test_calls_beyond_the_allowance_are_refused_and_only_to_that_user(
    memory_store: Store, mock_clock: MockClock, kind: Kind, call: str, body: object
) -> None:
    async with open_world(memory_store) as world:
        school = await open_school(world)
        names = {
            "workspace": school.workspace.id, "general": school.general.id,
            "tea": school.tea.id, "eve": school.eve.id,
        }  # fmt: skip
        method, path = call.split()
        path = path.format_map(names)
        if isinstance(body, dict) and "userIds" in body:
            body = {"userIds": [school.tea.id, school.eve.id]}
        if isinstance(body, dict) and "userId" in body:
            body = {"userId": school.eve.id}
        bearer = {"Authorization": f"Bearer {token_of(school.tea)}"}

        async def ask(person: Person) -> Reply:
            if "channel_messages" in path:
                return await world.call(method, path, body, bearer)
            if "private_messages" in path:
                return await person.call(method, path, body)
            return await person.ask(method, path, body)

        quota = world.services.quotas.of(school.tea.id)
        assert (await ask(school.tea)).status != 429
        while quota.take(kind, trio.current_time()):
            pass
        if kind is Kind.CONVERSATIONS:
            assert (await ask(school.tea)).status == 200  # that conversation exists already
            body = {"userIds": [school.tea.id, school.ann.id]}
        refused = await ask(school.tea)
        assert (refused.status, refused.json["code"]) == (429, "rate_limited")
        wait = int(refused.headers["retry-after"])
        assert wait > 0
        if "channel_messages" not in path:
            assert (await ask(school.ben)).status != 429
        mock_clock.jump(wait + 1)
        assert (await ask(school.tea)).status != 429


async def test_users_see_their_own_limits(memory_store: Store) -> None:
    async with open_world(memory_store, user_messages_per_second=7) as world:
        ann, ben = await world.people("ann", "ben")
        before = await limits_of(ann)
        assert [each["kind"] for each in before] == list(Kind)
        assert all(each["left"] == each["limit"] for each in before)
        by_kind = {each["kind"]: each for each in before}
        assert by_kind["messages"] == {"kind": "messages", "limit": 7, "seconds": 1, "left": 7}
        assert by_kind["connections"]["seconds"] is None
        path = f"/private_messages/api/users/{ben.id}/follow"
        assert (await ann.call("POST", path)).status == 200
        await ann.open()
        after = {each["kind"]: each["left"] for each in await limits_of(ann)}
        assert after["relations"] == by_kind["relations"]["limit"] - 1
        assert after["connections"] == by_kind["connections"]["limit"] - 1
        assert all(each["left"] == each["limit"] for each in await limits_of(ben))


async def limits_of(person: Person) -> Any:
    return (await person.call("GET", "/private_messages/api/users/me/limits")).json


async def test_a_flood_from_many_connections_does_not_delay_others(memory_store: Store) -> None:
    log = Held(memory_store.messages, ("post",))
    held = evolve(memory_store, messages=log)
    async with open_world(held, db_lanes=1, user_messages_per_second=1_000) as world:
        ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
        flood = {"type": "private_message", "recipient_id": ben.id, "content": "x"}
        anns = [await ann.open() for _ in range(5)]
        for socket in anns:
            socket.ignoring("private_message")
            for _ in range(100):
                await socket.send(flood)
        eves = await eve.open()
        await eves.send(flood)
        await until_quiet()
        quotas = world.services.quotas
        assert quotas.of(ann.id).in_flight == MAX_SENDS_IN_FLIGHT
        assert quotas.of(eve.id).in_flight == 1
        log.go_on.set()
        await eves.receive_type("private_message")


async def test_a_place_that_is_released_twice_comes_back_once() -> None:
    quota = Quotas({Kind.MESSAGES: Allowance(1, 1)}).of(UserId(1))
    with await quota.place() as place:
        other = await quota.place()
        place.release()
        place.release()
    assert quota.in_flight == 1
    other.release()
    assert quota.in_flight == 0


async def test_a_place_comes_back_when_its_work_fails_or_is_cancelled() -> None:
    quota = Quotas({Kind.MESSAGES: Allowance(1, 1)}).of(UserId(1))
    with pytest.raises(KeyError), await quota.place():
        raise KeyError
    with trio.CancelScope() as scope, await quota.place():
        scope.cancel()
        await trio.sleep_forever()
    assert quota.in_flight == 0


async def test_the_next_place_is_waited_for_and_a_cancelled_wait_takes_none() -> None:
    quota = Quotas({Kind.MESSAGES: Allowance(1, 1)}).of(UserId(1))
    places = [await quota.place() for _ in range(MAX_SENDS_IN_FLIGHT)]
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(quota.place)
            await wait_all_tasks_blocked()
            scope.cancel()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(quota.place)
        await wait_all_tasks_blocked()
        assert quota.in_flight == MAX_SENDS_IN_FLIGHT
        places.pop().release()
    assert quota.in_flight == MAX_SENDS_IN_FLIGHT  # the task that waited has it
    for place in places:
        place.release()
    assert quota.in_flight == 1


@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_a_wait_cancelled_while_a_place_comes_back_loses_none(cancelled_first: bool) -> None:
    """Both happen before the waiter runs: it has the place, or the place is free."""
    quota = Quotas({Kind.MESSAGES: Allowance(1, 1)}).of(UserId(1))
    places = [await quota.place() for _ in range(MAX_SENDS_IN_FLIGHT)]

    async def wait() -> None:
        places.append(await quota.place())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        steps = [nursery.cancel_scope.cancel, places.pop().release]
        for step in steps if cancelled_first else reversed(steps):
            step()
    assert len(places) == quota.in_flight == MAX_SENDS_IN_FLIGHT - cancelled_first
    for place in places:
        place.release()
    assert quota.in_flight == 0


async def test_each_user_has_a_quota_that_is_remembered() -> None:
    quotas = Quotas({Kind.MESSAGES: Allowance(1, 1)})
    assert quotas.of(UserId(1)).take(Kind.MESSAGES, 0.0)
    assert not quotas.of(UserId(1)).take(Kind.MESSAGES, 0.0)
    assert quotas.of(UserId(2)).take(Kind.MESSAGES, 0.0)


def test_only_limits_for_less_than_a_minute_are_divided_by_the_nodes_of_a_user() -> None:
    limits = {Kind.MESSAGES: Allowance(4, 1), Kind.SEARCHES: Allowance(4, 60)}
    quota = Quotas(limits, nodes_of=lambda _: 2).of(UserId(1))
    assert quota.left(Kind.MESSAGES, 0.0) == 2
    assert quota.left(Kind.SEARCHES, 0.0) == 4


def test_the_burst_of_a_user_is_not_spent_at_once() -> None:
    pace = Quotas(frames_per_second=200).of(UserId(1)).pace
    assert pace.take(200, 100.0) <= 100.0
    assert pace.take(200, 100.0) == pytest.approx(100.1)
