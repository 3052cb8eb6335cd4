"""Connections to the listener for forwarding between nodes: signed ones, and all others."""

import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing
from attrs import define, field

from hub.engineio.forwarding.listener import ForwardedConnections, internal_listener
from hub.engineio.forwarding.signature import Forwarded, Signer
from hub.settings.parsers import Place
from hub.sockets.transport import StreamTransport, Transport
from tests.support.cluster.engines import KEY, NOW, new_node
from tests.support.telemetry.logs import about, captured_lines

HEAD = b"GET /socket.io/?EIO=4&transport=polling&sid=north.abc HTTP/1.1\r\nhost: a\r\n\r\n"
SENT = Forwarded("north", "203.0.113.7", "https", HEAD)


def signer(node: str = "north", key: bytes = KEY, now: float = NOW) -> Signer:
    return Signer(node, key, lambda: now)


@define
class Served:
    """Records what was served as a client's connection."""

    all: list[tuple[str, str, bytes]] = field(factory=list)

    async def serve(self, transport: Transport, peer: str, scheme: str, received: bytes) -> None:
        self.all.append((peer, scheme, received))
        await transport.send_all(b"served")


@asynccontextmanager
async def connection(served: Served) -> AsyncIterator[trio.abc.HalfCloseableStream]:
    """The other end of a connection to the node north."""
    ours, theirs = trio.testing.memory_stream_pair()
    connections = ForwardedConnections(signer(), served.serve)

    async def serve() -> None:
        transport = StreamTransport(theirs)
        await connections.serve(transport, "unix", "http")
        await transport.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        yield ours


async def everything(stream: trio.abc.ReceiveStream) -> bytes:
    return b"".join([bytes(part) async for part in stream])


@pytest.mark.parametrize(("pieces", "rest"), [(1, b""), (7, b""), (10_000, b"4hello")])
async def test_a_signed_connection_is_served_as_if_its_client_had_connected_here(
    pieces: int, rest: bytes
) -> None:
    served, data = Served(), signer("south").sign(SENT) + rest
    async with connection(served) as stream:
        for at in range(0, len(data), pieces):
            await stream.send_all(data[at : at + pieces])
        assert await everything(stream) == b"served"
    ((peer, scheme, received),) = served.all
    assert (peer, scheme, received) == ("203.0.113.7", "https", HEAD + rest)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (HEAD, "it is not signed"),
        (b"x" * 10_000, "it is not signed"),
        (signer("south", key=b"forged").sign(SENT), "its signature is wrong"),
        (signer("south").sign(SENT).replace(b"north.abc", b"north.abd"), "its signature is wrong"),
        (
            signer("south", now=NOW - 60).sign(SENT),
            "it was signed 60 s ago; do the clocks of the nodes differ?",
        ),
        (
            signer("south").sign(Forwarded("east", "203.0.113.7", "http", HEAD)),
            "it is for the node east",
        ),
        (signer("south").sign(SENT)[:-1], "it ended before its signature, or its head, did"),
    ],
    ids=["missing", "noise", "forged", "changed", "expired", "elsewhere", "cut"],
)
async def test_a_connection_that_is_not_signed_for_this_node_is_refused_and_logged(
    data: bytes, reason: str
) -> None:
    served = Served()
    with captured_lines() as lines:
        async with connection(served) as stream:
            await stream.send_all(data)
            await stream.send_eof()
            assert (await everything(stream)).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert not served.all
    (line,) = about(lines, "forwarding_refused")
    assert (line["log_level"], line["reason"]) == ("warning", reason)


async def test_a_connection_that_only_probes_the_listener_is_not_logged() -> None:
    served = Served()
    with captured_lines() as lines:
        async with connection(served) as stream:
            await stream.send_eof()
            assert await everything(stream) == b""
    assert not about(lines, "forwarding_refused")


async def test_a_silent_connection_is_refused(autojump_clock: trio.testing.MockClock) -> None:
    served = Served()
    with captured_lines() as lines:
        async with connection(served) as stream:
            assert (await everything(stream)).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    (line,) = about(lines, "forwarding_refused")
    assert line["reason"] == "it was not sent in time"


async def test_nodes_of_one_machine_have_a_socket_for_their_account_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "node-north.sock"
    with internal_listener(new_node("north"), tmp_path / "data", None) as internal:
        assert internal.node == new_node("north", f"unix:{path}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


async def test_sockets_of_nodes_that_were_killed_are_removed(tmp_path: Path) -> None:
    """A file that is new, has a listener, or is no socket stays."""
    left, new, living = [tmp_path / f"node-{name}.sock" for name in ("left", "new", "living")]
    (tmp_path / "node-file.sock").touch()
    with ExitStack() as stack:
        for path in (left, new, living):
            stack.enter_context(listener := socket.socket(socket.AF_UNIX))
            listener.bind(str(path))
        listener.listen()
        for path in (left, living, tmp_path / "node-file.sock"):
            os.utime(path, (0, 0))
        with internal_listener(new_node("north"), tmp_path, None):
            assert sorted(path.stem for path in tmp_path.iterdir()) == [
                "node-file", "node-living", "node-new", "node-north",
            ]  # fmt: skip


async def test_nodes_of_several_machines_have_an_address() -> None:
    with internal_listener(new_node("north"), Path(), Place("127.0.0.1", 0)) as internal:
        port = internal.listeners[0].getsockname()[1]
        assert internal.node == new_node("north", f"127.0.0.1:{port}")


async def test_a_node_whose_socket_path_is_too_long_has_no_address(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    with captured_lines() as lines, internal_listener(new_node("north"), folder, None) as internal:
        assert internal.node == new_node("north")
        assert not internal.listeners
    assert about(lines, "no_internal_socket")
