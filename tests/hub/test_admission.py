"""Which connections are admitted, over in-memory streams and TLS, and how others are refused."""

import gc
import json
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import h11
import pytest
import trio
import trio.testing
import trustme
from trio.testing import MockClock

from hub.app import open_server
from hub.http.server import Upgrade
from hub.settings.config import Config
from hub.sockets.addresses import open_listeners
from persistence.interface import Store
from protocol.shapes.uuids import IdKind, to_uuid
from protocol.websocket.handshake import Head
from tests.support.clients.frames import text
from tests.support.clients.http import request
from tests.support.clients.websocket import Refused, WebSocket, open_websocket, upgrade_request
from tests.support.posting import private_message
from tests.support.programs.server import serve
from tests.support.school import open_school
from tests.support.stores.memory import new_memory_store
from tests.support.world import GREETINGS, Person, World, open_world

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


async def test_an_idle_connection_keeps_neither_its_request_nor_objects_only_for_sending(
    memory_store: Store,
) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.people("ann", "ben")
        await ben.open()
        await trio.testing.wait_all_tasks_blocked()
        before = kept()
        await ann.open()
        await trio.testing.wait_all_tasks_blocked()
        assert kept() == before


def kept() -> int:
    gc.collect()
    kinds = (Head, Upgrade, h11.Connection, trio.CapacityLimiter, trio.Semaphore)
    return sum(isinstance(each, kinds) for each in gc.get_objects())


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
    async with open_server(config, open_listeners("127.0.0.1", 0), store) as server:
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


async def test_a_stop_does_not_wait_for_peers_without_a_session(
    memory_store: Store, mock_clock: MockClock
) -> None:
    """The clock stands still, so no timeout ends those connections."""
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


async def test_without_a_session_the_upgrade_is_refused_with_401(world: World) -> None:
    for cookie, reason in [
        ("", "No session cookie"),
        ("xsession_token=a", "No session cookie"),
        ("session_token=nobody", "Invalid session"),
    ]:
        with pytest.raises(Refused) as refused:
            await world.websocket(Cookie=cookie)
        assert (refused.value.status, refused.value.text) == (401, f"Unauthorized: {reason}")


PATHS_AND_GREETINGS = [
    (path, greeting) for path, greeting in GREETINGS.items() if greeting is not None
]


@pytest.mark.parametrize(("path", "greeting"), PATHS_AND_GREETINGS)
async def test_a_token_opens_a_socket_of_every_dialect(
    timed_world: World, autojump_clock: MockClock, path: str, greeting: str
) -> None:
    world = timed_world
    ann, ben = await world.people("ann", "ben")
    token = world.services.tokens.issue(to_uuid(IdKind.USER, ann.id), timedelta(hours=1))
    cookies = f"{ben.cookie}; {ben.platform_cookie}"
    offer = f"parlour, parlour.bearer.{token}"
    cases: list[tuple[dict[str, Any], Person]] = [
        ({"Authorization": f"Bearer {token}"}, ann),
        ({"Sec_WebSocket_Protocol": offer}, ann),
        ({"Sec_WebSocket_Protocol": offer, "Cookie": cookies}, ann),
        ({"Authorization": f"Bearer {token}", "Cookie": cookies}, ben),
    ]
    for headers, who in cases:
        socket = await world.websocket(path, **headers)
        await socket.receive_type(greeting)
        assert list(world.services.hub.users()) == [who.id]
        await socket.close_in_silence()
        await world.until_gone(who.id)


async def test_a_browser_that_offers_subprotocols_gets_one_of_them(world: World) -> None:
    ann = await world.person("ann")
    token = world.services.tokens.issue(to_uuid(IdKind.USER, ann.id), timedelta(hours=1))
    for offer, selected in [
        (f"parlour, parlour.bearer.{token}", ["parlour"]),
        ("parlour", ["parlour"]),
        ("other", []),
    ]:
        async with world.connect() as stream:
            headers = {"Cookie": ann.cookie, "Sec_WebSocket_Protocol": offer}
            await stream.send_all(upgrade_request(**headers))
            lines = (await stream.receive_some()).partition(b"\r\n\r\n")[0].split(b"\r\n")
            named = [line for line in lines if line.lower().startswith(b"sec-websocket-protocol:")]
            assert [line.partition(b":")[2].strip().decode() for line in named] == selected


async def test_a_token_that_is_not_valid_opens_nothing(world: World) -> None:
    ann = await world.person("ann")
    ended = world.services.tokens.issue(to_uuid(IdKind.USER, ann.id), timedelta(seconds=-1))
    for token in (ended, "junk"):
        offer = f"parlour, parlour.bearer.{token}"
        cases: list[dict[str, Any]] = [
            {"Authorization": f"Bearer {token}"},
            {"Sec_WebSocket_Protocol": offer, "Cookie": ann.cookie},
        ]
        for headers in cases:
            with pytest.raises(Refused) as refused:
                await world.websocket(**headers)
            assert (refused.value.status, refused.value.text) == (
                401,
                "Unauthorized: Invalid session",
            )


async def test_a_connection_ends_with_its_token(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann = await timed_world.person("ann")
    token = timed_world.services.tokens.issue(to_uuid(IdKind.USER, ann.id), timedelta(seconds=20))
    socket = await timed_world.websocket(Authorization=f"Bearer {token}")
    await socket.receive_type("system")
    assert (await socket.closed()).code == 4001


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://parlour.test", True),
        ("HTTP://PARLOUR.TEST:80", True),
        ("https://app.example", True),
        ("https://chat.example", True),
        ("http://chat.example", False),
        ("https://parlour.test", False),
        ("http://parlour.test:8080", False),
        ("http://parlour.test.", False),
        ("http://evil.parlour.test", False),
        ("https://app.example.evil.test", False),
        ("null", False),
        ("", False),
    ],
)
async def test_only_known_origins_may_open_a_socket(
    memory_store: Store,
    origin: str | None,
    allowed: bool,
) -> None:
    public_url = "https://chat.example/chat/"
    allowed_origins = ("https://app.example",)
    async with open_world(
        memory_store, allowed_origins=allowed_origins, public_url=public_url
    ) as world:
        ann = await world.person("ann")
        cookie = ann.cookie if origin is None else f"{ann.cookie}\r\nOrigin: {origin}"
        if allowed:
            await (await world.websocket(Cookie=cookie)).receive_type("system")
        else:
            with pytest.raises(Refused) as refused:
                await world.websocket(Cookie=cookie)
            assert refused.value.status == 403


@pytest.mark.parametrize(
    "line",
    [
        "Host: parl\xe9ur.test",
        "Sec-WebSocket-Protocol: \xe9",
        "Sec-WebSocket-Extensions: \xe9",
        "Connection: \xe9",
        "Cookie: x=\xe9",
        "Origin: \xe9",
        "X-Anything: \xff",
    ],
)
async def test_bytes_beyond_ascii_in_a_handshake_are_400(timed_world: World, line: str) -> None:
    ann = await timed_world.person("ann")
    with pytest.raises(Refused) as refused:
        await timed_world.websocket(Cookie=f"{ann.cookie}\r\n{line}")
    assert refused.value.status == 400


async def test_an_unknown_path_is_404(world: World) -> None:
    ann = await world.person("ann")
    with pytest.raises(Refused) as refused:
        await world.websocket("/nowhere", Cookie=ann.cookie)
    assert refused.value.status == 404


async def test_a_query_is_allowed_and_ignored(world: World) -> None:
    ann = await world.person("ann")
    assert (await ann.open("/ws?token=x")).pings == 0


async def test_a_frame_in_the_segment_of_the_handshake_is_not_lost(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    socket = await ann.open(trailing=text(json.dumps(private_message(ben, "early"))))
    assert (await socket.receive())["message"]["content"] == "early"


async def test_a_join_in_the_segment_of_the_handshake_is_kept(world: World) -> None:
    school = await open_school(world)
    join = {"type": "join_channel", "channelId": school.general.id}
    send = {"type": "send_message", "channelId": school.general.id, "content": "at once"}
    trailing = text(json.dumps(join)) + text(json.dumps(send))
    socket = await school.ann.connect("/ws/chat", trailing)
    kinds = [(await socket.receive())["type"] for _ in range(3)]
    assert kinds == ["connected", "joined_channel", "new_message"]
    await socket.close_in_silence()


async def test_an_address_may_send_two_seconds_worth_of_requests_at_once(world: World) -> None:
    """Enough for a class that opens the page at once, and soon used up by an attacker."""
    pace = world.services.visitors.meter("198.51.100.7").pace
    now, rate = trio.current_time(), world.services.config.address_requests_per_second
    assert pace.take(2 * rate, now) <= now < pace.take(1, now)


async def test_new_connections_count_against_the_frame_rate_of_their_user(
    timed_world: World, autojump_clock: MockClock
) -> None:
    """Each costs as much as ten frames; a refused one as much as one frame."""
    ann = await timed_world.person("ann")
    services = timed_world.services
    pace, began = services.quotas.of(ann.id).pace, trio.current_time()
    pace.take(5 * services.config.user_frames_per_second, began)  # there was time to save
    for _ in range(3):
        async with timed_world.connect() as stream:
            await open_websocket(stream, Cookie=ann.cookie)
    rate = services.config.user_frames_per_second
    assert pace.behind(began) == pytest.approx(30 / rate)
