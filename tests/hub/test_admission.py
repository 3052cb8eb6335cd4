"""The whole server: one flow over in-memory streams, a dialect of one's own, and TLS."""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

import trio
import trustme
from trio.testing import MockClock

from hub.app import open_server
from hub.settings.config import Config
from hub.sockets.listener import open_listener
from persistence.interface import Store
from tests.support.clients.http import request
from tests.support.clients.websocket import WebSocket, open_websocket
from tests.support.programs.server import serve
from tests.support.stores.memory import new_memory_store
from tests.support.world import open_world

SIGN_UP = {
    "email": "ann@example.org",
    "password": "correct horse",
    "first_name": "Ann",
    "last_name": "Example",
    "date_of_birth": "2000-01-01",
}


async def test_one_connection_from_login_to_close(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ben = await world.person("ben")
        bens = await ben.open()
        stream = world.connect()
        async with stream:
            made = await world.call("POST", "/api/auth/register", SIGN_UP)
            assert made.status == 201
            login = await request(stream, "POST", "/api/auth/login", SIGN_UP)
            assert login.status == 200
            cookie = login.headers["set-cookie"].partition(";")[0]
            socket = await open_websocket(stream, Cookie=cookie)
            assert (await socket.receive())["type"] == "system"
            message = {"type": "private_message", "recipient_id": ben.id, "content": "hi"}
            await socket.send(message)
            assert await socket.receive() == await bens.receive_type("private_message")
            await socket.close_in_silence()


async def test_over_tls_the_cookie_is_secure_and_the_socket_works(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(chain)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    config = Config(port=0, tls_cert=chain, tls_key=key)
    store = new_memory_store()
    async with open_server(config, open_listener("127.0.0.1", 0), store) as server:
        assert server.url.startswith("https://127.0.0.1:")
        port = urlsplit(server.url).port
        assert port is not None

        async def connect() -> trio.SSLStream[trio.SocketStream]:
            return await trio.open_ssl_over_tcp_stream(
                "127.0.0.1", port, ssl_context=context, https_compatible=True
            )

        registering, stream = await connect(), await connect()
        origin = {"Origin": f"https://127.0.0.1:{port}", "Host": f"127.0.0.1:{port}"}
        assert (
            await request(registering, "POST", "/api/auth/register", SIGN_UP, origin)
        ).status == 201
        await registering.aclose()
        login = await request(stream, "POST", "/api/auth/login", SIGN_UP)
        cookie = login.headers["set-cookie"]
        assert cookie.endswith("; Secure")
        socket = await open_websocket(
            stream, Cookie=cookie.partition(";")[0], Origin=origin["Origin"], Host=origin["Host"]
        )
        await socket.receive_type("system")
        await socket.close_in_silence()


async def test_a_stop_does_not_wait_for_who_never_came_in(
    memory_store: Store, mock_clock: MockClock
) -> None:
    """On a clock that stands still the time in which they might end never passes."""
    async with trio.open_nursery() as nursery:

        async def listen(socket: WebSocket) -> None:
            assert (await socket.receive_text()).startswith("0")
            assert (await socket.closed()).code == 1000

        async with serve(memory_store) as server:
            port = urlsplit(server.url).port
            assert port is not None
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            path = "/socket.io/?EIO=4&transport=websocket"
            nursery.start_soon(listen, await open_websocket(stream, path))
            idle = await trio.open_tcp_stream("127.0.0.1", port)
    await stream.aclose()
    await idle.aclose()


async def test_two_worlds_do_not_share_anything(memory_store: Store) -> None:
    async with open_world(memory_store) as one, open_world(memory_store) as other:
        ann = await one.person("ann")
        await (await ann.open()).close_in_silence()
        assert other.services.presence.online() == frozenset()
