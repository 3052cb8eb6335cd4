"""Ports that nobody listens on, for programs that begin later.

Guarantees: none of those that the kernel gives to outgoing connections, or to whoever asks for any,
so that no other test has it by the time that the program begins, or while it is down.
"""

import random
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress

PORTS = range(20_000, 32_000)  # below what Linux gives away


def unused_ports(count: int) -> Sequence[int]:
    """So many different ones."""
    with ExitStack() as stack:
        found: list[int] = []
        for port in random.sample(PORTS, len(PORTS)):
            with suppress(OSError):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == count:
                return found
    raise AssertionError("no port is free")


def unused_port() -> int:
    """One of them."""
    return unused_ports(1)[0]
