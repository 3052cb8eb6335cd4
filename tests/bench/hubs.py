"""Parlour as it is measured: on one core, with everything on, and its users."""

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import trio
from attrs import frozen

from hub.identity.cookies import new_token, token_hash
from hub.identity.jwt_tokens import TokenVerifier
from persistence import open_store
from persistence.interface import Store
from persistence.records import Draft, NewChannel, NewUser
from protocol.model import ChannelId, Posted, User
from protocol.parsing.express_session import sign
from protocol.shapes.uuids import IdKind, to_uuid
from tests.bench.load import Peer
from tests.support.programs.hub_process import PARLOUR, run_hub
from tests.support.stores.records import granted

SERVER_CORE = 0
SECRET = "the own secret of the benchmark is long"
TALKERS = 2_000  # users with a conversation, in pairs
HISTORY = 200  # messages of each pair
PINNED = ["taskset", "-c", str(SERVER_CORE)]


@frozen
class People:
    """The users: peers for `/ws`, peers for `/ws/chat`, tokens for Socket.IO, a channel of each
    size, and the channels of pairs that have a conversation.
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
        """The resident bytes of the process."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Pin the processes that are started in the context to one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def prepare(data_dir: Path, count: int, sizes: Sequence[int]) -> People:
    """Make so many users with sessions, and a channel of each size, in a new database."""
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
        while await store.search.index(("english",), limit=1_000):
            pass  # as a hub has done long before it is measured
    issuer = TokenVerifier(SECRET)
    tokens = [issuer.issue(to_uuid(IdKind.USER, user.id), timedelta(days=1)) for user in users]
    return People(private, chat, tokens, channels, dms)


async def _history(store: Store, one: User, other: User) -> ChannelId:
    """Let the two write to each other; returns their channel."""
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
