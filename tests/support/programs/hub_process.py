"""A real hub in a process of its own, with the arguments that a person gives it."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import trio
from attrs import define, field

from tests.support.clients.http import Reply, request
from tests.support.clients.websocket import WebSocket, open_websocket
from tests.support.forks.client import Forked
from tests.support.programs.processes import until_none_works_in
from tests.support.stores.places import quick_place

PARLOUR = [sys.executable, "-m", "hub"]
FIRST_DATA = "PYTEST_FIRST_DATA"
"""The variable that gives it to our programs. tests.planted removes every variable with PYTEST in
its name from the environment: a copy may have another schema.
"""


def environment() -> dict[str, str]:
    """This process's environment, without settings that would change the hub's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PARLOUR_")}


@define
class HubProcess:
    """A running hub."""

    process: "subprocess.Popen[str] | Forked"
    host: str
    port: int
    data_dir: Path
    output: list[str] = field(factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream(self.host, self.port)

    async def call(self, method: str, path: str, body: object = None, cookie: str = "") -> Reply:
        async with await self.connect() as stream:
            return await request(stream, method, path, body, {"Cookie": cookie})

    async def sign_up(self, name: str) -> tuple[int, str]:
        """A new account; returns its id and the Cookie header of a session."""
        account = {
            "email": f"{name}@example.org",
            "password": "correct horse",
            "first_name": name,
            "last_name": "Test",
            "date_of_birth": "2000-01-01",
        }
        made = await self.call("POST", "/api/auth/register", account)
        assert made.status == 201, made.text
        session = await self.call("POST", "/api/auth/login", account)
        assert session.status == 200, session.text
        return made.json["user_id"], session.headers["set-cookie"].partition(";")[0]

    @asynccontextmanager
    async def open(self, cookie: str) -> AsyncIterator[WebSocket]:
        """A WebSocket, past the welcome. What it received must have been read at the end."""
        async with await self.connect() as stream:
            socket = await open_websocket(stream, Cookie=cookie)
            await socket.receive_type("system")
            yield socket
            if socket.end is None:
                await socket.close_in_silence()
            else:
                socket.assert_read()

    def resident_bytes(self) -> int:
        """Memory in use."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def parlour(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """A command run to its end, without standard input; forked, because its imports take longer
    than its work.
    """
    words = [str(argument) for argument in arguments]
    with Forked(words, Path.cwd(), environment()) as process, ThreadPoolExecutor(1) as other:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = other.submit(process.stderr.read)
        out = process.stdout.read()
        return subprocess.CompletedProcess(words, process.wait(), out, errors.result())


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every account can reach; pytest's own are closed to others. A Postgres that
    stops because its hub was killed may still be writing there when the test has ended.
    """
    with tempfile.TemporaryDirectory(prefix="parlour-test-", dir=quick_place()) as name:
        Path(name).chmod(0o755)
        try:
            yield Path(name)
        finally:
            until_none_works_in(Path(name))


@cache
def first_data() -> Path:
    """The data folder of a hub that was never started, as `parlour migrate` makes it; that of the
    parent process, if it has made one.
    """
    if FIRST_DATA in os.environ:
        return Path(os.environ[FIRST_DATA])
    folder = tempfile.mkdtemp(prefix="parlour-test-first-", dir=quick_place())
    atexit.register(shutil.rmtree, folder)
    Path(folder).chmod(0o755)
    made = Path(folder) / "data"
    parlour("migrate", "--data-dir", made).check_returncode()
    until_none_works_in(made)
    os.environ[FIRST_DATA] = str(made)
    return made


def start(
    program: Sequence[str] | None, arguments: Sequence[str], folder: Path
) -> "subprocess.Popen[str] | Forked":
    if program is None:
        return Forked(arguments, folder, environment())
    return subprocess.Popen(
        [*program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=folder,
    )


@contextmanager
def run_hub(
    data_dir: Path, *flags: str, port: int = 0, program: Sequence[str] | None = None
) -> Iterator[HubProcess]:
    """Start `parlour serve` and wait until it prints that it is ready; kill it on exit.

    Without a `program` it is forked from a process that has imported the hub. A new data folder is
    a copy of one that was made once. The imports and a new database would take most of the time.
    """
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    if not data_dir.exists():
        subprocess.run(["cp", "-a", first_data(), data_dir], check=True)
    arguments = ["serve", "--port", str(port), "--data-dir", data_dir.name, *flags]
    folder = data_dir.parent  # the data folder is a relative one, as in the README
    with start(program, arguments, folder) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("Parlour is ready at "):
                assert process.stderr is not None
                raise AssertionError(f"not ready: {line!r} {process.stderr.read()}")
            url = urlsplit(line.removeprefix("Parlour is ready at ").strip())
            assert url.hostname is not None
            assert url.port is not None
            yield HubProcess(process, url.hostname, url.port, data_dir)
        finally:
            process.kill()


@define
class RestartedHub(ABC):
    """A hub that is started again and again by the same `command`; `hub`: the process that was
    started last.
    """

    _running: ExitStack = field(factory=ExitStack, init=False)
    _hub: HubProcess | None = field(default=None, init=False)

    @abstractmethod
    def command(self) -> AbstractContextManager[HubProcess]:
        """The hub, which is ended when the context is left."""

    @property
    def hub(self) -> HubProcess:
        assert self._hub is not None
        return self._hub

    async def start(self) -> None:
        """Returns when it is ready."""
        await trio.to_thread.run_sync(self._enter)

    def _enter(self) -> None:
        self._hub = self._running.enter_context(self.command())

    def stop(self) -> None:
        """End it, if it runs."""
        self._running.close()
