"""A conversation that another transaction holds, and those beside it in the same lane."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import frozen

import hub.services.posting.lane
from tests.support.clients.websocket import WebSocket
from tests.support.posting import private_message, write
from tests.support.stores.databases import Databases, execute, open_store, open_transaction
from tests.support.world import Person, World, open_world

HELD = "SELECT FROM channels WHERE user_lo = {lo} AND user_hi = {hi} FOR UPDATE"


@frozen
class Pair:
    """Two people who have written to each other, and their connections."""

    one: Person
    other: Person
    ones: WebSocket
    others: WebSocket

    async def send(self, content: str) -> None:
        await self.ones.send(private_message(self.other, content, client_id=content))

    async def hears(self, content: str, seq: int) -> None:
        """Both receive the message."""
        for socket in (self.ones, self.others):
            message = (await socket.receive_type("private_message"))["message"]
            assert (message["content"], message["seq"]) == (content, seq)

    def held(self) -> str:
        """The statement that locks their conversation."""
        return HELD.format(lo=self.one.id, hi=self.other.id)


async def meet(world: World, number: int) -> Pair:
    one, other = await world.people(f"one{number}", f"other{number}")
    pair = Pair(one, other, await one.open(), await other.open())
    await write(world, one.user, other.user, "hello")
    await pair.hears("hello", 1)
    return pair


@asynccontextmanager
async def one_lane(databases: Databases) -> AsyncIterator[tuple[World, str]]:
    """A hub with one lane on a real database, and its DSN."""
    async with (
        databases.migrated() as dsn,
        open_store(dsn) as store,
        open_world(store, presence_grace=0.0, db_lanes=1) as world,
    ):
        yield world, dsn


async def test_a_locked_conversation_keeps_its_order_and_does_not_delay_others_of_its_lane(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.posting.lane, "SEND_SECONDS", 60.0)
    monkeypatch.setattr(hub.services.posting.lane, "RETRY_SECONDS", 0.05)
    async with one_lane(databases) as (world, dsn):
        stuck, *others = [await meet(world, number) for number in range(4)]
        async with open_transaction(dsn, stuck.held(), commit=True):
            for seq in range(2, 6):
                await stuck.send(str(seq))
                for pair in others:
                    await pair.send(str(seq))
                for pair in others:
                    await pair.hears(str(seq), seq)
        await stuck.send("6")
        for seq in range(2, 7):
            await stuck.hears(str(seq), seq)


async def test_messages_of_a_conversation_locked_for_too_long_are_refused_and_not_stored(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.posting.lane, "SEND_SECONDS", 1.0)
    monkeypatch.setattr(hub.services.posting.lane, "RETRY_SECONDS", 0.2)
    async with one_lane(databases) as (world, dsn):
        stuck = await meet(world, 1)
        async with open_transaction(dsn, stuck.held(), commit=True):
            for content in ("2", "3"):
                await stuck.send(content)
            for content in ("2", "3"):
                error = await stuck.ones.receive_type("error")
                assert (error["code"], error["client_id"]) == ("unavailable", content)
        assert await execute(dsn, "SELECT count(*) FROM messages") == 1
        await stuck.send("4")
        await stuck.hears("4", 2)
