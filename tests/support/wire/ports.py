"""Unused ports, for programs that start later.

Guarantees: none of them is in the range from which the kernel assigns ports, so no other test gets
one before the program starts, or while it is down.
"""

import random
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress

PORTS = range(20_000, 32_000)  # below the range from which Linux assigns ports


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
