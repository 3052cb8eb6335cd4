"""The alternatives to Parlour, and the limit of any server (limit.c): servers for the same load, on
the same core, each with its Postgres. Their sources belong to the benchmark, their libraries are
fetched when they are measured.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Final, Self

import asyncpg
import trio
import trio_asyncio
from attrs import define, field

from persistence.postgres.database.bridge import open_asyncio
from protocol.shapes.uuids import IdKind, to_uuid
from tests.bench.exchange import BenchError
from tests.bench.hubs import PINNED, SECRET, SERVER_CORE, People, Server, on_core
from tests.bench.peers import ejabberd
from tests.support.stores.databases import database_server, with_database
from tests.support.wire.ports import unused_port

START_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.05
NODE_LIBRARIES: Final = ("ws@8", "pg@8", "socket.io@4", "jsonwebtoken@9", "zod@3")
PYTHON_LIBRARIES: Final = ("starlette", "asyncpg", "uvicorn", "uvloop", "websockets")
LIMIT_SOURCE: Final = Path(__file__).with_name("limit.c")
TABLES: Final = """
    CREATE TABLE users (id bigint PRIMARY KEY);
    CREATE TABLE messages (
        id bigserial PRIMARY KEY, sender_id bigint NOT NULL, receiver_id bigint NOT NULL,
        content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
        is_read boolean NOT NULL DEFAULT false);
    CREATE FUNCTION may_message(sender bigint, recipient bigint) RETURNS boolean
    LANGUAGE sql STABLE AS $$
        SELECT (SELECT count(*) FROM users WHERE id IN (sender, recipient)) = 2 $$;
    CREATE SCHEMA channels;
    CREATE TABLE channels.channel_members (
        channel_id uuid, user_id uuid, PRIMARY KEY (channel_id, user_id));
    CREATE TABLE channels.messages (
        id bigserial PRIMARY KEY, channel_id uuid NOT NULL, user_id uuid NOT NULL,
        content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
"""


class Other(Enum):
    """A server, and how it keeps messages."""

    GO_IN_HUB = "Go, SQL in the hub"
    GO_PER_CONNECTION = "Go, SQL per connection"
    GO_MEMORY = "Go, nothing kept"
    NODE = "Node, ws + pg"
    SOCKETIO = "Node, socket.io + pg"
    SOCKETIO_TYPING = "Node, socket.io, nothing asked"
    STARLETTE = "Starlette + asyncpg"
    EJABBERD = "ejabberd, mod_mam"
    LIMIT = "C, commits and sends"
    LIMIT_OF_SENDING = "C, sends"


class NotInstallable(Exception):
    """A server cannot be measured here; the text has the reason."""


Command = Callable[[int], Sequence[str]]
"""Starts a server on a port."""


@define
class Others:
    """The other servers that can be measured here, with one Postgres, until the context is left.

    Args:
        go: the folder of the Go hub.
        sources: the folder of the others.
        folder: for programs that are built and libraries that are fetched.
        people: the users.

    `missing`: the reasons why the others cannot be measured.
    """

    go: Path
    sources: Path
    folder: Path
    people: People
    missing: dict[str, str] = field(factory=dict, init=False)
    _commands: dict[Other, Command] = field(factory=dict, init=False)
    _stack: ExitStack = field(factory=ExitStack, init=False)
    _dsn: str = field(default="", init=False)

    def __enter__(self) -> Self:
        with on_core(SERVER_CORE):  # as Parlour's Postgres, its child
            databases = self._stack.enter_context(database_server(self.folder / "others-data"))
        trio.run(_execute, databases.dsn, TABLES + _rows(self.people))
        separator = "&" if "?" in databases.dsn else "?"
        self._dsn = f"{databases.dsn}{separator}sslmode=disable"
        for name, prepare in self._preparations.items():
            try:
                self._commands |= prepare()
            except NotInstallable as error:
                self.missing[name] = str(error)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __contains__(self, other: Other) -> bool:
        return other in self._commands

    @contextmanager
    def serve(self, other: Other) -> Iterator[Server]:
        """Run one on the server's core. Raises BenchError: it does not start."""
        port = unused_port()
        with subprocess.Popen(
            [*PINNED, *self._commands[other](port)],
            cwd=self.folder,
            env={**os.environ, "GOMAXPROCS": "1", "DSN": self._dsn},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _until_it_listens(process, port, other.value)
                yield Server(port, process.pid)
            finally:
                process.kill()

    @property
    def _preparations(self) -> Mapping[str, Callable[[], Mapping[Other, Command]]]:
        return {
            "Go": self._build_go,
            "Node": self._fetch_node,
            "Starlette": self._fetch_python,
            "ejabberd": self._prepare_ejabberd,
            "C": self._build_limit,
        }

    def _build_go(self) -> Mapping[Other, Command]:
        _require("go", self.go)
        gopath = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode"}
        cache = {"GOCACHE": str(self.folder / "go-cache")}
        program = str(self.folder / "gohub")
        _run(["go", "build", "-o", program, "main.go"], self.go, {**gopath, **cache})

        def command(*more: str) -> Command:
            return lambda port: [program, "-addr", f"127.0.0.1:{port}", *more]

        return {
            Other.GO_MEMORY: command(),
            Other.GO_PER_CONNECTION: command("-db", self._dsn),
            Other.GO_IN_HUB: command("-db", self._dsn, "-inhub"),
        }

    def _fetch_node(self) -> Mapping[Other, Command]:
        _require("npm", self.sources)
        _run(["npm", "install", "--no-audit", "--no-fund", *NODE_LIBRARIES], self.folder)
        for name in ("wspg.mjs", "sio.mjs"):  # libraries are searched beside them
            shutil.copy(self.sources / name, self.folder)
        in_channels = f"{self._dsn}&options=-csearch_path%3Dchannels"
        socketio: Command = lambda port: ["node", "sio.mjs", str(port), in_channels, SECRET]  # noqa: E731
        return {
            Other.NODE: lambda port: ["node", "wspg.mjs", str(port), self._dsn],
            Other.SOCKETIO: socketio,
            Other.SOCKETIO_TYPING: socketio,
        }

    def _fetch_python(self) -> Mapping[Other, Command]:
        _require("uv", self.sources)
        place = self.folder / "starlette"
        _run(["uv", "venv", "--quiet", str(place)], self.folder)
        python = str(place / "bin" / "python")
        _run(
            ["uv", "pip", "install", "--quiet", "--python", python, *PYTHON_LIBRARIES], self.folder
        )
        shutil.copy(self.sources / "fastapi_peer.py", self.folder)
        serve = (python, "-m", "uvicorn", "--loop", "uvloop", "--ws", "websockets")
        quiet = ("--log-level", "error", "fastapi_peer:app", "--port")
        return {Other.STARLETTE: lambda port: [*serve, *quiet, str(port)]}

    def _prepare_ejabberd(self) -> Mapping[Other, Command]:
        for name in ejabberd.lacking():
            raise NotInstallable(f"{name} is not installed")
        trio.run(_execute, self._dsn, f"CREATE DATABASE {ejabberd.DATABASE}")
        dsn = with_database(self._dsn, ejabberd.DATABASE)
        trio.run(_execute, dsn, ejabberd.accounts(self.people))
        return {Other.EJABBERD: ejabberd.Ejabberd(self.folder, dsn).command}

    def _build_limit(self) -> Mapping[Other, Command]:
        _require("pg_config", LIMIT_SOURCE)
        folder = subprocess.check_output(["pg_config", "--includedir"], text=True).strip()
        program = str(self.folder / "limit")
        _run(["gcc", "-O2", "-I", folder, "-o", program, str(LIMIT_SOURCE), "-lpq"], self.folder)
        return {
            Other.LIMIT: lambda port: [program, str(port), self._dsn],
            Other.LIMIT_OF_SENDING: lambda port: [program, str(port)],
        }


def _rows(people: People) -> str:
    """The users, and the members of each channel."""
    users = ",".join(f"({peer.user_id})" for peer in people.private)
    ids = [to_uuid(IdKind.USER, peer.user_id) for peer in people.private]
    members = [
        (dm, user) for at, dm in enumerate(people.dms) for user in ids[2 * at : 2 * at + 2]
    ] + [(channel, user) for size, channel in people.channels.items() for user in ids[:size]]
    pairs = ",".join(f"('{to_uuid(IdKind.CHANNEL, place)}','{user}')" for place, user in members)
    return (
        f"INSERT INTO users VALUES {users};"
        f"INSERT INTO channels.channel_members VALUES {pairs};"
        "ANALYZE"
    )


def _require(program: str, sources: Path) -> None:
    if shutil.which(program) is None:
        raise NotInstallable(f"{program} is not installed")
    if not sources.exists():
        raise NotInstallable(f"there is no {sources}")


def _run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **(more or {})}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotInstallable(done.stderr.strip()[-300:])


def _until_it_listens(process: "subprocess.Popen[bytes]", port: int, name: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(POLL_SECONDS)
    raise BenchError(f"{name} does not start")


async def _execute(dsn: str, script: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    async with open_asyncio():
        await trio_asyncio.aio_as_trio(run)()
