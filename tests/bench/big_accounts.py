"""`python -m tests.bench.big_accounts`: the costs of an account of extreme size.

One user has 20,000 conversations and 3,000 channels in a database of a million messages. Measured
is the time of every GET that `/openapi.json` describes, and of a resume in every dialect, each
alone on a connection of its own; the slowest comes first. `--data` keeps the database.
"""

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Final

import trio
from attrs import frozen

from hub.identity.cookies import new_token, token_hash
from hub.identity.jwt_tokens import TokenVerifier
from persistence import open_database, open_store
from persistence.embedded import run_embedded
from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import open_asyncio
from persistence.records import NewUser
from protocol.dialects.messenger.conversations import conversation_id
from protocol.model import ChannelId, UserId
from protocol.parsing.express_session import sign
from protocol.shapes.uuids import IdKind, to_uuid
from tests.bench.crowd import BIG, Crowd, filling
from tests.support.clients.http import request
from tests.support.clients.websocket import Closed, WebSocket, open_websocket
from tests.support.programs.hub_process import PARLOUR, HubProcess, run_hub
from tests.support.stores.databases import execute, run_script

SECRET: Final = "the own secret of the benchmark is long"
FLAGS: Final = (
    "--session-secrets", SECRET, "--jwt-secret", SECRET, "--user-frames-per-second", "1000000",
    "--address-requests-per-second", "1000000", "--user-searches-per-minute", "10000",
    "--log-level", "error",
)  # fmt: skip
LONGEST: Final = 60
NAMED: Final = 4_000  # conversations in a frame of a resume
DIALECTS: Final = ("private_messages", "learning_platform", "messenger", "channel_messages")
QUERIES: Final = {
    "userId": "{me}", "conversationId": "{conversation}", "username": "peer1",
    "mark_read": "false", "q": "message",
}  # fmt: skip


@frozen
class Account:
    """The account, and the ids that it asks for."""

    me: UserId
    peer: UserId
    channel: ChannelId
    message: int
    workspace: int
    token: str
    private: Mapping[str, int]  # by peer, the last seq of every conversation
    channels: Mapping[str, int]  # the same by channel, without conversations

    @property
    def cookies(self) -> str:
        """The cookies of both kinds of session."""
        signed = sign(self.token, SECRET)
        return f"session_token={self.token}; connect.sid={signed}"

    @property
    def jwt(self) -> str:
        """A token for Socket.IO."""
        user = to_uuid(IdKind.USER, self.me)
        return TokenVerifier(SECRET).issue(user, timedelta(hours=1))

    def ids(self, dialect: str) -> dict[str, str]:
        """The values of the parameters of paths and queries."""
        plain = dialect != "channel_messages"
        return {
            "me": str(self.me),
            "peer": str(self.peer),
            "user_id": str(self.me if dialect == "messenger" else self.peer),
            "workspace_id": str(self.workspace),
            "channel_id": str(self.channel) if plain else to_uuid(IdKind.CHANNEL, self.channel),
            "message_id": str(self.message) if plain else to_uuid(IdKind.MESSAGE, self.message),
            "conversation_id": conversation_id(self.me, self.peer),
            "conversation": conversation_id(self.me, self.peer),
            "text": "maths",
            "session_id": "1",
            "token": "none",
            "link_id": "1",
            "day": "2026-01-01",
            "name": "x.png",
        }


@frozen
class Figure:
    """One call or resume: the median of its rounds in milliseconds, and what was received."""

    name: str
    milliseconds: float
    bytes: int
    what: str


async def fill(data_dir: Path, crowd: Crowd) -> None:
    """Make the database, unless it is there."""
    async with open_store(None, data_dir, pool_size=1, lanes=1) as store:
        if await store.accounts.find(BIG) is not None:
            return
        await store.accounts.create(NewUser(name="Big", password_hash="none", username=BIG))
    async with open_asyncio(), run_embedded(data_dir) as dsn:
        await run_script(dsn, filling(crowd))
        await run_script(dsn, "VACUUM ANALYZE")


async def account(data_dir: Path) -> Account:
    """A session of the account, and the ids that it asks for."""
    async with (
        open_database(None, data_dir) as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        user, peer = [await store.accounts.find(name) for name in (BIG, "peer1")]
        assert user is not None
        assert peer is not None
        token = new_token()
        until = timedelta(days=1)
        await store.sessions.open(user.id, token_hash(token), until)
        workspace = (await store.workspaces.of_user(user.id))[0].id
        channel = (await store.channels.in_workspace(workspace))[0].id
        (message,) = await store.messages.channel_page(channel, before=None, limit=1)
        found = json.loads(str(await execute(dsn, _POSITIONS, user.id)))
        return Account(user.id, peer.id, channel, message.id, workspace, token, *found)


# By peer, and by channel, without a check of rights.
_POSITIONS: Final = """
    SELECT jsonb_build_array(
        (SELECT jsonb_object_agg(user_lo + user_hi - $1, last_seq) FROM channels
          WHERE user_lo = $1 OR user_hi = $1),
        (SELECT jsonb_object_agg(c.id, c.last_seq) FROM channels c
           JOIN workspace_members m USING (workspace_id) WHERE m.user_id = $1))
"""


async def calls(hub: HubProcess, big: Account) -> list[tuple[str, str, Mapping[str, str]]]:
    """The name, the path and the headers of every GET of the document."""
    document = (await hub.call("GET", "/openapi.json")).json
    found: list[tuple[str, str, Mapping[str, str]]] = []
    for path, operations in document["paths"].items():
        operation = operations.get("get", {})
        for dialect in set(DIALECTS) & set(operation.get("tags", ())):
            asked = {
                each["name"]: QUERIES[each["name"]]
                for each in operation.get("parameters", ())
                if each["in"] == "query" and each["name"] in QUERIES
            }
            query = "&".join(f"{name}={value}" for name, value in asked.items())
            plain = path if path.startswith(f"/{dialect}/") else f"/{dialect}{path}"
            target = (f"{plain}?{query}" if query else plain).format(**big.ids(dialect))
            is_token = dialect == "channel_messages"
            headers = (
                {"Authorization": f"Bearer {big.jwt}"} if is_token else {"Cookie": big.cookies}
            )
            found.append((f"GET {plain}", target, headers))
    return found


async def time_calls(hub: HubProcess, big: Account, rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    for name, target, headers in await calls(hub, big):
        taken: list[float] = []
        for _ in range(rounds):
            async with await hub.connect() as stream:
                started = perf_counter()
                reply = await request(stream, "GET", target, None, headers)
                taken.append(perf_counter() - started)
        more = " and more" if "link" in reply.headers else ""
        figures.append(_figure(name, taken, len(reply.body), f"{reply.status}{more}"))
    return figures


@frozen
class Asked:
    """The frames that are sent on a new connection, and the kind of the frame that ends it."""

    name: str
    path: str
    frames: Sequence[object]
    end: str


def resumes(big: Account) -> list[Asked]:
    """For each dialect: connecting, a resume that asks for everything, one that has everything, and
    one that names nothing.
    """
    private = dict(list(big.private.items())[:NAMED])
    named = {conversation_id(big.me, UserId(int(peer))): seq for peer, seq in private.items()}
    channels = dict(list(big.channels.items())[-NAMED:])
    identify = {"op": "IDENTIFY", "d": {"userId": big.me}}
    few = {str(big.channel): 0}

    def gateway(after: object) -> list[object]:
        return [identify, {"op": "RESUME", "d": {} if after is None else {"after": after}}]

    def plain(after: object) -> list[object]:
        return [{"type": "resume"} | ({} if after is None else {"after": after})]

    return [
        Asked("/ws connect", "/ws", (), "system"),
        Asked("/ws resume, nothing known", "/ws?resume", plain({}), "resumed"),
        Asked(f"/ws resume, {NAMED} known", "/ws?resume", plain(private), "resumed"),
        Asked("/messagepal connect", "/messagepal", (), "connected"),
        Asked("/messagepal resume, nothing known", "/messagepal?resume", plain({}), "resumed"),
        Asked(f"/messagepal resume, {len(named) // 2} known", "/messagepal?resume",
              plain(dict(list(named.items())[: len(named) // 2])), "resumed"),
        Asked("/ws/chat connect", "/ws/chat", (), "connected"),
        Asked("/ws/chat resume, empty after", "/ws/chat?resume", plain({}), "resumed"),
        Asked("/ws/chat resume, one channel", "/ws/chat?resume", plain(few), "resumed"),
        Asked(f"/ws/chat resume, {NAMED} known", "/ws/chat?resume", plain(channels), "resumed"),
        Asked("/ws/chat resume, without after", "/ws/chat?resume", plain(None), "resumed"),
        Asked("/gateway identify", "/gateway", [identify], "READY"),
        Asked("/gateway resume, empty after", "/gateway?resume", gateway({}), "RESUMED"),
        Asked("/gateway resume, one channel", "/gateway?resume", gateway(few), "RESUMED"),
        Asked(f"/gateway resume, {NAMED} known", "/gateway?resume", gateway(channels), "RESUMED"),
        Asked("/gateway resume, without after", "/gateway?resume", gateway(None), "RESUMED"),
    ]  # fmt: skip


async def time_resumes(hub: HubProcess, big: Account, rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    for asked in resumes(big):
        taken, size, what = [], 0, ""
        for _ in range(rounds):
            taken.append(0.0)
            taken[-1], size, what = await time_resume(hub, big, asked)
        figures.append(_figure(asked.name, taken, size, what))
    return figures


async def time_resume(hub: HubProcess, big: Account, asked: Asked) -> tuple[float, int, str]:
    """The time from the last frame sent to the one that ends it; for a connection from its
    begin.
    """
    async with await hub.connect() as stream:
        started = perf_counter()
        socket = await open_websocket(stream, asked.path, Cookie=big.cookies)
        for frame in asked.frames:
            started = perf_counter()
            await socket.send(frame)
        return await _until(socket, asked.end, started)


async def time_socketio(hub: HubProcess, big: Account, rounds: int) -> list[Figure]:
    """Connecting, and a resume."""
    found: dict[str, list[tuple[float, int, str]]] = {}
    asked: dict[str, dict[str, object]] = {
        "Socket.IO resume, without after": {},
        "Socket.IO resume, empty after": {"after": {}},
        "Socket.IO resume, one channel": {"after": {to_uuid(IdKind.CHANNEL, big.channel): 0}},
    }
    for name, payload in asked.items():
        for _ in range(rounds):
            async with await hub.connect() as stream:
                started = perf_counter()
                socket = await open_websocket(stream, "/socket.io/?EIO=4&transport=websocket")
                await socket.send_text(f"40{json.dumps({'token': big.jwt})}")
                came = await _until(socket, "sid", started, after="40")
                offline = await _until(socket, "message:offline", started)
                started = perf_counter()
                await socket.send_text(f"42{json.dumps(['resume', payload])}")
                end = await _until(socket, "resumed", started)
            found.setdefault("Socket.IO connect", []).append(came)
            found.setdefault("Socket.IO message:offline", []).append(offline)
            found.setdefault(name, []).append(end)
    return [
        _figure(name, [each[0] for each in these], these[-1][1], these[-1][2])
        for name, these in found.items()
    ]


async def _until(
    socket: WebSocket, end: str, started: float, *, after: str = ""
) -> tuple[float, int, str]:
    """Read up to the frame of this kind: the seconds, the bytes, and what was received."""
    size = count = 0
    wanted = f'"{end}"'
    try:
        with trio.fail_after(LONGEST):
            while True:
                text = await socket.receive_text()
                if text == "2":  # a ping of Engine.IO
                    await socket.send_text("3")
                size, count = size + len(text), count + 1
                if text.startswith(after) and wanted in text[:200] + text[-200:]:
                    taken = perf_counter() - started
                    parts = " in part" if '"complete":false' in text else ""
                    return taken, size, f"{count} frames{parts}"
    except Closed as closed:
        return perf_counter() - started, size, f"closed with {closed.code}"
    except trio.TooSlowError:
        return perf_counter() - started, size, "no end"


def _figure(name: str, taken: Sequence[float], size: int, what: str) -> Figure:
    return Figure(name, statistics.median(taken) * 1000, size, what.strip())


async def measure(hub: HubProcess, big: Account, rounds: int, only: str) -> list[Figure]:
    """All figures, the slowest first."""
    found: list[Figure] = []
    if only in ("", "rest"):
        found += await time_calls(hub, big, rounds)
    if only in ("", "resume"):
        found += await time_resumes(hub, big, rounds)
        found += await time_socketio(hub, big, rounds)
    return sorted(found, key=lambda each: -each.milliseconds)


@contextlib.contextmanager
def folder(given: Path | None) -> Iterator[Path]:
    """The folder of the database."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.big_accounts")
    parser.add_argument("--data", type=Path, help="a folder to keep the database in")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("rest", "resume"), default="")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    with folder(options.data) as place:
        trio.run(fill, place / "data", Crowd())
        big = trio.run(account, place / "data")
        with run_hub(place / "data", *FLAGS, program=PARLOUR) as hub:
            figures = trio.run(measure, hub, big, options.rounds, options.only)
    for each in figures:
        print(f"| {each.name} | {each.milliseconds:.1f} | {each.bytes:,} | {each.what} |")
    if options.json is not None:
        text = json.dumps([[e.name, e.milliseconds, e.bytes, e.what] for e in figures], indent=1)
        options.json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
