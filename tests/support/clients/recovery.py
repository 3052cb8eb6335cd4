"""Socket.IO clients that can be recovered, and what they receive."""

import json
from typing import Any

from protocol.model import User
from tests.support.clients.socketio import OFFSET, Peer, connect, token_of
from tests.support.posting import post
from tests.support.school import School
from tests.support.world import Person


async def enter(person: Person, **auth: object) -> tuple[Peer, dict[str, Any]]:
    """A client that connected, and its connect packet's payload: `sid` and `pid`."""
    peer = await connect(person.world, {"token": token_of(person), **auth}, ignored="ping")
    packet = await peer.packet()
    assert packet.startswith("0{"), packet
    return peer, json.loads(packet[1:])


async def say(school: School, author: User, *texts: str) -> None:
    await post(school.world, author, school.general, *texts)


async def contents(peer: Peer, count: int) -> list[str]:
    """The content of the next new messages, each of which is followed by an offset."""
    found = []
    for _ in range(count):
        name, message = await peer.event()
        assert name == "message:new", (name, message)
        found.append(message["content"])
        await offset(peer)
    return found


async def offset(peer: Peer) -> str:
    """The next offset, a string, so a stock client sends it when it reconnects."""
    name, text = await peer.event()
    assert name == OFFSET, (name, text)
    assert isinstance(text, str)
    return text


async def revisions(peer: Peer, count: int) -> tuple[list[tuple[int, str]], str]:
    """The rev and the content of the next revisions, and the offset after the last one."""
    found, last = [], ""
    for _ in range(count):
        name, message = await peer.event()
        assert name in ("message:updated", "message:deleted"), (name, message)
        found.append((message["rev"], message["content"]))
        last = await offset(peer)
    return found, last


async def notes(peer: Peer, count: int) -> tuple[list[tuple[str, int]], str]:
    """The names and numbers of the next notes, and the offset after the last one."""
    found, last = [], ""
    for _ in range(count):
        name, note = await peer.event()
        assert name in ("channel:noted", "message:hidden"), (name, note)
        found.append((name, note["note"]))
        last = await offset(peer)
    return found, last
