"""Two hubs on one database behind the proxies of docs/proxies/nodes, and people who talk there."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from attrs import define, frozen

from tests.support.programs.documented_proxies import (
    FOLDER,
    Certificate,
    running,
)
from tests.support.programs.hub_process import HubProcess, run_hub
from tests.support.programs.node import run_node
from tests.support.programs.proxies import nginx_command
from tests.support.programs.socketio import Friend, SocketIoProgram, talking
from tests.support.wire.ports import unused_port

NORTH, SOUTH = NAMES = ("north", "south")
_SHOWN: Final = {NORTH: "10.0.0.11:8000", SOUTH: "10.0.0.12:8000"}


@frozen
class Rig:
    """What all parts share: a folder with a certificate, a database, and ports."""

    folder: Path
    cert: Certificate
    dsn: str
    proxy: int
    hubs: Mapping[str, int]

    @classmethod
    def of(cls, folder: Path, cert: Certificate, dsn: str) -> "Rig":
        return cls(folder, cert, dsn, unused_port(), {name: unused_port() for name in NAMES})

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.proxy}"

    def data_dir(self, name: str) -> Path:
        return self.folder / name

    @contextmanager
    def hub(self, name: str, *flags: str) -> Iterator[HubProcess]:
        """A node, in a process."""
        self.data_dir(name).mkdir(exist_ok=True)
        given = ("--database-url", self.dsn, "--bus", "postgres", "--node-name", name)
        public = ("--public-url", f"{self.url}/", "--trusted-proxies", "127.0.0.1")
        port = self.hubs[name]
        with run_hub(self.data_dir(name), *given, *public, *flags, port=port) as hub:
            yield hub

    def client(
        self, friend: Friend, *transports: str
    ) -> AbstractAsyncContextManager[SocketIoProgram]:
        """The official JavaScript client in Node, behind the proxy; by default it polls first."""
        trusted = self.folder / "trusted.pem"
        self.cert.authority.cert_pem.write_to_path(trusted)
        arguments = (self.url, json.dumps(friend.auth), ",".join(transports))
        program = run_node(
            "socketio_client.mjs",
            *(arguments if transports else arguments[:2]),
            environment={"NODE_EXTRA_CA_CERTS": str(trusted)},
        )
        return talking(program)

    def here(self, shown: str, *values: tuple[str, object]) -> str:
        """A configuration with the addresses and paths of this machine in it."""
        addresses = [(_SHOWN[name], f"127.0.0.1:{self.hubs[name]}") for name in NAMES]
        for old, new in (*values, *addresses):
            assert old in shown, old
            shown = shown.replace(old, str(new))
        return shown


@define
class _Lines:
    """A file of docs/proxies/nodes, of which some lines are left out."""

    text: str

    @classmethod
    def of(cls, name: str) -> "_Lines":
        return cls((FOLDER / "nodes" / name).read_text())

    def without(self, *starts: str) -> str:
        lines = self.text.splitlines(keepends=True)
        kept = [line for line in lines if not line.strip().startswith(starts)]
        assert len(lines) == len(kept) + len(NAMES)
        return "".join(kept)


def _haproxy(rig: Rig, shown: str) -> Sequence[str]:
    file = rig.folder / "haproxy.cfg"
    bind = ("bind :443 ", f"bind 127.0.0.1:{rig.proxy} ")
    file.write_text(rig.here(shown, ("/etc/ssl/example.org.pem", rig.cert.both), bind))
    return ("haproxy", "-db", "-f", str(file))


def haproxy_by_sid(rig: Rig) -> Sequence[str]:
    """As documented: requests of a session go to its node."""
    return _haproxy(rig, _Lines.of("haproxy.cfg").text)


def haproxy_in_turn(rig: Rig) -> Sequence[str]:
    """Each request goes to the node that did not get the one before it."""
    shown = _Lines.of("haproxy.cfg").without("use-server")
    return _haproxy(rig, shown.replace("balance leastconn", "balance roundrobin"))


def _nginx(rig: Rig, shown: str) -> Sequence[str]:
    files = (
        ("/etc/ssl/example.org.pem", rig.cert.chain),
        ("/etc/ssl/example.org.key", rig.cert.key),
    )
    listen = ("listen 443 ", f"listen 127.0.0.1:{rig.proxy} ")
    return nginx_command(rig.folder, rig.here(shown, *files, listen))


def nginx_by_sid(rig: Rig) -> Sequence[str]:
    """As documented: requests of a session go to its node."""
    return _nginx(rig, _Lines.of("nginx.conf").text)


def nginx_in_turn(rig: Rig) -> Sequence[str]:
    """Each request goes to the other node than the one before it."""
    return _nginx(rig, _Lines.of("nginx.conf").without('"~^'))


Command = Callable[[Rig], Sequence[str]]


@asynccontextmanager
async def proxy(rig: Rig, command: Command) -> AsyncIterator[None]:
    """A proxy, once it accepts connections."""
    async with running(command(rig), rig.folder, rig.proxy):
        yield
