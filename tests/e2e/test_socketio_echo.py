"""The official socket.io-client against the Socket.IO core (tests.apps.socketio_echo)."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.node import require_node, run_node


@contextmanager
def echo_server(port: int = 0) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A running echo program, and its port."""
    command = [sys.executable, "-m", "tests.apps.socketio_echo", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), line
            yield process, int(line.rpartition(":")[2])
        finally:
            process.kill()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    require_node()
    with echo_server() as (_, port):
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


async def test_the_server_asks_and_the_client_acknowledges(url: str) -> None:
    async with run_node("socketio_echo.mjs", "question", url) as client:
        assert await client.happened() == {"answered": ["WHY", [7, 8]]}
        assert await client.happened() == {"answered": ["too slow"]}
        assert await client.end() == 0


async def test_an_acknowledgement_that_never_comes_times_out(url: str) -> None:
    async with run_node("socketio_echo.mjs", "ackTimeout", url) as client:
        assert await client.happened() == {"timedOut": "operation has timed out"}
        assert await client.end() == 0


async def test_the_client_comes_back_after_a_restart() -> None:
    require_node()
    with echo_server() as (process, port):
        async with run_node("socketio_echo.mjs", "reconnect", f"http://127.0.0.1:{port}") as client:
            assert await client.happened() == {"connected": True}
            process.kill()
            process.wait()
            assert "disconnected" in await client.happened()
            with echo_server(port):
                assert await client.happened() == {"connected": True}
                assert await client.happened() == {"back": ["again"]}
                assert await client.happened() == {"disconnected": "io client disconnect"}
                assert await client.end() == 0
