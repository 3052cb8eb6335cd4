"""The proxies of docs/proxies in front of a hub, with the addresses and files of a test in place of
those in the documents.
"""

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trio
import trustme
from attrs import frozen

from tests.support.programs.proxies import SEARCHED, nginx_command, require

FOLDER: Final = Path(__file__).parents[3] / "docs" / "proxies"
SECONDS: Final = 30.0
_CADDY: Final = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"


@frozen
class Ports:
    """The ports of a proxy, and of the hub behind it."""

    proxy: int
    hub: int

    @property
    def url(self) -> str:
        """The address that people open."""
        return f"https://127.0.0.1:{self.proxy}/chat/"


@frozen
class Certificate:
    """A certificate for 127.0.0.1, its key, both in one file, and the certificate of its issuer."""

    chain: Path
    key: Path
    both: Path
    authority: trustme.CA


def certificate(folder: Path) -> Certificate:
    """A new one, in files of that folder."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    made = Certificate(folder / "chain.pem", folder / "key.pem", folder / "both.pem", authority)
    issued.cert_chain_pems[0].write_to_path(made.chain)
    issued.private_key_pem.write_to_path(made.key)
    issued.private_key_and_cert_chain_pem.write_to_path(made.both)
    return made


def _nginx(shown: str, folder: Path, cert: Certificate, ports: Ports) -> Sequence[str]:
    files = {"/etc/ssl/example.org.pem": cert.chain, "/etc/ssl/example.org.key": cert.key}
    listen = {"listen 443 ": f"listen 127.0.0.1:{ports.proxy} "}
    return nginx_command(folder, _replaced(shown, ports, {**files, **listen}))


def _haproxy(shown: str, folder: Path, cert: Certificate, ports: Ports) -> list[str]:
    file = folder / "haproxy.cfg"
    bind = {"bind :443 ": f"bind 127.0.0.1:{ports.proxy} "}
    file.write_text(_replaced(shown, ports, {"/etc/ssl/example.org.pem": cert.both, **bind}))
    return ["haproxy", "-db", "-f", str(file)]


def _caddy(shown: str, folder: Path, cert: Certificate, ports: Ports) -> list[str]:
    file = folder / "Caddyfile"
    site = f"https://127.0.0.1:{ports.proxy} {{\n\ttls {cert.chain} {cert.key}"
    file.write_text(_CADDY + _replaced(shown, ports, {"example.org {": site}))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


_Render = Callable[[str, Path, Certificate, Ports], Sequence[str]]
PROXIES: Final[Mapping[str, tuple[str, _Render]]] = {
    "nginx": ("nginx.conf", _nginx),
    "haproxy": ("haproxy.cfg", _haproxy),
    "caddy": ("Caddyfile", _caddy),
}
"""Program: its file in docs/proxies, and the function that makes a command of it."""


def _replaced(shown: str, ports: Ports, values: Mapping[str, object]) -> str:
    for old, new in {**values, "127.0.0.1:8000": f"127.0.0.1:{ports.hub}"}.items():
        assert old in shown, old
        shown = shown.replace(old, str(new))
    return shown.replace("server_name example.org", "server_name 127.0.0.1")


@asynccontextmanager
async def run_proxy(
    name: str, folder: Path, cert: Certificate, ports: Ports
) -> AsyncIterator[None]:
    """The proxy, once it accepts connections; it is killed when the block ends."""
    file, render = PROXIES[name]
    command = render((FOLDER / file).read_text(), folder, cert, ports)
    async with running(command, folder, ports.proxy):
        yield


@asynccontextmanager
async def running(command: Sequence[str], folder: Path, port: int) -> AsyncIterator[None]:
    """A proxy, once it accepts connections at a port; it is killed when the block ends."""
    require(command[0])
    own = {"PATH": SEARCHED, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = await trio.lowlevel.open_process(
            command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        with trio.fail_after(SECONDS):
            await _until_it_listens(process, port, folder / "log")
        yield
    finally:
        process.terminate()
        with trio.move_on_after(SECONDS, shield=True):
            await process.wait()


async def _until_it_listens(process: trio.Process, port: int, log: Path) -> None:
    while True:
        try:
            stream = await trio.open_tcp_stream("127.0.0.1", port)
        except OSError:
            assert process.poll() is None, log.read_text()
            await trio.sleep(0.05)
        else:
            return await stream.aclose()
