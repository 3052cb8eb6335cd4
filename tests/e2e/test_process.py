"""The hub as an operator sees it: started, stopped, killed, attacked."""

import json
import random
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.support.clients.frames import TEXT, client_frame
from tests.support.clients.websocket import Closed, WebSocket, upgrade_request
from tests.support.programs.hub_process import (
    PARLOUR,
    HubProcess,
    environment,
    open_folder,
    parlour,
    run_hub,
)
from tests.support.programs.processes import until_none_works_in
from tests.support.stores.databases import Databases

SENDERS = 20
UNDER_WAY = 100  # sends of each
ENOUGH = 500
MUTATIONS = 1_000


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


async def send(socket: WebSocket, to: int, content: str, key: str | None = None) -> None:
    frame = {"type": "private_message", "recipient_id": to, "content": content, "client_id": key}
    await socket.stream.send_all(client_frame(TEXT, json.dumps(frame).encode()))


async def test_messages_acknowledged_before_kill_9_are_stored_once(data_dir: Path) -> None:
    """2,000 sends are in flight when the hub is killed, and others before them were stored."""
    acknowledged: set[str] = set()
    with run_hub(data_dir) as hub:
        people = [await hub.sign_up(f"p{n}") for n in range(SENDERS)]
        sink, sinks_cookie = await hub.sign_up("sink")
        async with AsyncExitStack() as stack, trio.open_nursery() as senders:
            sockets = [await stack.enter_async_context(hub.open(cookie)) for _, cookie in people]
            for number, socket in enumerate(sockets):
                senders.start_soon(send_on, socket, sink, number, acknowledged)
            while len(acknowledged) < ENOUGH:
                await trio.lowlevel.checkpoint()
            hub.process.send_signal(signal.SIGKILL)
        hub.process.wait()
        until_none_works_in(data_dir)
    with run_hub(data_dir) as hub:
        found: list[str] = []
        for person, _ in people:
            path = f"/api/messages/{person}?after_seq="
            log = await whole_log(hub, path, sinks_cookie)
            assert [message["seq"] for message in log] == list(range(1, len(log) + 1))
            found += [str(message["client_id"]) for message in log]
        assert len(found) == len(set(found))
        assert acknowledged <= set(found)


async def send_on(socket: WebSocket, sink: int, number: int, acknowledged: set[str]) -> None:
    """Send, with some sends in flight at any time, until the hub is killed."""

    def note(frame: dict[str, Any]) -> None:
        if frame["type"] == "private_message":
            acknowledged.add(frame["message"]["client_id"])

    with suppress(Closed, trio.BrokenResourceError):
        for n in count():
            await send(socket, sink, f"{number}:{n}", f"{number}:{n}")
            if n >= UNDER_WAY:
                note(await socket.receive())
    if socket.end is None:
        for frame in (await socket.until_closed())[0]:
            note(frame)


async def whole_log(hub: HubProcess, path: str, cookie: str) -> list[dict[str, object]]:
    log: list[dict[str, object]] = []
    while page := (await hub.call("GET", f"{path}{len(log)}&limit=100", cookie=cookie)).json:
        log += page
    return log


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_confirms_every_message_that_it_stores_and_closes_with_1001(
    data_dir: Path, end: signal.Signals
) -> None:
    with run_hub(data_dir, program=PARLOUR) as hub:
        (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
        async with hub.open(anns) as socket:
            for n in range(200):
                await send(socket, ben, str(n), str(n))
            frames = [await socket.receive()]
            hub.process.send_signal(end)
            rest, closed = await socket.until_closed()
        frames += rest
        assert closed.code == 1001
        assert {frame["type"] for frame in frames} <= {"private_message", "error"}
        assert {frame.get("code", "unavailable") for frame in frames} == {"unavailable"}
        assert hub.process.wait(20) == 0
        until_none_works_in(data_dir)
    told = [frame["message"]["client_id"] for frame in frames if frame["type"] == "private_message"]
    with run_hub(data_dir) as hub:
        path = f"/api/messages/{ben}?after_seq="
        assert [message["client_id"] for message in await whole_log(hub, path, anns)] == told


async def test_mutated_handshakes_neither_kill_the_hub_nor_grow_it(data_dir: Path) -> None:
    rng = random.Random(7)
    with run_hub(data_dir) as hub:
        _, cookie = await hub.sign_up("ann")
        base = upgrade_request(Cookie=cookie, Origin=f"http://{hub.host}:{hub.port}")

        async def attack(count: int) -> None:
            for _ in range(count):
                data = bytearray(base)
                for _ in range(rng.randrange(1, 6)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
                async with await hub.connect() as stream:
                    with suppress(trio.BrokenResourceError):  # the hub may close before the end
                        await stream.send_all(bytes(data))
                        await stream.send_eof()
                        while await stream.receive_some():
                            pass

        await attack(200)  # afterwards everything is allocated that is allocated once
        before = hub.resident_bytes()
        async with trio.open_nursery() as attackers:
            for _ in range(10):
                attackers.start_soon(attack, MUTATIONS // 10)
        assert hub.process.poll() is None
        assert hub.resident_bytes() - before < 5_000_000
        async with hub.open(cookie):
            pass  # it was welcomed


async def test_accounts_are_made_listed_and_changed_while_the_hub_is_stopped(
    data_dir: Path,
) -> None:
    where = ("--data-dir", str(data_dir))
    added = parlour("user", "add", "ann", "--email", "a@b.c", "--password", "correct horse", *where)
    assert added.stdout == "ann has id 1\n", added.stderr
    with run_hub(data_dir) as hub:
        login = {"email": "a@b.c", "password": "correct horse"}
        session = await hub.call("POST", "/api/auth/login", login)
        assert session.status == 200
        assert parlour("user", "list", *where).stdout == "1  ann  a@b.c  ann\n"
    until_none_works_in(data_dir)
    assert parlour("session", "revoke", "ann", *where).stdout == "1 session of ann ended\n"


async def test_accounts_of_another_server_are_made_listed_and_changed(
    databases: Databases, data_dir: Path
) -> None:
    """As those of an embedded server, which each of these commands would start and stop."""
    async with databases.migrated() as dsn:
        where = ("--data-dir", str(data_dir), "--database-url", dsn)
        mail = ("--email", "a@b.c")
        added = parlour("user", "add", "ann", *mail, "--password", "correct horse", *where)
        assert added.stdout == "ann has id 1\n", added.stderr
        taken = parlour("user", "add", "ANN", "--password", "correct horse", *where)
        assert (taken.returncode, taken.stderr) == (
            1,
            "Error: This username has an account already (username_taken)\n",
        )
        short = parlour("user", "add", "ben", "--password", "short", *where)
        assert short.returncode == 1
        assert "password_too_short" in short.stderr
        assert parlour("user", "list", *where).stdout == "1  ann  a@b.c  ann\n"
        changed = parlour("user", "passwd", "ann", "--password", "another horse", *where)
        assert changed.returncode == 0
        unknown = parlour("session", "revoke", "nobody", *where)
        assert (unknown.returncode, unknown.stderr) == (
            1,
            "Error: There is no user nobody (user_not_found)\n",
        )
        assert parlour("migrate", *where).stdout == "The database is up to date\n"


def test_a_wrong_setting_is_refused_with_its_name_and_range(data_dir: Path) -> None:
    wrong = parlour("check-config", "--port", "70000")
    assert wrong.returncode == 2
    assert wrong.stderr == "Error: flag --port: '70000' is not accepted; it takes 0 to 65535\n"
    good = parlour("check-config", "--port", "0", "--data-dir", str(data_dir))
    assert "port = 0\n" in good.stdout


async def test_two_terminals_talk(data_dir: Path) -> None:
    with run_hub(data_dir, "--demo", program=PARLOUR) as hub:
        assert hub.process.stdout is not None
        passwords: dict[str, str] = {}
        while len(passwords) < 2:
            line = hub.process.stdout.readline()
            if "parlour chat" in line:
                words = line.split()
                passwords[words[words.index("--as") + 1]] = words[0].partition("=")[2]
        url = f"http://{hub.host}:{hub.port}"

        def chat(me: str, peer: str) -> "subprocess.Popen[str]":
            return subprocess.Popen(
                [*PARLOUR, "chat", "--as", me, "--to", peer, "--url", url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment() | {"PARLOUR_PASSWORD": passwords[me]},
            )

        def said(lines: Iterable[str]) -> str:
            """The next line that is not about who is online."""
            return next(line for line in lines if not line.startswith("* "))

        with chat("ann", "ben") as ann, chat("ben", "ann") as ben:
            assert ann.stdin is not None
            assert ben.stdin is not None
            assert ann.stdout is not None
            assert ben.stdout is not None
            assert ann.stdout.readline() == "* connected, talking to Ben\n"
            assert ben.stdout.readline() == "* connected, talking to Ann\n"
            ann.stdin.write("hello\n")
            ann.stdin.flush()
            assert said(ann.stdout) == "you: hello\n"
            assert said(ben.stdout) == "Ann: hello\n"
            ben.stdin.write("hi\x1b[2J there\n/quit\n")
            ben.stdin.flush()
            assert said(ben.stdout) == "you: hi [2J there\n"
            assert said(ann.stdout) == "Ben: hi [2J there\n"
            ann.stdin.close()
