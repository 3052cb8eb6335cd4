"""The servers that are measured, each on one core: Parlour with everything on, and the Go hub."""

import itertools
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Final, Self

import asyncpg
import trio
import trio_asyncio
from attrs import define, field, frozen

from hub.identity.cookies import new_token, token_hash
from hub.identity.jwt_tokens import TokenVerifier
from persistence import open_store
from persistence.interface import Store
from persistence.records import Draft, NewChannel, NewUser
from protocol.model import ChannelId, Posted, User
from protocol.parsing.express_session import sign
from protocol.shapes.uuids import IdKind, to_uuid
from tests.bench.exchange import BenchError
from tests.bench.load import Peer
from tests.support.programs.hub_process import PARLOUR, run_hub
from tests.support.stores.databases import database_server
from tests.support.stores.records import granted

SERVER_CORE = 0
GO_PORT = 18_001
GO_START_SECONDS = 0.5
SECRET = "the own secret of the benchmark is long"
TALKERS = 2_000  # people who have written to each other, in pairs
HISTORY = 200  # messages of each pair
PINNED = ["taskset", "-c", str(SERVER_CORE)]


class GoKind(Enum):
    """How the Go hub keeps messages: not at all, or with SQL in one of two places."""

    MEMORY = "Go, nothing kept"
    PER_CONNECTION = "Go, SQL per connection"
    IN_HUB = "Go, SQL in the hub"


@frozen
class People:
    """Who takes part: peers for `/ws`, peers for `/ws/chat`, Socket.IO's tokens, a channel for each
    size, and the channels of pairs that have written to each other.
    """

    private: Sequence[Peer]
    chat: Sequence[Peer]
    tokens: Sequence[str]
    channels: dict[int, ChannelId]
    dms: Sequence[ChannelId]


@frozen
class Server:
    """A running server."""

    port: int
    pid: int

    def memory(self) -> int:
        """Bytes that the process has resident."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Processes that are started meanwhile stay on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def prepare(data_dir: Path, count: int, sizes: Sequence[int]) -> People:
    """So many users with sessions, and a channel of each size, in a new database."""
    return trio.run(_prepare, data_dir, count, sizes)


async def _prepare(data_dir: Path, count: int, sizes: Sequence[int]) -> People:
    async with open_store(None, data_dir, pool_size=8, lanes=1) as store:
        users: list[User] = []
        private: list[Peer] = []
        chat: list[Peer] = []
        for number in range(count):
            new = NewUser(name=f"User {number}", password_hash="none", username=f"user{number}")
            user = await store.accounts.create(new)
            token = await _session(store, user)
            users.append(user)
            private.append(Peer(user.id, f"Cookie: session_token={token}"))
            chat.append(Peer(user.id, f"Cookie: connect.sid={sign(token, SECRET)}"))
        channels = {size: await _channel(store, users[:size]) for size in sizes}
        dms = [
            await _history(store, *users[at : at + 2]) for at in range(0, min(count, TALKERS), 2)
        ]
    issuer = TokenVerifier(SECRET)
    tokens = [issuer.issue(to_uuid(IdKind.USER, user.id), timedelta(days=1)) for user in users]
    return People(private, chat, tokens, channels, dms)


async def _history(store: Store, one: User, other: User) -> ChannelId:
    """Have the two write to each other; returns their channel."""
    pairs = itertools.cycle([(one.id, other.id), (other.id, one.id)])
    drafts = [Draft(*next(pairs), f"Message {number}") for number in range(HISTORY)]
    posted = (await store.messages.post(drafts))[0]
    assert isinstance(posted, Posted)
    return posted.message.channel_id


async def _session(store: Store, user: User) -> str:
    token = new_token()
    lifetime = timedelta(days=1)
    await store.sessions.open(user.id, token_hash(token), lifetime)
    return token


async def _channel(store: Store, members: Sequence[User]) -> ChannelId:
    workspace = await store.workspaces.create(members[0].id, f"{len(members)} people", None)
    for user in members[1:]:
        await store.workspaces.add_member(workspace.id, user.id, by=members[0].id)
    new = NewChannel(workspace.id, "general")
    return granted(await store.channels.create(new, by=members[0].id)).id


@contextmanager
def parlour(data_dir: Path) -> Iterator[Server]:
    """The hub with its embedded Postgres, sessions, permissions and durability on."""
    flags = (
        "--session-secrets", SECRET, "--jwt-secret", SECRET, "--user-messages-per-second", "100000",
        "--user-typing-per-second", "100000", "--user-frames-per-second", "1000000",
        "--address-requests-per-second", "1000000", "--chat-messages", "1000000",
        "--event-messages", "1000000", "--log-level", "error",
    )  # fmt: skip
    with run_hub(data_dir, *flags, program=[*PINNED, *PARLOUR]) as hub:
        yield Server(hub.port, hub.process.pid)


GO_TABLES: Final = """
    CREATE TABLE users (id bigint PRIMARY KEY);
    CREATE TABLE messages (
        id bigserial PRIMARY KEY, sender_id bigint NOT NULL, receiver_id bigint NOT NULL,
        content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
        is_read boolean NOT NULL DEFAULT false);
    CREATE FUNCTION may_message(sender bigint, recipient bigint) RETURNS boolean
    LANGUAGE sql STABLE AS $$
        SELECT (SELECT count(*) FROM users WHERE id IN (sender, recipient)) = 2 $$;
"""


@define
class GoHub:
    """The reference hub in Go, with a Postgres of its own; `/ws?u=` names the user.

    Raises:
        BenchError: it cannot be built or does not start.
    """

    source: Path
    folder: Path
    people: People
    _stack: ExitStack = field(factory=ExitStack, init=False)
    _dsn: str = field(default="", init=False)

    def __enter__(self) -> Self:
        build = subprocess.run(
            ["go", "build", "-o", str(self.folder / "gohub"), "main.go"],
            cwd=self.source,
            env={
                **os.environ,
                "GO111MODULE": "off",
                "GOPATH": "/usr/share/gocode",
                "GOCACHE": str(self.folder / "go-cache"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if build.returncode:
            raise BenchError(build.stderr)
        with on_core(SERVER_CORE):  # as Parlour's Postgres, which is its child
            databases = self._stack.enter_context(database_server(self.folder / "go-data"))
        users = ",".join(f"({peer.user_id})" for peer in self.people.private)
        trio.run(_execute, databases.dsn, f"{GO_TABLES} INSERT INTO users VALUES {users}")
        self._dsn = databases.dsn + ("&" if "?" in databases.dsn else "?") + "sslmode=disable"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def serve(self, kind: GoKind) -> Iterator[Server]:
        """Run it on the server's core."""
        database = {
            GoKind.MEMORY: [],
            GoKind.PER_CONNECTION: ["-db", self._dsn],
            GoKind.IN_HUB: ["-db", self._dsn, "-inhub"],
        }[kind]
        address = f"127.0.0.1:{GO_PORT}"
        with subprocess.Popen(
            [*PINNED, str(self.folder / "gohub"), "-addr", address, *database],
            env={**os.environ, "GOMAXPROCS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                time.sleep(GO_START_SECONDS)
                if process.poll() is not None:
                    raise BenchError("the Go hub does not start")
                yield Server(GO_PORT, process.pid)
            finally:
                process.kill()


async def _execute(dsn: str, script: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    async with trio_asyncio.open_loop():
        await trio_asyncio.aio_as_trio(run)()
