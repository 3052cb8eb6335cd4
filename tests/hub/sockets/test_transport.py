"""Transports over real loopback sockets and over streams."""

import socket

import pytest
import trio
import trio.testing

from hub.sockets.shared_reader import SharedReader
from hub.sockets.transport import SocketTransport, StreamTransport, Traffic
from tests.support.clients.socket_pairs import socket_pair


async def test_bytes_go_both_ways(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    with peer:
        async with transport:
            await transport.send_all(b"hello")
            assert peer.recv(100) == b"hello"
            peer.sendall(b"you")
            assert await transport.receive_some() == b"you"
            await transport.send_eof()
            assert peer.recv(100) == b""
            peer.shutdown(socket.SHUT_WR)
            assert await transport.receive_some() == b""


@pytest.mark.parametrize("how", ["aclose", "abort"])
async def test_a_closed_connection_knows_its_traffic(reader: SharedReader, how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname())
        transport = SocketTransport(server.accept()[0], reader)
    with peer:
        await transport.send_all(b"hello")
        assert peer.recv(100) == b"hello"
        peer.sendall(b"you")
        assert await transport.receive_some() == b"you"
        assert transport.traffic is None
        if how == "abort":
            transport.abort()
        await transport.aclose()
    assert transport.traffic == Traffic(received=3, sent=5)


async def test_a_socket_that_is_not_tcp_has_no_traffic(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    with peer:
        await transport.aclose()
    assert transport.traffic is None


async def test_send_now_takes_what_the_kernel_takes_and_no_more(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    with peer:
        async with transport:
            data = bytes(range(256)) * 20_000
            sent = transport.send_now(data)
            assert 0 < sent < len(data)
            assert transport.send_now(data[sent:]) == 0
            received = bytearray()
            peer.setblocking(False)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(transport.send_all, data[sent:])
                while len(received) < len(data):
                    await trio.lowlevel.wait_readable(peer)
                    received += peer.recv(65_536)
            assert bytes(received) == data


async def test_every_write_to_a_peer_that_is_gone_fails(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    peer.close()
    async with transport:
        with pytest.raises(trio.BrokenResourceError):
            transport.send_now(b"x")
        with pytest.raises(trio.BrokenResourceError):
            await transport.send_all(b"x")


@pytest.mark.parametrize("how", ["aclose", "abort"])
async def test_closing_wakes_a_waiting_reader(reader: SharedReader, how: str) -> None:
    transport, peer = socket_pair(reader)
    with peer:
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                with pytest.raises(trio.ClosedResourceError):
                    await transport.receive_some()

            nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            if how == "abort":
                transport.abort()
            else:
                await transport.aclose()
        with pytest.raises(trio.ClosedResourceError):
            transport.send_now(b"x")
        transport.abort()  # harmless when closed


async def test_a_stream_is_written_by_waiting_only() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    transport = StreamTransport(theirs)
    assert transport.send_now(b"x") == 0
    await transport.send_all(b"hello")
    assert await ours.receive_some() == b"hello"
    await transport.send_eof()
    assert await ours.receive_some() == b""


async def test_aborting_a_stream_wakes_reader_and_writer() -> None:
    _, theirs = trio.testing.lockstep_stream_pair()
    transport = StreamTransport(theirs)
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await transport.receive_some()

        async def write() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await transport.send_all(b"x")

        nursery.start_soon(read)
        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        transport.abort()
    with pytest.raises(trio.ClosedResourceError):
        await transport.receive_some()
