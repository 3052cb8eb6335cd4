"""Debian's Redis and its Sentinel, with TLS and a password."""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
import trustme
from attrs import define, field

from tests.support.stores.places import quick_place
from tests.support.wire.ports import unused_port

PASSWORD: Final = "a/secret@of:Redis"
QUOTED: Final = "a%2Fsecret%40of%3ARedis"
HOST: Final = "127.0.0.1"
SENTINEL: Final = """\
port {port}
bind 127.0.0.1
unixsocket {folder}/socket
requirepass {password}
protected-mode no
sentinel monitor main 127.0.0.1 {primary} 1
sentinel auth-pass main {password}
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 2000
"""


def program(name: str) -> str:
    """The program's path; without it, the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@define
class Authority:
    """The authority that issues the server's certificates, and the file with its own."""

    folder: Path
    _authority: trustme.CA = field(factory=trustme.CA, init=False)

    def __attrs_post_init__(self) -> None:
        self._authority.cert_pem.write_to_path(self.folder / "ca.pem")
        issued = self._authority.issue_cert(HOST)
        issued.private_key_pem.write_to_path(self.folder / "key.pem")
        for blob in issued.cert_chain_pems:
            blob.write_to_path(self.folder / "cert.pem", append=True)

    @property
    def options(self) -> list[str]:
        return [
            "--tls-cert-file", str(self.folder / "cert.pem"),
            "--tls-key-file", str(self.folder / "key.pem"),
            "--tls-ca-cert-file", str(self.folder / "ca.pem"),
            "--tls-auth-clients", "no",
        ]  # fmt: skip


@define
class RedisProcess:
    """A server that can be killed, stopped and started again; it keeps nothing on disk."""

    folder: Path
    authority: Authority | None = None
    port: int = field(factory=unused_port)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        tls = "" if self.authority is None else f"?ca_certs={self.authority.folder}/ca.pem"
        scheme = "redis" if self.authority is None else "rediss"
        return f"{scheme}://:{QUOTED}@{HOST}:{self.port}{tls}"

    def start(self, *options: str) -> None:
        """Run until it accepts connections."""
        port = ["--port", str(self.port)]
        if self.authority is not None:
            port = ["--port", "0", "--tls-port", str(self.port), *self.authority.options]
        common = ["--bind", HOST, "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        access = ["--requirepass", PASSWORD, "--masterauth", PASSWORD]
        unix = ["--unixsocket", str(self.folder / "socket")]
        self._run([program("redis-server"), *port, *common, *access, *unix, *options])

    def start_sentinel(self, primary: "RedisProcess") -> None:
        """Run as a Sentinel that monitors that server under the name `main`."""
        settings = self.folder / "sentinel.conf"
        settings.write_text(
            SENTINEL.format(
                port=self.port, folder=self.folder, password=PASSWORD, primary=primary.port
            )
        )
        self._run([program("redis-sentinel"), str(settings)])

    def _run(self, command: list[str]) -> None:
        assert self._process is None
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not self._accepts():
            assert self._process.poll() is None, "redis-server ended by itself"

    def _accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as ours:
            return ours.connect_ex(str(self.folder / "socket")) == 0

    def ask(self, *lines: str) -> str:
        """What the server returns for these commands, sent in turn on one connection."""
        command = [program("redis-cli"), "-s", str(self.folder / "socket"), "--no-auth-warning"]
        done = subprocess.run(
            [*command, "-a", PASSWORD],
            input="\n".join(lines), stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    def kill(self) -> None:
        """Kill it without a warning; its data is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            (self.folder / "socket").unlink(missing_ok=True)

    def stand_still(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def redis_process(*, tls: bool = False) -> Iterator[RedisProcess]:
    """A server that has not been started, and is ended at the end."""
    program("redis-server")
    with TemporaryDirectory(dir=quick_place()) as name:
        process = RedisProcess(Path(name), Authority(Path(name)) if tls else None)
        try:
            yield process
        finally:
            process.kill()
