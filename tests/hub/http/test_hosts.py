"""Which host names in requests the hub admits."""

from pathlib import Path

import pytest

from hub.http.hosts import Hosts, machine_domains
from persistence.interface import Store
from tests.support.clients.http import request
from tests.support.clients.websocket import Refused
from tests.support.world import open_world

NOBODYS = [
    b"localhost",
    b"LOCALHOST:8000",
    b"127.0.0.1:8000",
    b"192.168.1.20",
    b"[::1]:8000",
    b"[fe80::1]",
    b"nas",
    b"hub:8000",
    b"hub.local",
    b"hub.lan",
    b"hub.home.arpa.",
    b"a.b.internal",
    b"x.localhost",
    b"",
    None,
]
FOREIGN = [
    b"evil.example.com",
    b"evil.example.com:8000",
    b"127.0.0.1.evil.com",
    b"localhost.evil.com",
    b"evil.com.",
    b"user@localhost",
    b"evil.com\\@localhost",
    b"localhost/x",
    b"localhost?x",
    b"localhost:x",
    b"localhost:99999",
    b"\xe9vil",
    b":8000",
]


@pytest.mark.parametrize("host", NOBODYS)
def test_addresses_and_private_names_are_admitted(host: bytes | None) -> None:
    assert Hosts.of([]).admits(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_names_that_anybody_can_register_are_not_admitted(host: bytes) -> None:
    assert not Hosts.of([]).admits(host)


@pytest.mark.parametrize(
    ("given", "admitted", "others"),
    [
        ("chat.example.com", [b"chat.example.com", b"CHAT.example.com.:80"], [b"x.example.com"]),
        (".example.com", [b"example.com", b"a.b.example.com"], [b"badexample.com"]),
        ("*", [b"anything.at.all"], []),
    ],
)
def test_given_names_are_admitted(given: str, admitted: list[bytes], others: list[bytes]) -> None:
    hosts = Hosts.of([given])
    assert all(map(hosts.admits, admitted))
    assert not any(map(hosts.admits, others))


def test_names_of_the_machines_own_network_are_admitted(tmp_path: Path) -> None:
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("# a comment\n\nnameserver 192.0.2.1\nsearch corp.example.com .\n")
    hosts = Hosts.of([], machine_domains(resolver))
    assert hosts.admits(b"chat.corp.example.com")
    assert not hosts.admits(b"chat.example.com")
    assert not hosts.admits(b"nameserver.example")
    assert machine_domains(tmp_path / "missing") == machine_domains(Path("/dev/null"))


async def test_a_page_of_another_site_gets_421_and_no_websocket(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann = await world.person("ann")
        evil = {"Host": "evil.example.com", "Origin": "http://evil.example.com"}
        async with world.connect() as stream:
            reply = await request(stream, "GET", "/api/blocks", headers=evil)
        assert (reply.status, reply.json["code"]) == (421, "host_refused")
        with pytest.raises(Refused, match="421"):
            await world.websocket(
                "/ws", Cookie=ann.cookie, Host=evil["Host"], Origin=evil["Origin"]
            )


async def test_the_names_of_the_settings_are_admitted(memory_store: Store) -> None:
    async with open_world(
        memory_store,
        public_url="https://chat.example.com/",
        allowed_origins=["https://app.example.net"],
        allowed_hosts=["old.example.com"],
    ) as world:
        for host, status in (
            ("chat.example.com", 200),
            ("app.example.net", 200),
            ("old.example.com", 200),
            ("evil.example.com", 421),
        ):
            reply = await world.call("GET", "/healthz", headers={"Host": host})
            assert reply.status == status
