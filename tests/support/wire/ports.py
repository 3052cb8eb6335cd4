"""Ports that nobody listens on."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack


def unused_ports(count: int) -> Sequence[int]:
    """So many different ones."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
