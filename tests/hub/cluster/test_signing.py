"""Only bulletins that a node of the same database has published are accepted."""

import re

import pytest
from trio.testing import MockClock

from hub.cluster.signing import NOT_SIGNED, SignedBus
from persistence.bus.memory import Medium
from tests.support.cluster.worlds import open_nodes
from tests.support.world import Person


async def test_signed_bulletins_arrive_as_they_were_published() -> None:
    medium = Medium()
    north, south = (SignedBus(medium.member(), b"key") for _ in range(2))
    async with south.bulletins() as heard:
        for data in (b"hello", b"", "grüß dich\n".encode()):
            await north.publish(data)
        found = [await anext(heard) for _ in range(4)]
        assert found == [None, b"hello", b"", "grüß dich\n".encode()]


async def test_unsigned_and_forged_bulletins_are_refused() -> None:
    medium = Medium()
    raw, stranger, south = medium.member(), medium.member(), SignedBus(medium.member(), b"key")
    async with south.bulletins() as heard, raw.bulletins() as overheard:
        assert await anext(heard) is await anext(overheard) is None
        await south.publish(b"number 7")
        signed = await anext(overheard)
        assert signed is not None
        assert await anext(heard) == b"number 7"
        for forged in (signed.replace(b"7", b"8"), signed[1:], signed[:31], b"number 8", b""):
            await raw.publish(forged)
            assert await anext(heard) == NOT_SIGNED
        await SignedBus(stranger, b"another key").publish(b"number 8")
        assert await anext(heard) == NOT_SIGNED
        await raw.publish(signed)  # a repeat: its number shows that
        assert await anext(heard) == b"number 7"


def test_the_size_limit_leaves_room_for_the_signature() -> None:
    bus = Medium().member()
    assert SignedBus(bus, b"key").max_bytes == bus.max_bytes - 32
    assert "secret" not in repr(SignedBus(bus, b"secret"))


async def test_a_signed_bulletin_is_no_larger_than_the_bus_accepts() -> None:
    medium = Medium()
    bus = SignedBus(medium.member(), b"key")
    async with bus.bulletins() as heard:
        assert await anext(heard) is None
        await bus.publish(b"x" * bus.max_bytes)
        assert await anext(heard) == b"x" * bus.max_bytes
        with pytest.raises(ValueError, match="bytes"):
            await bus.publish(b"x" * (bus.max_bytes + 1))


async def say(ann: Person, ben: Person, content: str) -> None:
    path = f"/private_messages/api/messages/{ben.id}"
    await ann.call("POST", path, {"content": content})


def with_next(number: re.Match[bytes]) -> bytes:
    return number[0].replace(number[1], b"%d" % (int(number[1]) + 1))


async def test_a_writer_to_the_bus_cannot_forge_bulletins_of_a_node(
    autojump_clock: MockClock,
) -> None:
    medium = Medium()
    stranger = medium.member()
    async with open_nodes(2, medium) as (north, south), stranger.bulletins() as overheard:
        ann, ben = await north.world.people("ann", "ben")
        socket = (await south.at(ben).connect("/ws")).ignoring("user_online_status")
        await socket.receive_type("system")
        await say(ann, ben, "seven")
        assert (await socket.receive_type("private_message"))["message"]["content"] == "seven"
        signed: bytes | None = None
        while signed is None or b"seven" not in signed:
            signed = await anext(overheard)
        forged = signed.replace(b"seven", b"eight")
        for name in (rb',(\d+),"stored"', rb'"seq":\[(\d+)', rb'"id":\[(\d+)'):
            forged = re.sub(name, with_next, forged, count=1)
        assert forged != signed
        await stranger.publish(forged)
        await say(ann, ben, "nine")
        assert (await socket.receive_type("private_message"))["message"]["content"] == "nine"
        await socket.is_silent()
