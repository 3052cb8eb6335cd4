"""A hub of several processes, as an operator and its clients see it."""

import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import trio

from tests.support.clients.frames import TEXT, client_frame
from tests.support.clients.http import request
from tests.support.clients.websocket import WebSocket, open_websocket
from tests.support.cluster.talking import POLLING, WEBSOCKET, talk
from tests.support.programs.hub_process import (
    PARLOUR,
    HubProcess,
    environment,
    open_folder,
    parlour,
    run_hub,
)
from tests.support.programs.node import run_node
from tests.support.programs.processes import (
    is_listening_free,
    resident_bytes,
    server_of,
    until_none_works_in,
    workers_of,
)
from tests.support.programs.socketio import Friend, SocketIoProgram, talking

PATIENCE: Final = 60.0
METRICS: Final = "metrics.sock"
PARENT_BYTES: Final = 60_000_000


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """Two workers for all tests of this file; each leaves both of them ready."""
    with open_folder() as folder, ExitStack() as stack:
        place = f"unix:{folder / METRICS}"
        flags = ("--workers", "2", "--metrics-listen", place)
        made = stack.enter_context(run_hub(folder / "data", *flags, program=PARLOUR))
        yield made
        pids = workers_of(made.process.pid).values()
        made.process.send_signal(signal.SIGTERM)
        assert made.process.wait(PATIENCE) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        assert is_listening_free(made.port)
        until_none_works_in(folder)


@asynccontextmanager
async def open_at(hub: HubProcess, cookie: str, worker: str) -> AsyncIterator[WebSocket]:
    """A WebSocket at the worker with this name, of as many as need to be opened."""
    while True:
        async with await hub.connect() as stream:
            found = await open_websocket(stream, Cookie=cookie)
            await found.receive_type("system")
            if server_of(stream, workers_of(hub.process.pid)) == worker:
                yield found
                return


async def send(sender: WebSocket, to: int, content: str) -> None:
    frame = {"type": "private_message", "recipient_id": to, "content": content}
    await sender.stream.send_all(client_frame(TEXT, json.dumps(frame).encode()))


async def until_workers(hub: HubProcess, count: int, but: str = "") -> dict[str, int]:
    """The workers, once this many accept connections and `but` is not among them."""
    while True:
        found = workers_of(hub.process.pid)
        if len(found) == count and but not in found:
            return found
        await trio.lowlevel.checkpoint()


async def test_people_at_different_workers_talk(hub: HubProcess) -> None:
    (ann, anns), (ben, bens) = await hub.sign_up("ann"), await hub.sign_up("ben")
    one, other = workers_of(hub.process.pid)
    async with open_at(hub, anns, one) as north, open_at(hub, bens, other) as south:
        await send(north, ben, "hello")
        await until_said(south, "hello")
        await send(south, ann, "you too")
        await until_said(north, "you too")


async def test_socketio_clients_talk_whichever_worker_their_requests_come_to(
    hub: HubProcess,
) -> None:
    def connect(friend: Friend, *transports: str) -> AbstractAsyncContextManager[SocketIoProgram]:
        arguments = (hub.url, json.dumps(friend.auth), ",".join(transports))
        return talking(run_node("socketio_client.mjs", *arguments[: 2 + bool(transports)]))

    await talk(connect, hub, "1", POLLING)
    await talk(connect, hub, "2")
    await talk(connect, hub, "3", WEBSOCKET)


async def until_said(socket: WebSocket, content: str) -> None:
    """Read frames until this message comes."""
    while True:
        frame = await socket.receive()
        if frame["type"] == "private_message" and frame["message"]["content"] == content:
            return


def test_the_parent_is_small(hub: HubProcess) -> None:
    assert resident_bytes(hub.process.pid) < PARENT_BYTES
    assert {"hub", "hub.cli.workers"} <= set(loaded())
    assert not {"hub.app", "hub.actor.hub", "starlette", "click"} & set(loaded())


def loaded() -> list[str]:
    """The modules that the parent's program imports."""
    program = "import sys, hub.cli.workers; print(*sys.modules)"
    done = subprocess.run([PARLOUR[0], "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


async def test_commands_of_operators_concern_all_workers(hub: HubProcess) -> None:
    (_, cleos), (_, daves) = await hub.sign_up("cleo"), await hub.sign_up("dave")
    one, other = workers_of(hub.process.pid)
    data = ("--data-dir", hub.data_dir)
    async with (
        open_at(hub, cleos, one) as north,
        open_at(hub, cleos, other) as south,
        open_at(hub, daves, other) as daves_own,
    ):
        assert "connections    3: 3 private_messages" in parlour("admin", "status", *data).stdout
        listed = parlour("admin", "connections", "--user", "cleo", *data).stdout
        assert "2 of 2 connections" in listed
        assert "Sent to 3 connections" in parlour("admin", "announce", "hello", *data).stdout
        for socket in (north, south, daves_own):
            await socket.expect("announcement")
        async with await trio.open_unix_socket(hub.data_dir.parent / METRICS) as stream:
            page = (await request(stream, "GET", "/metrics")).text
        assert 'parlour_connections{dialect="private_messages"} 3\n' in page
        assert 'parlour_worker_up{worker="2"} 1\n' in page
        done = parlour("admin", "kick", "cleo", *data)
        assert "2 connections of" in done.stdout, done.stderr
        for socket in (north, south):
            _, closed = await socket.until_closed()
            assert closed.code == 4003
    kept = parlour("admin", "audit", *data).stdout
    assert kept.count('"connections": 2') == kept.count("kick") == kept.count("announce") == 1


async def test_a_rolling_restart_closes_each_client_once_and_shows_no_user_as_offline(
    hub: HubProcess,
) -> None:
    """Six users, all of whom may see each other's presence, reconnect at once."""
    people = [await hub.sign_up(f"r{n}") for n in range(6)]
    for _, cookie in people:
        for other, its_cookie in people:
            if its_cookie != cookie:
                await hub.call("POST", f"/api/users/{other}/follow", cookie=cookie)
    before = workers_of(hub.process.pid)
    codes: list[int] = []
    told: list[dict[str, Any]] = []
    over = trio.Event()

    async def live(cookie: str) -> None:
        while not over.is_set():
            async with hub.open(cookie) as socket:
                frames, closed = await socket.until_closed()
            told.extend(frames)
            codes.append(closed.code)

    async with trio.open_nursery() as nursery:
        for _, cookie in people:
            nursery.start_soon(live, cookie)
        hub.process.send_signal(signal.SIGUSR2)
        while before.keys() & (now := workers_of(hub.process.pid)).keys() or len(now) > 2:
            assert (await hub.call("GET", "/readyz")).json == {"status": "ready"}
        over.set()
        nursery.cancel_scope.cancel()
    assert set(codes) == {1012}
    assert len(codes) == len(people)
    said = [each["is_online"] for each in told if "is_online" in each]
    assert said
    assert all(said)


async def test_a_client_that_connects_while_a_worker_is_dead_waits_for_its_successor(
    hub: HubProcess,
) -> None:
    _, cookie = await hub.sign_up("dan")
    name, pid = next(iter(workers_of(hub.process.pid).items()))
    os.kill(pid, signal.SIGKILL)
    async with trio.open_nursery() as nursery:
        for _ in range(12):  # some connect to the socket of the dead worker
            nursery.start_soon(come, hub, cookie)
    assert len(await until_workers(hub, 2, but=name)) == 2


async def test_a_new_worker_drains_as_the_others_do(hub: HubProcess) -> None:
    data = ("--data-dir", hub.data_dir)
    assert parlour("admin", "drain", *data).returncode == 0
    name, pid = next(iter(workers_of(hub.process.pid).items()))
    os.kill(pid, signal.SIGKILL)
    await until_workers(hub, 2, but=name)
    for _ in range(20):  # it may have accepted its first connections before
        if (statuses := await ready_statuses(hub)) == {503}:
            break
    assert statuses == {503}
    shown = parlour("admin", "status", *data).stdout
    assert f", pid {hub.process.pid}\n" in shown
    assert "nothing has changed" not in parlour("admin", "drain", "--undo", *data).stdout
    assert await ready_statuses(hub) == {200}
    assert parlour("admin", "audit", *data).stdout.count("drain") == 4


async def ready_statuses(hub: HubProcess) -> set[int]:
    """The statuses of so many connections that both workers get some of them."""
    return {(await hub.call("GET", "/readyz")).status for _ in range(20)}


async def come(hub: HubProcess, cookie: str) -> None:
    async with hub.open(cookie):
        pass


async def test_no_worker_outlives_its_parent() -> None:
    with open_folder() as folder:
        with run_hub(folder / "data", "--workers", "2", program=PARLOUR) as hub:
            pids = workers_of(hub.process.pid).values()
            hub.process.send_signal(signal.SIGKILL)
            hub.process.wait()
            while any(Path(f"/proc/{pid}").exists() for pid in pids):
                await trio.lowlevel.checkpoint()
        until_none_works_in(folder)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tls-cert", "no.pem", "--tls-key", "no.pem"], "tls_cert no.pem"),
        (["--demo"], "--demo is for one process"),
        (["--node-name", "a-name-of-21-letters-"], "node_name has at most 20 characters"),
        (["--bus", "postgres", "--node-address", "[::1]:7001"], "node_address with a port"),
    ],
)
def test_workers_that_cannot_start_end_the_start(flags: list[str], said: str) -> None:
    with open_folder() as folder:
        (folder / "no.pem").write_text("no certificate")
        done = subprocess.run(
            [*PARLOUR, "serve", "--workers", "2", "--port", "0", "--data-dir", "data", *flags],
            capture_output=True, text=True, env=environment(), cwd=folder, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stdout == ""
        until_none_works_in(folder)


def test_a_port_that_another_hub_uses_is_not_shared(hub: HubProcess) -> None:
    with open_folder() as folder:
        done = parlour("serve", "--workers", "2", "--port", str(hub.port), "--data-dir", folder)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{hub.port}: Address already in use" in done.stderr
