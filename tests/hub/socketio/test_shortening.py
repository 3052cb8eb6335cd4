"""Offsets of clients in many channels stay short, and no message is lost or repeated."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import define, field

from hub.socketio.offset import LISTED, MAX_LISTED, Received, decode_offset
from persistence.interface import Store
from persistence.records import NewChannel, StoreUnavailable
from protocol.model import Channel
from tests.support.clients.socketio import OFFSET, kind_of_packet, token_of
from tests.support.clients.websocket import Closed, WebSocket
from tests.support.posting import post
from tests.support.quiet import until_quiet
from tests.support.school import School, open_school
from tests.support.stores.intercept import Interception
from tests.support.stores.records import granted
from tests.support.world import open_world


@define
class Phone:
    """A client that answers pings, and keeps its messages and its offset as stock clients do."""

    socket: WebSocket
    pid: str = ""
    heard: list[str] = field(factory=list)
    offset: str | None = None
    longest: int = 0
    is_deaf: bool = False  # it answers no pings

    @property
    def places(self) -> int:
        """How many channels its offset names."""
        return len((decode_offset(self.offset or "") or Received()).positions)

    async def take(self) -> str:
        """Take one packet; returns its kind."""
        packet = await self.socket.receive_text()
        kind = kind_of_packet(packet)
        if kind == "ping" and not self.is_deaf:
            await self.socket.send_text("3")
            await until_quiet()
        elif kind == "connect":
            self.pid = json.loads(packet[2:])["pid"]
        elif kind == "message:new":
            self.heard.append(json.loads(packet[2:])[1]["content"])
        elif kind == OFFSET:
            self.offset = json.loads(packet[2:])[1]
            self.longest = max(self.longest, self.places)
        return kind

    async def until(self, kind: str) -> None:
        while await self.take() != kind:
            pass

    async def hear(self, count: int) -> None:
        """Take packets until there are `count` messages, and the offset after the last one."""
        while len(self.heard) < count:
            await self.take()
        await self.until(OFFSET)


async def enter(school: School, **auth: Any) -> Phone:
    path = "/socket.io/?EIO=4&transport=websocket"
    socket = await school.world.websocket(path, kind=kind_of_packet)
    assert (await socket.receive_text()).startswith("0{")
    await socket.send_text(f"40{json.dumps({'token': token_of(school.ben), **auth})}")
    await until_quiet()
    phone = Phone(socket)
    await phone.until("connect")
    return phone


async def enter_everything(school: School) -> Phone:
    phone = await enter(school)
    await phone.socket.send_text('42["resume",{}]')
    await phone.until("resumed")
    return phone


async def come_back(school: School, phone: Phone, offset: str | None) -> Phone:
    again = await enter(school, pid=phone.pid, **({} if offset is None else {"offset": offset}))
    assert again.pid == phone.pid  # it is recovered
    return again


@asynccontextmanager
async def open_large_school(
    store: Store, channels: int
) -> AsyncIterator[tuple[School, Sequence[Channel]]]:
    async with open_world(store) as world:
        school = await open_school(world)
        create, teacher = store.channels.create, school.tea.id
        rooms = [
            granted(await create(NewChannel(school.workspace.id, f"room {number}"), by=teacher))
            for number in range(channels)
        ]
        yield school, rooms


async def say(school: School, rooms: Sequence[Channel], text: str) -> list[str]:
    """A message in each room."""
    texts = [f"{text} {number}" for number in range(len(rooms))]
    for room, each in zip(rooms, texts, strict=True):
        await post(school.world, school.ann.user, room, each)
    return texts


async def test_an_offset_stays_short_however_many_channels_there_are(store: Store) -> None:
    async with open_large_school(store, 2 * LISTED + 10) as (school, rooms):
        phone = await enter_everything(school)
        for number, room in enumerate(rooms):
            await say(school, [room], f"{number}:")
            await phone.hear(number + 1)
        assert phone.longest <= LISTED + 1
        await phone.socket.drop()
        missed = await say(school, rooms[::20], "missed")
        again = await come_back(school, phone, phone.offset)
        await again.hear(len(missed))
        assert again.heard == missed
        assert again.longest <= len(missed)


async def test_the_offset_of_a_recovered_client_names_only_messages_since_then(
    memory_store: Store,
) -> None:
    async with open_large_school(memory_store, 40) as (school, rooms):
        phone = await enter_everything(school)
        await say(school, rooms, "1")
        await phone.hear(len(rooms))
        await phone.socket.drop()
        again = await come_back(school, phone, phone.offset)
        await say(school, rooms[:1], "2")
        await again.hear(1)
        assert again.places == 1
        await again.socket.drop()
        third = await come_back(school, again, again.offset)
        await say(school, rooms[1:2], "3")
        await third.hear(1)
        assert third.heard == ["3 0"]  # and nothing of what the first connection received


@pytest.mark.parametrize("is_deaf", [True, False])
async def test_messages_that_a_client_did_not_receive_do_not_count_as_received(
    memory_store: Store, is_deaf: bool
) -> None:
    async with open_large_school(memory_store, LISTED + 20) as (school, rooms):
        phone = await enter_everything(school)
        phone.is_deaf = is_deaf
        said = await say(school, rooms, "1")
        await phone.hear(10)
        offset = phone.offset
        if not is_deaf:
            await phone.hear(len(rooms))
            offset = phone.offset
        phone.socket.ignoring("ping", "message:new", OFFSET)
        await phone.socket.drop()
        again = await come_back(school, phone, offset)
        missed = said[10:] if is_deaf else []
        last = await say(school, rooms[:1], "last")
        await again.hear(len(missed) + 1)
        assert sorted(again.heard) == sorted(missed + last)


async def test_a_client_that_is_behind_for_too_long_reconnects_without_a_loss(
    memory_store: Store,
) -> None:
    async with open_large_school(memory_store, MAX_LISTED + 20) as (school, rooms):
        phone = await enter_everything(school)
        phone.is_deaf = True
        said = await say(school, rooms, "1")
        with pytest.raises(Closed, match="1013"):
            await phone.until("never")
        assert len(phone.heard) == phone.longest == MAX_LISTED + 1
        again = await come_back(school, phone, phone.offset)
        await again.hear(len(said) - len(phone.heard))
        assert phone.heard + again.heard == said


async def test_a_resume_of_many_channels_waits_for_its_client(memory_store: Store) -> None:
    async with open_large_school(memory_store, MAX_LISTED + 100) as (school, rooms):
        said = await say(school, rooms, "1")
        phone = await enter_everything(school)
        assert sorted(phone.heard) == sorted(said)
        assert phone.longest <= LISTED + 1


async def test_an_offset_that_cannot_be_shortened_at_first_is_shortened_later(
    memory_store: Store,
) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    saving = Interception("recoveries", "save")
    async with open_large_school(saving.over(memory_store), LISTED + 10) as (school, rooms):
        phone = await enter_everything(school)
        saving.way = away
        await say(school, rooms[:LISTED], "1")
        await phone.hear(LISTED)
        await phone.until("ping")
        saving.way = None
        await say(school, rooms[LISTED:], "2")
        await phone.hear(len(rooms))
        await say(school, rooms[:1], "3")
        await phone.hear(len(rooms) + 1)
        assert phone.longest > LISTED
        assert phone.places < LISTED
