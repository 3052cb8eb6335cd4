"""A peer that does not read: what it loses, and that nobody else notices."""

from typing import Any

import trio
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.clients.websocket import WebSocket
from tests.support.world import Person, World, open_world

SMALL_OUTBOX = 16_384


async def open_unread(world: World, person: Person) -> WebSocket:
    """A connection on which nothing is buffered: what is not read waits in the hub."""
    socket = await world.websocket(stream=world.connect_lockstep(), Cookie=person.cookie)
    await socket.receive_type("system")
    return socket


async def test_typing_is_shed_first_and_counted(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(
        memory_store, outbox_bytes=SMALL_OUTBOX, user_typing_per_second=1_000
    ) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens, quick = await ann.open(), await open_unread(world, ben), await ben.open()
        for number in range(200):
            is_typing = number % 2 == 0
            frame = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": is_typing}
            await anns.send(frame)
        for _ in range(200):
            await quick.receive_type("typing_indicator")
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "hi"})
        await anns.receive_type("private_message")
        await quick.receive_type("private_message")
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "shed":
            frames.append(await bens.receive())
        typing = [frame for frame in frames if frame["type"] == "typing_indicator"]
        messages = [frame for frame in frames if frame["type"] == "private_message"]
        assert len(messages) == 1
        assert 0 < len(typing) < 200
        assert len(typing) + frames[-1]["events"] == 200


async def test_a_full_outbox_closes_its_client_with_4008_and_no_one_else(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store, outbox_bytes=SMALL_OUTBOX) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, slow, quick = await ann.open(), await open_unread(world, ben), await ben.open()
        started = trio.current_time()
        for number in range(10):
            content = f"{number}" * 3_000
            await anns.send({"type": "private_message", "recipient_id": ben.id, "content": content})
            for socket in (anns, quick):
                frame = await socket.receive_type("private_message")
                assert frame["message"]["seq"] == number + 1
        assert trio.current_time() == started  # nobody waited for the slow one
        frames, end = await slow.until_closed()
        assert (end.code, end.reason) == (4008, "Too slow, reconnect and resume")
        seqs = [frame["message"]["seq"] for frame in frames]
        assert seqs == list(range(1, len(seqs) + 1))  # what came is whole and without a hole
        assert len(seqs) < 10
        again = await ben.call("GET", f"/api/messages/{ann.id}?after_seq={len(seqs)}")
        assert [message["seq"] for message in again.json] == list(range(len(seqs) + 1, 11))
        for socket in (anns, quick):
            await socket.receive_type("messages_read")  # over REST
