"""Transports over real sockets, and their other ends."""

import socket

from hub.sockets.shared_reader import SharedReader
from hub.sockets.transport import SocketTransport


def socket_pair(reader: SharedReader) -> tuple[SocketTransport, socket.socket]:
    ours, theirs = socket.socketpair()
    return SocketTransport(ours, reader), theirs
