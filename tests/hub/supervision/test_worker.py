"""What a worker gets from its parent."""

import os
import socket

from hub.sockets.addresses import listening
from hub.supervision.worker import VARIABLE, WorkerPlace, taken


def test_the_place_of_a_worker_is_passed_in_the_environment() -> None:
    place = WorkerPlace(2, "north-2", "north-", "/tmp/of-workers", [4, 5], [6], [])
    assert WorkerPlace.of({VARIABLE: place.text()}) == place
    assert place.descriptors == (4, 5, 6)
    assert WorkerPlace.of({}) is None


def test_sockets_that_a_worker_takes_are_not_inheritable() -> None:
    with listening("127.0.0.1", 0) as (listener,):
        number = os.dup(listener.fileno())
        os.set_inheritable(number, True)
        os.set_blocking(number, True)
        (found,) = taken([number])
        with found:
            assert found.getsockname() == listener.getsockname()
            assert not found.get_inheritable()
            assert found.getblocking() is False
            assert found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
