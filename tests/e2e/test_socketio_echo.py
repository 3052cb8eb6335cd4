"""The official socket.io-client against the Socket.IO core (docs.examples.socketio_echo)."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from tests.support.programs.command import listening
from tests.support.programs.node import require_node, run_node

ECHO = "docs.examples.socketio_echo"
PATIENT = ("--ping-timeout", "20", "--connect-timeout", "20")  # for a busy machine


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    require_node()
    with listening(ECHO, *PATIENT) as (_, port):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_events_acks_and_binary_over_one_transport(url: str, transport: str) -> None:
    async with run_node("socketio_echo.mjs", transport, url) as client:
        assert await client.happened() == {"auth": {"token": "abc"}, "transport": transport}
        assert await client.happened() == {"back": [1, "two", {"three": [4, None]}, "€"]}
        assert await client.happened() == {"ack": "x"}
        assert await client.happened() == {"binary": [[1, 2, 3], [4]]}
        assert await client.happened() == {"inOrder": True}
        assert await client.happened() == {"transport": transport}
        assert await client.happened() == {"done": True}
        assert await client.end() == 0


async def test_the_default_starts_with_polling_upgrades_and_stays(url: str) -> None:
    async with run_node("socketio_echo.mjs", "upgrade", url) as client:
        assert await client.happened() == {"transport": "polling"}
        assert await client.happened() == {"transport": "websocket"}
        assert await client.happened() == {"back": ["after"]}
        assert await client.happened() == {"stillConnected": True}
        assert await client.end() == 0


async def test_two_namespaces_share_a_session(url: str) -> None:
    async with run_node("socketio_echo.mjs", "namespaces", url) as client:
        assert await client.happened() == {"auths": [[{"a": 1}], [{"b": 2}]]}
        assert await client.happened() == {"shared": True, "ids": True}
        assert await client.happened() == {"back": ["there"]}
        assert await client.happened() == {"back": ["here"]}
        assert await client.end() == 0


async def test_an_unknown_namespace_is_refused(url: str) -> None:
    async with run_node("socketio_echo.mjs", "unknown", url) as client:
        assert await client.happened() == {"error": "Invalid namespace"}
        assert await client.end() == 0


async def test_an_acknowledgement_that_never_comes_times_out(url: str) -> None:
    async with run_node("socketio_echo.mjs", "ackTimeout", url) as client:
        assert await client.happened() == {"timedOut": "operation has timed out"}
        assert await client.end() == 0


async def test_the_client_comes_back_after_a_restart() -> None:
    require_node()
    with listening(ECHO, *PATIENT) as (process, port):
        async with run_node("socketio_echo.mjs", "reconnect", f"http://127.0.0.1:{port}") as client:
            assert await client.happened() == {"connected": True}
            process.kill()
            process.wait()
            assert "disconnected" in await client.happened()
            with listening(ECHO, *PATIENT, port=port):
                assert await client.happened() == {"connected": True}
                assert await client.happened() == {"back": ["again"]}
                assert await client.happened() == {"disconnected": "io client disconnect"}
                assert await client.end() == 0


async def exchange(port: int, data: Iterable[bytes]) -> bytes:
    """Send as much as the server takes; returns all that it sends."""
    answer = b""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        with suppress(trio.BrokenResourceError):
            for part in data:
                await stream.send_all(part)
            while part := await stream.receive_some():
                answer += part
    return answer


async def handshake(port: int) -> str:
    """The id of a new session that is in the namespace `/`."""
    head = (
        b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    opened = await exchange(port, [head])
    sid = str(json.loads(opened.partition(b"\r\n\r\n0")[2])["sid"])
    assert (await send(port, sid, b"40")).endswith(b"ok")
    return sid


async def send(port: int, sid: str, *parts: bytes) -> bytes:
    """One polling request with a body."""
    head = (
        f"POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
        f"Connection: close\r\nContent-Length: {sum(map(len, parts))}\r\n\r\n"
    )
    return await exchange(port, [head.encode(), *parts])


async def test_hostile_bodies_cost_nothing_and_hurt_nobody() -> None:
    require_node()
    attack = {
        "packets out of place": b"\x1e".join(str(n).encode() for n in range(10)),
        "a million packets": b"4\x1e" * 499_999 + b"4",
        "a billion attachments": b'451000000000-["message"]',
        "a huge acknowledgement id": b"42" + b"9" * 900_000 + b'["message"]',
        "an event that has no name": b"42[{}]",
        "deep data": b"42" + b"[" * 900_000,
        "deep data that ends": b'42["message",' + b"[" * 900 + b"]" * 900 + b"]",
    }
    with listening(ECHO, *PATIENT) as (process, port):
        assert (await send(port, await handshake(port), b'42["message",1]')).endswith(b"ok")
        pages = Path(f"/proc/{process.pid}/statm")
        before = int(pages.read_text().split()[1])
        for _ in range(5):
            for name, body in attack.items():
                answer = await send(port, await handshake(port), body)
                assert answer.split()[1] in (b"200", b"400"), (name, answer)
            big = await send(port, await handshake(port), *[b"x" * 1_000_000] * 100)
            assert not big or big.split()[1] == b"413"  # a reset may overtake the answer
            for sid in ("nobody", "x" * 10_000):
                assert (await send(port, sid, b"40")).split()[1] == b"400"
        grown = (int(pages.read_text().split()[1]) - before) * os.sysconf("SC_PAGE_SIZE")
        assert grown < 64_000_000
        async with run_node("socketio_echo.mjs", "polling", f"http://127.0.0.1:{port}") as client:
            assert (await client.happened())["auth"] == {"token": "abc"}
