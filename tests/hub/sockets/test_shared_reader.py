"""One task reads for every socket: in order, at most a chunk ahead, also if reads are cancelled."""

import socket
import struct
from contextlib import suppress

import pytest
import trio
import trio.testing

from hub.sockets.shared_reader import READ_BYTES, SharedReader
from hub.sockets.transport import SocketTransport
from tests.support.clients.socket_pairs import socket_pair


async def test_received_bytes_are_taken_in_pieces_and_in_order(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    with peer:
        async with transport:
            peer.sendall(b"abcdef")
            assert await transport.receive_some(4) == b"abcd"
            peer.sendall(b"gh")
            assert await transport.receive_some(4) == b"ef"
            assert await transport.receive_some(4) == b"gh"


async def test_the_end_and_a_failure_are_reported_at_every_read(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    async with transport:
        peer.sendall(b"last words")
        peer.close()
        assert await transport.receive_some() == b"last words"
        for _ in range(2):
            assert await transport.receive_some() == b""
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as resetting:
        accepted, _ = listener.accept()
        async with SocketTransport(accepted, reader) as transport:
            resetting.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            resetting.close()
            for _ in range(2):
                with pytest.raises(trio.BrokenResourceError):
                    await transport.receive_some()


async def test_only_one_chunk_that_is_not_taken_leaves_the_kernel(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    peer.setblocking(False)
    other, talker = socket_pair(reader)
    with peer, talker:
        async with transport, other:
            peer.sendall(b"x")
            assert await transport.receive_some() == b"x"  # it is being watched from now on
            sent = 0
            for _ in range(100):
                with suppress(BlockingIOError):
                    while True:
                        sent += peer.send(bytes(READ_BYTES))
                talker.sendall(b"turn")  # another socket is read meanwhile
                assert await other.receive_some() == b"turn"
            with pytest.raises(BlockingIOError):
                peer.send(b"x")  # backpressure
            received = 0
            while received < sent:
                received += len(await transport.receive_some())
            assert received == sent


async def test_a_cancelled_read_loses_nothing(reader: SharedReader) -> None:
    transport, peer = socket_pair(reader)
    with peer:
        async with transport:
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(transport.receive_some)
                    await trio.testing.wait_all_tasks_blocked()
                    with pytest.raises(trio.BusyResourceError):
                        await transport.receive_some()
                    scope.cancel()
            peer.sendall(b"later")
            assert await transport.receive_some() == b"later"
