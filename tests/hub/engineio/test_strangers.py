"""Strangers' sessions make room for others."""

import pytest

from hub.engineio.connection import STRANGER_BYTES, EngineConnection
from hub.engineio.server import Opening
from hub.engineio.strangers import MAX_OF_NETWORK
from tests.support.clients.engine import open_engine


async def silent(connection: EngineConnection, opening: Opening) -> None:
    """Nobody ever signs in."""
    while True:
        await connection.receive()


async def test_the_oldest_of_a_network_makes_room() -> None:
    async with open_engine(silent) as engine:
        sids = [await engine.open() for _ in range(MAX_OF_NETWORK)]
        assert (await engine.post(sids[0], "3")).text == "ok"
        await engine.open()
        assert (await engine.post(sids[0], "3")).json["message"] == "Session ID unknown"
        assert (await engine.post(sids[1], "3")).text == "ok"


async def test_who_has_signed_in_stays() -> None:
    async with open_engine() as engine:
        sids = [await engine.open() for _ in range(MAX_OF_NETWORK + 5)]
        assert (await engine.post(sids[0], "3")).text == "ok"


@pytest.mark.parametrize("excess", [0, 1])
async def test_a_strangers_payload_is_short(excess: int) -> None:
    async with open_engine(silent) as engine:
        reply = await engine.post(await engine.open(), "4" + "x" * (STRANGER_BYTES - 1 + excess))
        assert reply.status == (400 if excess else 200)
