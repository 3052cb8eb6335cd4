"""Sessions of peers that have not signed in make room for new ones."""

import json

import pytest
import trio

from hub.engineio.connection import STRANGER_BYTES, EngineConnection
from hub.engineio.server import Opening
from hub.engineio.strangers import MAX_OF_NETWORK
from hub.limits.pace import Paces
from protocol.errors import PROTOCOL_ERROR
from tests.support.clients.engine import open_engine


async def silent(connection: EngineConnection, opening: Opening) -> None:
    """Its peer never signs in."""
    while True:
        await connection.receive()


async def test_the_oldest_peer_of_a_network_makes_room_for_a_new_one() -> None:
    async with open_engine(silent) as engine:
        sids = [await engine.open() for _ in range(MAX_OF_NETWORK)]
        assert (await engine.post(sids[0], "3")).text == "ok"
        await engine.open()
        assert (await engine.post(sids[0], "3")).json["message"] == "Session ID unknown"
        assert (await engine.post(sids[1], "3")).text == "ok"


async def test_a_peer_whose_sign_in_is_in_progress_makes_no_room() -> None:
    """All clients behind one address may reconnect at once."""
    let_in = trio.Event()

    async def slow(connection: EngineConnection, opening: Opening) -> None:
        await connection.receive()
        await let_in.wait()
        connection.belongs_to(Paces().of("them"))
        await connection.receive()

    async with open_engine(slow) as engine:
        sids = [await engine.open() for _ in range(MAX_OF_NETWORK)]
        for sid in sids:
            assert (await engine.post(sid, "4hello")).text == "ok"
        later = [await engine.open() for _ in range(MAX_OF_NETWORK)]
        assert (await engine.post(later[0], "3")).text == "ok"
        await engine.open()
        assert (await engine.post(later[0], "3")).json["message"] == "Session ID unknown"
        let_in.set()
        for sid in sids:
            assert (await engine.post(sid, "4again")).text == "ok"


async def test_in_a_full_table_the_oldest_silent_peer_makes_room() -> None:
    async def busy(connection: EngineConnection, opening: Opening) -> None:
        await connection.receive()
        await trio.sleep_forever()

    async with open_engine(busy, max_sessions=2) as engine:
        first, second = await engine.open(), await engine.open()
        assert (await engine.post(first, "4hello")).text == "ok"
        await engine.open()
        assert (await engine.post(second, "3")).json["message"] == "Session ID unknown"
        assert (await engine.post(first, "3")).text == "ok"


async def test_a_signed_in_client_makes_no_room() -> None:
    async with open_engine() as engine:
        sids = [await engine.open() for _ in range(MAX_OF_NETWORK + 5)]
        assert (await engine.post(sids[0], "3")).text == "ok"


@pytest.mark.parametrize("excess", [0, 1])
async def test_the_payload_of_a_peer_that_has_not_signed_in_is_bounded(excess: int) -> None:
    async with open_engine(silent) as engine:
        reply = await engine.post(await engine.open(), "4" + "x" * (STRANGER_BYTES - 1 + excess))
        assert reply.status == (400 if excess else 200)


@pytest.mark.parametrize("excess", [0, 1])
async def test_the_websocket_packet_of_a_peer_that_has_not_signed_in_is_bounded(
    excess: int,
) -> None:
    async with open_engine(silent) as engine:
        socket = await engine.websocket("")
        await socket.receive_text()
        await socket.send_text("4" + "x" * (STRANGER_BYTES + excess))
        if excess:
            assert (await socket.closed()).code == PROTOCOL_ERROR.code
        else:
            await socket.is_silent()


async def test_a_signed_in_client_may_send_larger_packets() -> None:
    async with open_engine() as engine:
        socket = await engine.websocket("")
        await socket.receive_text()
        text = "4" + "x" * (STRANGER_BYTES + 1)
        await socket.send_text(text)
        assert await socket.receive_text() == text


async def test_in_a_full_table_the_oldest_peer_of_all_networks_makes_room() -> None:
    """A new peer gets a place, by polling or a WebSocket; a signed-in client keeps its place."""

    async def first_is_known(connection: EngineConnection, opening: Opening) -> None:
        if opening.head.query.get("known"):
            connection.belongs_to(Paces().of(None))
        await silent(connection, opening)

    async with open_engine(first_is_known, max_sessions=3) as engine:
        known = await engine.ask("GET", "EIO=4&transport=polling&known=1")
        first, second = [await engine.open(X_Forwarded_For=f"198.51.100.{n}") for n in (1, 2)]
        third = await engine.open(X_Forwarded_For="198.51.100.3")
        assert (await engine.post(first, "3")).json["message"] == "Session ID unknown"
        socket = await engine.websocket("")
        await socket.receive_text()
        assert (await engine.post(second, "3")).json["message"] == "Session ID unknown"
        for sid in (third, json.loads(known.text[1:])["sid"]):
            assert (await engine.post(sid, "3")).text == "ok"
