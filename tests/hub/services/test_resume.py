"""A resume in every dialect: all missed messages, once and in order, and then live ones."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import hub.services.resume
import protocol.bounds
from persistence.interface import Store
from persistence.records import Draft
from protocol.dialects.messenger.conversations import conversation_id
from tests.support.clients.websocket import WebSocket, kind_of_frame
from tests.support.posting import post, write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.intercept import Held, Interception, Late
from tests.support.stores.records import dms
from tests.support.world import GREETINGS, RESUMES, World, open_world


async def until_resumed(socket: WebSocket) -> tuple[list[int], Mapping[str, Any]]:
    """The seqs of the messages that come, and the marker after them."""
    seqs: list[int] = []
    while True:
        frame = await socket.receive()
        if frame["type"] == "resumed":
            return seqs, frame
        seqs.append(frame["message"]["seq"])


async def test_a_resume_sends_the_missed_messages_and_then_live_ones(world: World) -> None:
    ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
    await write(world, ann.user, ben.user, "1", "2", "3")
    await write(world, eve.user, ben.user, "a", "b")
    socket = await ben.open()
    await socket.send({"type": "resume", "after": {str(ann.id): 1}})
    frames = [await socket.receive_type("private_message") for _ in range(4)]
    told = [(frame["sender_id"], frame["message"]["content"]) for frame in frames]
    assert told == [(ann.id, "2"), (ann.id, "3"), (eve.id, "a"), (eve.id, "b")]
    marker = await socket.receive_type("resumed")
    after = {str(ann.id): 3, str(eve.id): 2}
    assert marker == {
        "type": "resumed",
        "complete": True,
        "after": after,
        "epoch": world.services.log_watch.epoch,
    }
    await write(world, ann.user, ben.user, "4")
    assert (await socket.receive_type("private_message"))["message"]["seq"] == 4


async def test_a_marker_with_too_many_positions_keeps_the_one_that_moved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol.bounds, "MAX_POSITIONS", 2)
    monkeypatch.setattr(hub.services.resume, "MAX_POSITIONS", 2)
    ann, *others = [await world.person(name) for name in ("ann", "ben", "eve", "ida")]
    for other in others:
        await write(world, other.user, ann.user, "1")
    socket = await ann.open()
    known = {str(other.id): 1 for other in others}
    await socket.send({"type": "resume", "after": {**known, str(others[2].id): 0}})
    seqs, marker = await until_resumed(socket)
    assert (seqs, marker["complete"], len(marker["after"])) == ([1], False, 2)
    assert marker["after"][str(others[2].id)] == 1


@pytest.mark.parametrize(
    ("bound", "value", "steps"),
    [("MAX_CHANNELS", 2, [2, 2, 1]), ("MAX_MESSAGES", 3, [3, 2])],
)
async def test_messages_beyond_the_limit_of_a_resume_are_sent_by_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch, bound: str, value: int, steps: list[int]
) -> None:
    monkeypatch.setattr(hub.services.resume, bound, value)
    ann, *others = [await world.person(name) for name in ("ann", "b", "c", "d", "e", "f")]
    for other in others:
        await write(world, other.user, ann.user, "1")
    socket = await ann.open("/ws?resume")
    known: dict[str, int] = {}
    told: list[int] = []
    for _ in steps:
        await socket.send({"type": "resume", "after": known})
        seqs, marker = await until_resumed(socket)
        told.append(len(seqs))
        known |= marker["after"]
        assert marker["complete"] is (len(known) == len(others))
    assert told == steps
    assert known == {str(other.id): 1 for other in others}


async def test_a_resume_of_only_named_conversations_leaves_out_others(world: World) -> None:
    ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
    await write(world, ann.user, ben.user, "1", "2")
    await write(world, eve.user, ben.user, "a")
    socket = await ben.open("/ws?resume")
    await socket.send({"type": "resume", "after": {str(ann.id): 1}, "only": True})
    seqs, marker = await until_resumed(socket)
    assert (seqs, marker["complete"], marker["after"]) == ([2], True, {str(ann.id): 2})
    await write(world, eve.user, ben.user, "b")  # live messages are not limited to it
    assert (await socket.receive_type("private_message"))["message"]["seq"] == 2
    await socket.send({"type": "resume", "after": {str(ann.id): 7}, "only": True})
    seqs, marker = await until_resumed(socket)
    assert (seqs, marker["reset"], marker["after"]) == ([1, 2], True, {str(ann.id): 2})


async def test_of_too_many_channels_a_resume_joins_those_with_the_newest_messages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.resume, "MAX_CHANNELS", 1)
    school = await open_school(world)
    await write(world, school.ann.user, school.ben.user, "hi")
    await post(world, school.ann.user, school.general, "1")
    socket = await school.ben.open("/ws/chat")
    await socket.send({"type": "resume"})
    assert (await socket.receive_type("joined_channel"))["channelId"] == school.general.id
    seqs, marker = await until_resumed(socket)
    assert (seqs, marker["complete"]) == ([1], False)
    assert marker["after"] == {str(school.general.id): 1}


async def test_a_resume_without_positions_sends_everything(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await write(world, ann.user, ben.user, *"abc")
    for frame in (
        {"type": "resume"},
        {"type": "resume", "after": {}, "epoch": world.services.log_watch.epoch},
    ):
        socket = await ben.open()
        await socket.send(frame)
        seqs, marker = await until_resumed(socket)
        assert (seqs, marker["complete"]) == ([1, 2, 3], True)


async def test_a_resume_does_not_repeat_messages_that_were_sent_live(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await write(world, ann.user, ben.user, "1", "2", "3")
    socket = await ben.open()
    await write(world, ann.user, ben.user, "4", "5")
    for seq in (4, 5):
        assert (await socket.receive_type("private_message"))["message"]["seq"] == seq
    resume = {"type": "resume", "after": {str(ann.id): 1}}
    await socket.send(resume)
    seqs, marker = await until_resumed(socket)
    assert (seqs, marker["after"]) == ([2, 3], {str(ann.id): 5})
    await socket.send(resume)  # once more: everything after 1 was sent on this connection
    assert (await until_resumed(socket))[0] == []


async def test_a_resume_beyond_the_bound_is_partial_and_can_be_continued(store: Store) -> None:
    async with open_world(store, resume_limit=10, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, *map(str, range(1, 26)))
        socket = await ben.open()
        await socket.send({"type": "resume", "after": {str(ann.id): 0}})
        seqs, marker = await until_resumed(socket)
        assert (seqs, marker["complete"]) == (list(range(1, 11)), False)
        assert marker["after"] == {str(ann.id): 10}
        await write(world, ann.user, ben.user, "26")
        assert (await socket.receive_type("private_message"))["message"]["seq"] == 26
        for expected, complete in ((range(11, 21), False), (range(21, 26), True)):
            await socket.send({"type": "resume", "after": marker["after"]})
            seqs, marker = await until_resumed(socket)
            assert (seqs, marker["complete"]) == (list(expected), complete)
        assert marker["after"] == {str(ann.id): 26}
        await socket.is_silent()
        missed = await ben.call("GET", f"/private_messages/api/messages/{ann.id}?after_seq=24")
        assert [message["seq"] for message in missed.json] == [25, 26]


async def test_a_chat_client_joins_the_channels_that_its_resume_names(world: World) -> None:
    school = await open_school(world)
    await post(world, school.ann.user, school.general, "1", "2", "3")
    socket = await school.ben.open("/ws/chat")
    await socket.send({"type": "resume", "after": {str(school.general.id): 1}})
    assert (await socket.receive_type("joined_channel"))["channelId"] == school.general.id
    seqs, marker = await until_resumed(socket)
    assert (seqs, marker["complete"]) == ([2, 3], True)
    assert marker["after"] == {str(school.general.id): 3}
    await post(world, school.ann.user, school.general, "4")
    assert (await socket.receive_type("new_message"))["message"]["seq"] == 4


async def test_a_chat_client_without_positions_joins_all_its_channels(world: World) -> None:
    school = await open_school(world)
    await post(world, school.ann.user, school.general, "1")
    await write(world, school.ann.user, school.ben.user, "hi")
    socket = await school.ben.open("/ws/chat")
    await socket.send({"type": "resume"})
    joined = [(await socket.receive_type("joined_channel"))["channelId"] for _ in range(2)]
    assert joined == [school.general.id, school.dm.id]
    seqs, marker = await until_resumed(socket)
    assert seqs == [1, 1]
    assert marker["after"] == {str(school.general.id): 1, str(school.dm.id): 1}


async def test_a_chat_client_that_names_no_channels_joins_none(world: World) -> None:
    school = await open_school(world)
    await write(world, school.ann.user, school.ben.user, "hi")
    socket = await school.ben.open("/ws/chat")
    await socket.send({"type": "resume", "after": {}, "epoch": world.services.log_watch.epoch})
    assert await socket.receive() == {
        "type": "resumed",
        "complete": True,
        "after": {},
        "epoch": world.services.log_watch.epoch,
    }
    await write(world, school.ann.user, school.ben.user, "again")
    await socket.is_silent()


async def test_a_channel_of_others_is_refused_and_the_resume_completes(
    world: World,
) -> None:
    school = await open_school(world)
    await post(world, school.ann.user, school.general, "secret")
    socket = await school.eve.open("/ws/chat")
    await socket.send({"type": "resume", "after": {str(school.general.id): 0}})
    assert (await socket.receive_type("error"))["code"] == "channel_not_found"
    assert await socket.receive() == {
        "type": "resumed",
        "complete": True,
        "after": {},
        "epoch": world.services.log_watch.epoch,
    }
    await post(world, school.ann.user, school.general, "another secret")
    await socket.is_silent()


async def test_a_messenger_resume_names_conversations(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await write(world, ann.user, ben.user, "1", "2")
    socket = await ben.open("/messagepal")
    name = f"conv_{ann.id}_{ben.id}"
    await socket.send({"type": "resume", "after": {name: 1}})
    assert (await socket.receive_type("message_received"))["payload"]["seq"] == 2
    marker = await socket.receive_type("resumed")
    assert marker["payload"] == {
        "complete": True,
        "after": {name: 2},
        "epoch": world.services.log_watch.epoch,
    }


async def test_a_gateway_resume_sends_messages_of_the_named_channels(world: World) -> None:
    school = await open_school(world)
    await post(world, school.ann.user, school.general, "1", "2")
    socket = await school.ben.connect("/gateway?resume")
    await socket.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
    await socket.send({"op": "RESUME", "d": {"after": {str(school.general.id): 1}}})
    await post(world, school.ann.user, school.general, "3")
    await socket.receive_type("READY")
    told: list[object] = []
    for _ in range(3):
        frame = await socket.receive()
        told.append(frame["d"]["seq"] if frame["t"] == "MESSAGE_CREATE" else frame["d"]["complete"])
    assert told in ([2, True, 3], [2, 3, True])


@pytest.mark.parametrize(
    "after",
    [5, [], "x", {"x": 1}, {"01": 1}, {"1": -1}, {"1": 1.5}, {"1": True}, {"1": "1"},
     {"1": 2**53}, {"99999999999999999999": 1}, {str(n): 1 for n in range(1, 10_002)}],
    ids=lambda after: str(after)[:20],
)  # fmt: skip
async def test_malformed_positions_are_refused(store: Store, after: object) -> None:
    async with open_world(store, max_frame_bytes=1_000_000) as world:
        ann = await world.person("ann")
        for path in ("/ws", "/ws/chat", "/messagepal"):
            socket = await ann.open(path)
            await socket.send({"type": "resume", "after": after})
            assert (await socket.receive_type("error"))["code"] == "invalid_field"


async def test_nothing_is_lost_or_repeated_while_messages_keep_flowing(world: World) -> None:
    """Many clients resume at different moments of one stream of messages."""
    school = await open_school(world)
    total = 120
    reached = [trio.Event() for _ in range(total + 1)]

    async def keep_writing() -> None:
        for number in range(1, total + 1):
            await write(world, school.ann.user, school.ben.user, str(number))
            reached[number].set()

    async def come_back(path: str, start: int, after: int) -> None:
        await reached[start].wait()
        socket = await school.ben.connect(path, in_quiet=False)
        socket.ignoring("system", "connected", "user_online_status")
        socket.ignoring("joined_channel", "user_presence")
        name = school.dm.id if path == "/ws/chat" else school.ann.id
        await socket.send({"type": "resume", "after": {str(name): after}})
        told, _ = await until_resumed(socket)
        while not told or max(told) < total:
            told.append((await socket.receive())["message"]["seq"])
        missed = list(range(after + 1, total + 1))
        assert (sorted(told) if path == "/ws" else told) == missed, (path, start, after)
        await socket.close_in_silence()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_writing)
        for start in range(5, total, 23):
            for path in ("/ws", "/ws?resume", "/ws/chat"):
                nursery.start_soon(come_back, path, start, start // 2)


async def test_the_marker_names_no_message_that_comes_after_it(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    socket = await ben.open()
    await write(world, ann.user, ben.user, "1")
    await socket.expect("private_message")
    await world.store.messages.post([Draft(ann.id, ben.id, "2")])  # which the hub does not know yet
    await socket.send({"type": "resume", "after": {str(ann.id): 1}})
    seqs, marker = await until_resumed(socket)
    assert (seqs, marker["after"]) == ([2], {str(ann.id): 2})
    await write(world, ann.user, ben.user, "3")
    assert (await socket.expect("private_message"))["message"]["seq"] == 3


async def test_a_readmitted_member_resumes_on_the_same_connection(
    world: World,
) -> None:
    school = await open_school(world)
    socket = await school.ben.connect("/gateway")

    async def until(name: str) -> Any:
        return (await socket.receive_type(name))["d"]

    await socket.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
    await until("READY")
    await post(world, school.ann.user, school.general, "1")
    await until("MESSAGE_CREATE")
    ids = school.workspace.id, school.ben.id
    await world.store.workspaces.remove_member(*ids, by=school.tea.id)
    await until("GUILD_MEMBER_REMOVE")
    await post(world, school.ann.user, school.general, "2")
    await world.services.workspaces.join(
        school.workspace.id,
        school.ben.user,
        lambda: world.store.workspaces.add_member(*ids, by=school.tea.id),
    )
    await until("GUILD_MEMBER_ADD")
    await socket.send({"op": "RESUME", "d": {"after": {str(school.general.id): 1}}})
    assert (await until("MESSAGE_CREATE"))["seq"] == 2
    assert (await until("RESUMED"))["after"] == {str(school.general.id): 2}


async def test_a_channel_that_is_lost_while_the_log_is_read_does_not_count_as_resumed(
    memory_store: Store,
) -> None:
    reading = Interception("messages", "in_spans")
    async with open_world(reading.over(memory_store), presence_grace=0.0) as world:
        school = await open_school(world)
        ids = school.workspace.id, school.ben.id
        await post(world, school.ann.user, school.general, "1", "2")

        async def lose_it(call: Any, *args: Any, **kwargs: Any) -> Any:
            await memory_store.workspaces.remove_member(*ids, by=school.tea.id)
            return await call(*args, **kwargs)

        reading.way = lose_it
        socket = await school.ben.open("/ws/chat")
        resume = {"type": "resume", "after": {str(school.general.id): 0}}
        await socket.send(resume)
        await socket.receive_type("joined_channel")
        assert (await socket.receive_type("error"))["code"] == "channel_not_found"
        assert (await socket.receive_type("resumed"))["after"] == {}
        await socket.receive_type("left_channel")
        reading.way = None
        await memory_store.workspaces.add_member(*ids, by=school.tea.id)
        await socket.send(resume)
        await socket.receive_type("joined_channel")
        assert await until_resumed(socket) == (
            [1, 2],
            {
                "type": "resumed",
                "complete": True,
                "after": {str(school.general.id): 2},
                "epoch": world.services.log_watch.epoch,
            },
        )


async def test_a_user_readmitted_while_the_log_is_read_is_not_left_in_a_channel_with_a_gap(
    memory_store: Store,
) -> None:
    """Also if the right is back when the hub looks up which users to remove."""
    reading, finding = Interception("messages", "in_spans"), Interception("channels", "heads")
    checking, held = Interception("channels", "may_join"), Held()
    store = checking.over(finding.over(reading.over(memory_store)))
    async with open_world(store, presence_grace=0.0) as world:
        school = await open_school(world)
        ids = school.workspace.id, school.ben.id
        await post(world, school.ann.user, school.general, "1")

        async def lose_it(call: Any, *args: Any, **kwargs: Any) -> Any:
            await memory_store.workspaces.remove_member(*ids, by=school.tea.id)
            finding.way = let_in
            return await call(*args, **kwargs)

        async def let_in(call: Any, *args: Any, **kwargs: Any) -> Any:
            heads = await call(*args, **kwargs)
            await memory_store.workspaces.add_member(*ids, by=school.tea.id)
            held.may_go.set()  # the right is back
            return heads

        reading.way, checking.way = lose_it, held
        socket = await school.ben.open("/ws/chat")
        await socket.send({"type": "resume", "after": {str(school.general.id): 0}})
        await socket.receive_type("joined_channel")
        assert (await socket.receive_type("error"))["code"] == "channel_not_found"
        assert (await socket.receive_type("resumed"))["after"] == {}
        await socket.receive_type("left_channel")
        await post(world, school.ann.user, school.general, "2")
        await socket.is_silent()


async def test_the_event_for_a_lost_channel_is_sent_after_the_missed_messages(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    naming, late = Interception("accounts", "get_many"), Late()
    async with open_world(naming.over(memory_store), presence_grace=0.0) as world:
        school = await open_school(world)
        await post(world, school.ann.user, school.general, "1", "2")
        naming.way = late
        socket = await school.ben.open("/ws/chat")
        await socket.send({"type": "resume", "after": {str(school.general.id): 0}})
        began = trio.current_time()
        await socket.receive_type("joined_channel")
        assert trio.current_time() == began  # it did not wait for the log, nor for a ping
        await late.carried_out.wait()  # the messages were read, and are not yet sent
        ids = school.workspace.id, school.ben.id
        await memory_store.workspaces.remove_member(*ids, by=school.tea.id)
        await wait_all_tasks_blocked()  # the hub has acted on it
        late.may_arrive.set()
        assert (await until_resumed(socket))[0] == [1, 2]
        await socket.receive_type("left_channel")


@pytest.mark.parametrize("path", RESUMES)
@pytest.mark.parametrize("named", ["another epoch", "a seq that there is not", "this one"])
async def test_positions_of_another_log_are_ignored_in_every_dialect(
    timed_world: World, path: str, named: str
) -> None:
    resume, kind, end = RESUMES[path]
    school = await open_school(timed_world)
    await write(timed_world, school.ann.user, school.ben.user, "1", "2")
    await post(timed_world, school.ann.user, school.general, "1", "2")
    (private,) = await dms(timed_world.store, school.ben.id)
    keys = {
        "/ws": str(school.ann.id),
        "/messagepal": conversation_id(school.ben.id, school.ann.id),
        "/ws/chat": str(private.id),
        "/gateway": str(school.general.id),
    }
    epoch = timed_world.services.log_watch.epoch
    possible: dict[str, dict[str, object]] = {
        "another epoch": {"after": {keys[path]: 1}, "epoch": "another"},
        "a seq that there is not": {"after": {keys[path]: 3}},
        "this one": {"after": {keys[path]: 1}, "epoch": epoch},
    }
    asked = possible[named]
    socket = await school.ben.connect(f"{path}?resume")
    if path == "/gateway":
        await socket.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
    greeting = await socket.receive_type(GREETINGS[path] or "READY")
    assert {**greeting, **greeting.get("payload", {}), **greeting.get("d", {})}["epoch"] == epoch
    await socket.send({"op": "RESUME", "d": asked} if path == "/gateway" else {**resume, **asked})
    count = 0
    while (type_of := kind_of_frame(text := await socket.receive_text())) != end:
        count += type_of == kind
    marker = json.loads(text)
    marker = {**marker, **marker.get("payload", {}), **marker.get("d", {})}
    assert (marker["epoch"], marker["complete"]) == (epoch, True)
    assert (marker.get("reset", False), count) == ((False, 1) if named == "this one" else (True, 2))


async def test_the_number_of_concurrent_resumes_of_one_user_is_limited(world: World) -> None:
    """However many of a user's connections resume, other users have their turn in between."""
    ann, ben = [await world.person(name) for name in ("ann", "ben")]
    await write(world, ann.user, ben.user, "1")
    socket = await ben.open()
    requests = world.services.quotas.of(ben.id).requests
    taken = range(int(requests.total_tokens))
    for place in taken:
        requests.acquire_on_behalf_of_nowait(place)
    await socket.send({"type": "resume", "after": {}})
    await until_quiet()
    assert requests.statistics().tasks_waiting == 1
    requests.release_on_behalf_of(taken[0])
    assert (await until_resumed(socket))[0] == [1]
