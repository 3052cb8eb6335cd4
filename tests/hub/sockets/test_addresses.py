"""Where the hub listens, and how its peers are named."""

import errno
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.sockets.addresses import (
    UNIX_PEER,
    listening,
    open_listeners,
    open_slots,
    peer_of,
    unix_path,
    url_of,
)

HAS_IPV6 = socket.has_ipv6 and Path("/proc/net/if_inet6").exists()
needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="there is no IPv6 here")
V4: tuple[Any, ...] = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
V6: tuple[Any, ...] = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))
NOT_HERE: tuple[Any, ...] = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 0, 0, 0))


@pytest.fixture
def resolve_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes every name resolve to these addresses."""

    def set_addresses(*found: tuple[Any, ...]) -> None:
        def resolve(host: str, port: int, **_: object) -> Sequence[tuple[Any, ...]]:
            del host
            return [(*each[:4], (each[4][0], port, *each[4][2:])) for each in found]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)

    return set_addresses


def peers_name(listener: socket.socket, address: Any) -> str:
    """The name of a peer that connects to this address."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    if isinstance(address, tuple) and ":" in address[0]:
        family = socket.AF_INET6
    with socket.socket(family) as client:
        client.connect(address)
        listener.setblocking(True)
        accepted, peer = listener.accept()
        accepted.close()
    return peer_of(peer)


@needs_ipv6
def test_every_address_of_a_name_is_listened_on_with_one_port(
    resolve_to: Callable[..., None],
) -> None:
    resolve_to(V4, V6, V4)
    with listening("localhost", 0) as listeners:
        one, other = listeners
        port = one.getsockname()[1]
        assert other.getsockname()[:2] == ("::1", port)
        assert peers_name(one, ("127.0.0.1", port)) == "127.0.0.1"
        assert peers_name(other, ("::1", port)) == "::1"
        assert url_of("http", "localhost", listeners) == f"http://localhost:{port}"


@needs_ipv6
def test_a_peer_over_ipv4_at_every_address_has_its_ipv4_address_as_name() -> None:
    with listening("::", 0) as listeners:
        (every,) = listeners
        port = every.getsockname()[1]
        assert peers_name(every, ("127.0.0.1", port)) == "127.0.0.1"
        assert peers_name(every, ("::1", port)) == "::1"
        assert url_of("http", "::", listeners) == f"http://[::]:{port}"


def test_an_address_that_this_machine_does_not_have_is_left_out(
    resolve_to: Callable[..., None],
) -> None:
    resolve_to(NOT_HERE, V4)
    with listening("somewhere", 0) as listeners:
        assert [each.getsockname()[0] for each in listeners] == ["127.0.0.1"]
    resolve_to(NOT_HERE)
    with pytest.raises(OSError, match="Cannot listen on somewhere:0: "):
        open_listeners("somewhere", 0)


@needs_ipv6
def test_the_hub_listens_on_all_addresses_of_a_name_or_on_none(
    resolve_to: Callable[..., None],
) -> None:
    with listening("::1", 0) as (taken,):
        port = taken.getsockname()[1]
        resolve_to(V4, V6)
        with pytest.raises(OSError, match=f"listen on localhost:{port}: Address already in use"):
            open_listeners("localhost", port)
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))


def test_a_port_that_is_taken_is_an_error() -> None:
    with listening("127.0.0.1", 0) as (taken,):
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"listen on 127.0.0.1:{port}: Address already in use"):
            open_listeners("127.0.0.1", port)


def test_an_address_that_cannot_be_resolved_is_named() -> None:
    with pytest.raises(OSError, match=re.escape("listen on [::x]:8000: ")):
        open_listeners("::x", 8_000)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (("10.0.0.1", 1), "10.0.0.1"),
        (("::ffff:10.0.0.1", 1, 0, 0), "10.0.0.1"),
        (("2001:db8::1", 1, 0, 0), "2001:db8::1"),
        (("fe80::1%eth0", 1, 0, 2), "fe80::1"),
        ("", UNIX_PEER),
        (b"", UNIX_PEER),
        (None, UNIX_PEER),
    ],
)
def test_a_peer_is_named_by_its_address(address: object, name: str) -> None:
    assert peer_of(address) == name


@contextmanager
def umask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


def test_a_unix_socket_is_for_its_account_and_group_and_is_removed_when_closed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hub.sock"
    host = f"unix:{path}"
    with umask(0o077), listening(host, 8_000) as listeners:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert peers_name(listeners[0], str(path)) == UNIX_PEER
        assert url_of("http", host, listeners) == host
        assert unix_path(host) == path
    assert not path.exists()


def test_the_socket_of_a_dead_hub_is_replaced_and_that_of_a_living_one_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hub.sock"
    for each in open_listeners(f"unix:{path}", 0):
        each.close()  # as a process does that is killed
    assert path.exists()
    with listening(f"unix:{path}", 0):
        with pytest.raises(OSError, match=f"listen on unix:{path}: Address already in use"):
            open_listeners(f"unix:{path}", 0)
        assert path.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    path.write_text("precious")
    with pytest.raises(OSError, match="Address already in use") as failed:
        open_listeners(f"unix:{path}", 0)
    assert str(path) in str(failed.value)
    assert path.read_text() == "precious"


def test_the_socket_of_a_successor_stays(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    with listening(f"unix:{path}", 0):
        path.unlink()
        successors = open_listeners(f"unix:{path}", 0)
    assert path.exists()
    for each in successors:
        each.close()


def test_a_path_in_a_missing_folder_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as failed:
        open_listeners(f"unix:{tmp_path}/missing/hub.sock", 0)
    assert "missing" in str(failed.value)
    assert isinstance(failed.value.__cause__, OSError)
    assert failed.value.__cause__.errno == errno.ENOENT


def test_slots_share_a_port_once_they_listen() -> None:
    slots = open_slots("127.0.0.1", 0, 2)
    with ExitStack() as stack:
        first, other = [stack.enter_context(listener) for (listener,) in slots]
        assert first.getsockname() == other.getsockname()
        other.listen()
        peers = [stack.enter_context(socket.create_connection(other.getsockname())) for _ in "1234"]
        other.setblocking(True)
        for _ in peers:  # none waits at the one that does not listen
            other.accept()[0].close()


def test_slots_are_not_shared_with_another_hub() -> None:
    ((listener,),) = open_slots("127.0.0.1", 0, 1)
    with listener:
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1:{port}: Address already in use"):
            open_slots("127.0.0.1", port, 1)
