"""Compressed messages on whole connections (RFC 7692)."""

import json
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import trio
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from docs.examples import ws_echo
from persistence.interface import Store
from tests.support.clients.frames import COMPRESSED, TEXT, client_frame, deflated
from tests.support.clients.websocket import WebSocket
from tests.support.posting import private_message
from tests.support.world import Person, open_world

OFFER = "permessage-deflate; client_max_window_bits"
LONG = "It was said before, and it is said again. " * 50


async def open_compressing(person: Person) -> WebSocket:
    """A WebSocket on `/ws` that offers compression, past its greeting."""
    socket = await person.world.websocket(Cookie=person.cookie, Sec_WebSocket_Extensions=OFFER)
    await socket.receive_type("system")
    return socket


@pytest.fixture
def compressed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for each message that is compressed."""
    calls: list[int] = []
    compressobj = zlib.compressobj

    def counted(*arguments: Any) -> object:
        calls.append(1)
        return compressobj(*arguments)

    monkeypatch.setattr(zlib, "compressobj", counted)
    return calls


async def test_a_message_is_compressed_once_for_all_connections_with_compression(
    memory_store: Store, compressed: list[int]
) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.people("ann", "ben")
        sockets = [await open_compressing(each) for each in (ann, ben, ben, ben)]
        plain = await ben.open()
        await sockets[0].send(private_message(ben, LONG))
        received = [await each.receive_type("private_message") for each in (*sockets, plain)]
        assert [frame["message"]["content"] for frame in received] == [LONG] * 5
        assert len(compressed) == 1
        assert [each.agreed for each in (*sockets, plain)] == [True] * 4 + [False]


async def test_short_messages_are_not_compressed(
    memory_store: Store, compressed: list[int]
) -> None:
    async with open_world(memory_store, compression_threshold=1_024) as world:
        ann, ben = await world.people("ann", "ben")
        sockets = [await open_compressing(each) for each in (ann, ben)]
        await sockets[0].send(private_message(ben, "hi"))
        for each in sockets:
            await each.receive_type("private_message")
        assert compressed == []


async def test_a_compressed_frame_from_a_client_is_decompressed(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.people("ann", "ben")
        anns, bens = await open_compressing(ann), await ben.open()
        frame = json.dumps(private_message(ben, LONG)).encode()
        await anns.stream.send_all(client_frame(COMPRESSED | TEXT, deflated(frame)))
        for each in (anns, bens):
            assert (await each.receive_type("private_message"))["message"]["content"] == LONG


async def test_compression_that_is_switched_off_is_neither_negotiated_nor_accepted(
    memory_store: Store,
) -> None:
    async with open_world(memory_store, compression_threshold=0) as world:
        ann = await world.person("ann")
        socket = await open_compressing(ann)
        assert not socket.agreed
        await socket.stream.send_all(client_frame(COMPRESSED | TEXT, deflated(b"{}")))
        assert (await socket.closed()).code == 1002


async def test_a_decompression_bomb_closes_the_connection_and_is_not_inflated(
    memory_store: Store,
) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.people("ann", "ben")
        anns, bens = await open_compressing(ann), await ben.open()
        bomb = client_frame(COMPRESSED | TEXT, deflated(b" " * 60_000_000))
        tracemalloc.start()
        await anns.stream.send_all(bomb)
        assert (await anns.closed()).code == 1009
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2_000_000
        await bens.close_in_silence(besides=["user_presence"])


@pytest.fixture
async def port(nursery: trio.Nursery) -> int:
    port: int = await nursery.start(ws_echo.serve, "127.0.0.1", 0)
    return port


@pytest.mark.parametrize("bits", [None, 9, 12, 15])
async def test_a_client_of_another_library_exchanges_compressed_messages(
    port: int, bits: int | None
) -> None:
    """The Python package `websockets`, which keeps its compression window where it may."""
    offer = ClientPerMessageDeflateFactory(server_max_window_bits=bits, client_max_window_bits=True)

    def fragments() -> Iterator[str]:
        for n in range(100):
            yield f"{n}, "

    def talk() -> None:
        with connect(f"ws://127.0.0.1:{port}", compression=None, extensions=[offer]) as client:
            assert client.response is not None
            agreed = client.response.headers["Sec-WebSocket-Extensions"]
            assert "client_no_context_takeover" in agreed
            for message in ("", "ä", LONG, LONG, LONG.encode(), "😀" * 70_000, bytes(300_000)):
                client.send(message)
                assert client.recv() == message
            client.send(fragments())
            assert client.recv() == "".join(fragments())

    await trio.to_thread.run_sync(talk)
