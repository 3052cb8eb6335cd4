"""Sockets that another program has opened for the hub.

They are descriptors from 3 on, which a test process uses itself: a program in between has only
those that it is given.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from hub.sockets.inherited import host_of, inherited
from tests.support.machine.activation import OWN, HasDescriptor, activated, descriptors

PROGRAM: Final = """
import json, os
from hub.sockets.inherited import host_of, inherited
try:
    found = inherited(os.environ, os.getpid())
except OSError as error:
    print(json.dumps(str(error)))
else:
    flags = [[host_of(each), each.getblocking(), each.get_inheritable()] for each in found]
    print(json.dumps(flags))
"""


@pytest.fixture
def make() -> Iterator[Callable[..., socket.socket]]:
    """Makes sockets, which are closed when the test ends."""
    with ExitStack() as stack:

        def make_one(family: int, kind: int, address: Any, *, listens: bool) -> socket.socket:
            made = stack.enter_context(socket.socket(family, kind))
            made.bind(address)
            if listens:
                made.listen()
            return made

        yield make_one


def given(sockets: Sequence[HasDescriptor], environ: Mapping[str, str]) -> Any:
    """What a program that gets these sockets reports about them."""
    done = subprocess.run(
        activated([sys.executable, "-c", PROGRAM], sockets),
        pass_fds=descriptors(sockets),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environ},
    )
    return json.loads(done.stdout)


@pytest.fixture
def pair(make: Callable[..., socket.socket], tmp_path: Path) -> tuple[socket.socket, socket.socket]:
    """A TCP socket and a Unix socket, which listen."""
    path = str(tmp_path / "hub.sock")
    return (
        make(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0), listens=True),
        make(socket.AF_UNIX, socket.SOCK_STREAM, path, listens=True),
    )


def test_all_given_sockets_are_taken_and_are_not_inheritable(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    both = {"LISTEN_FDS": "2", "LISTEN_PID": OWN, "LISTEN_FDNAMES": "web:local"}
    unix = f"unix:{tmp_path}/hub.sock"
    assert given(pair, both) == [["127.0.0.1", False, False], [unix, False, False]]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "2"},
        {"LISTEN_FDS": "2", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "2", "LISTEN_PID": "x"},
        {"LISTEN_FDS": "x", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "0", "LISTEN_PID": OWN},
    ],
)
def test_sockets_for_another_process_are_left_alone(
    pair: tuple[socket.socket, socket.socket], environ: dict[str, str]
) -> None:
    assert given(pair, environ) == []


@pytest.mark.parametrize("count", ["", "x", "-1", "2.0"])
def test_an_invalid_number_of_sockets_is_refused(count: str) -> None:
    with pytest.raises(OSError, match="is no number of sockets"):
        inherited({"LISTEN_FDS": count, "LISTEN_PID": "7"}, 7)


def test_a_descriptor_that_is_no_listening_socket_is_refused_by_its_name(
    make: Callable[..., socket.socket], pair: tuple[socket.socket, socket.socket]
) -> None:
    tcp, _ = pair
    environ = {"LISTEN_FDS": "2", "LISTEN_PID": OWN, "LISTEN_FDNAMES": "web:other"}
    datagram = make(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0), listens=False)
    silent = make(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0), listens=False)
    named = "LISTEN_FDS gives other (descriptor 4), which"
    assert given((tcp, datagram), environ) == f"{named} is neither a TCP nor a Unix stream socket"
    assert given((tcp, silent), environ) == f"{named} does not listen"
    with Path(os.devnull).open() as file:
        assert given((tcp, file), environ) == f"{named} is no socket"
    more = {"LISTEN_FDS": "40", "LISTEN_PID": OWN, "LISTEN_FDNAMES": "web:other"}
    assert given(pair, more) == "LISTEN_FDS gives a socket (descriptor 5), which is no socket"


def test_an_abstract_socket_has_a_name(make: Callable[..., socket.socket]) -> None:
    name = f"parlour-test-{os.getpid()}"
    made = make(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}", listens=True)
    assert host_of(made) == f"unix:@{name}"
