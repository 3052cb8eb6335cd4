"""Effects of the operating system and its users on a hub: readers of logs that stand still,
signals, limits, full disks.
"""

import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.support.clients.http import Reply, form, request
from tests.support.machine.clocks import needs_faketime, other_clock
from tests.support.machine.disks import small_disk
from tests.support.programs.hub_process import (
    PARLOUR,
    HubProcess,
    environment,
    open_folder,
    run_hub,
)
from tests.support.programs.processes import until_none_works_in, working_in
from tests.support.stores.databases import Databases

PIPE_BYTES = 4_096  # the least that a pipe may hold
OWN_POSTGRES_SECONDS = 15.0  # in which it ends, also if it is stopped, as the manual says


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


async def talk(hub: HubProcess, count: int) -> None:
    """Two users; one of them connects and disconnects, which logs two lines each time."""
    (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
    for n in range(count):
        async with hub.open(anns) as socket:
            sent = await hub.call("POST", f"/api/messages/{ben}", {"content": str(n)}, anns)
            assert sent.status == 201, sent.text
            await socket.receive_type("private_message")


async def test_the_hub_goes_on_after_the_reader_of_its_log_has_gone(data_dir: Path) -> None:
    with run_hub(data_dir, "--log-level", "debug") as hub:
        assert hub.process.stderr is not None
        hub.process.stderr.close()
        await talk(hub, 3)
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0


async def test_the_hub_goes_on_while_the_reader_of_its_log_stands_still(data_dir: Path) -> None:
    """The lines that were logged meanwhile are read later."""
    with run_hub(data_dir, "--log-level", "debug") as hub:
        assert hub.process.stderr is not None
        fcntl.fcntl(hub.process.stderr, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        rounds = PIPE_BYTES // 50
        await talk(hub, rounds)
        seen = 0
        while seen < rounds:
            seen += "client_disconnected" in hub.process.stderr.readline()
        assert (await hub.call("GET", "/readyz")).status == 200
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0


def next_line(hub: HubProcess, event: str) -> Any:
    """The next log line with this event."""
    assert hub.process.stderr is not None
    for text in hub.process.stderr:
        line = json.loads(text)
        if line["event"] == event:
            return line
    pytest.fail(f"the log ended without {event}")


async def test_sighup_changes_settings_and_never_ends_the_hub(data_dir: Path) -> None:
    settings = data_dir.parent / "parlour.toml"
    settings.write_text("user_connections = 1\n")
    with run_hub(data_dir, "--config", str(settings)) as hub:
        _, cookie = await hub.sign_up("ann")
        async with hub.open(cookie):
            settings.write_text(
                "user_connections = 2\nlog_level = 'debug'\nmax_content_chars = 100\n"
            )
            hub.process.send_signal(signal.SIGHUP)
            line = next_line(hub, "settings_reloaded")
            assert line["changed"] == ["log_level", "user_connections"]
            assert line["need_restart"] == ["max_content_chars"]
            async with hub.open(cookie):
                assert next_line(hub, "client_connected")["level"] == "debug"
        settings.write_text("user_connections = 0\n")
        hub.process.send_signal(signal.SIGHUP)
        assert "user_connections" in next_line(hub, "settings_not_reloaded")["reason"]
        assert (await hub.call("GET", "/readyz")).status == 200


async def test_a_draining_hub_reports_that_it_stops_and_still_serves(data_dir: Path) -> None:
    with run_hub(data_dir, "--drain-seconds", "3") as hub:
        (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
        async with hub.open(anns) as socket:
            hub.process.send_signal(signal.SIGTERM)
            next_line(hub, "draining")
            ready = await hub.call("GET", "/readyz")
            assert (ready.status, ready.json) == (503, {"status": "stopping"})
            assert (await hub.call("GET", "/healthz")).status == 200
            sent = await hub.call("POST", f"/api/messages/{ben}", {"content": "hi"}, anns)
            assert sent.status == 201
            await socket.receive_type("private_message")
            async with hub.open(anns) as late:
                _, closed = await late.until_closed()
                assert closed.code == 1001
            _, closed = await socket.until_closed()
            assert closed.code == 1001
        assert hub.process.wait(20) == 0


async def test_a_stop_by_sigint_does_not_wait_for_a_drain(data_dir: Path) -> None:
    with run_hub(data_dir, "--drain-seconds", "3600") as hub:
        hub.process.send_signal(signal.SIGINT)
        assert hub.process.wait(20) == 0


async def test_a_second_signal_ends_a_drain(data_dir: Path) -> None:
    with run_hub(data_dir, "--drain-seconds", "3600") as hub:
        hub.process.send_signal(signal.SIGTERM)
        next_line(hub, "draining")
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0


async def test_a_stop_does_not_wait_for_a_database_that_stands_still(data_dir: Path) -> None:
    """The database is ended with the hub, and loses nothing by that."""
    with run_hub(data_dir, "--shutdown-timeout", "1") as hub:
        (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
        path = f"/api/messages/{ben}"
        assert (await hub.call("POST", path, {"content": "hi"}, anns)).status == 201
        for pid in set(working_in(data_dir)) - {hub.process.pid}:
            os.kill(pid, signal.SIGSTOP)
        assert (await hub.call("POST", path, {"content": "lost"}, anns)).status == 503
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(1 + OWN_POSTGRES_SECONDS) == 0
        assert working_in(data_dir) == []
    with run_hub(data_dir) as hub:
        found = await hub.call("GET", path, cookie=anns)
        assert [message["content"] for message in found.json] == ["hi"]


async def test_a_unix_socket_is_served_and_removed(data_dir: Path) -> None:
    path = data_dir.parent / "hub.sock"
    flags = ("--host", f"unix:{path}", "--trusted-proxies", "unix")
    with parlour_serve(data_dir, *flags) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Parlour is ready at unix:{path}\n"
        async with await trio.open_unix_socket(str(path)) as stream:
            assert (await request(stream, "GET", "/readyz")).status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not path.exists()


def parlour_serve(data_dir: Path, *flags: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*PARLOUR, "serve", "--port", "0", "--data-dir", str(data_dir), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


async def test_a_proxy_is_known_by_its_ipv4_address_on_every_address(data_dir: Path) -> None:
    """The proxy's headers about TLS and the client's address count."""
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("there is no IPv6 here")
    flags = ("--host", "::", "--trusted-proxies", "127.0.0.1", "--login-attempts", "1")
    with run_hub(data_dir, *flags) as hub:
        assert hub.host == "::"
        await hub.sign_up("ann")  # by IPv6

        async def log_in(password: str, client: str) -> Reply:
            account = {"email": "ann@example.org", "password": password}
            said = {"X-Forwarded-For": client, "X-Forwarded-Proto": "https"}
            async with await trio.open_tcp_stream("127.0.0.1", hub.port) as stream:
                return await request(stream, "POST", "/api/auth/login", account, said)

        right = await log_in("correct horse", "198.51.100.1")
        assert right.status == 200
        assert "; Secure" in right.headers["set-cookie"]
        assert (await log_in("wrong", "198.51.100.2")).status == 401
        assert (await log_in("wrong", "198.51.100.2")).status == 429
        assert (await log_in("wrong", "198.51.100.3")).status == 401, "a limit of their own"


async def test_the_hub_works_with_more_connections_than_descriptors(data_dir: Path) -> None:
    """Idle connections make room for new ones, also for one that checks whether the hub is
    ready.
    """
    limited = ["prlimit", "--nofile=320:320", *PARLOUR]
    with run_hub(data_dir, program=limited) as hub:
        (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
        async with hub.open(anns) as socket, AsyncExitStack() as stack:
            for _ in range(400):
                other = await trio.open_tcp_stream(hub.host, hub.port, local_address="127.0.0.2")
                await stack.enter_async_context(other)
            assert (await hub.call("GET", "/readyz")).status == 200
            sent = await hub.call("POST", f"/api/messages/{ben}", {"content": "hi"}, anns)
            assert sent.status == 201
            await socket.receive_type("private_message")


async def test_uploads_that_exceed_the_memory_do_not_end_the_hub(data_dir: Path) -> None:
    # one arena: how many of 64 MiB there are otherwise depends on chance
    limited = ["env", "MALLOC_ARENA_MAX=1", "prlimit", f"--as={240 << 20}", *PARLOUR]
    with run_hub(data_dir, program=limited) as hub:
        _, cookie = await hub.sign_up("ann")
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(upload, hub, cookie, b"x" * (9 << 20))
        assert (await hub.call("GET", "/readyz")).status == 200


async def upload(hub: HubProcess, cookie: str, content: bytes) -> None:
    """Upload a file; the connection may break."""
    body, headers = form(content, "a.txt")
    lines = (
        "POST /api/upload HTTP/1.1",
        "Host: parlour.test",
        f"Cookie: {cookie}",
        f"Content-Type: {headers['Content-Type']}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    with suppress(trio.BrokenResourceError):
        async with await hub.connect() as stream:
            await stream.send_all("\r\n".join((*lines, "", "")).encode() + body)
            while await stream.receive_some():
                pass


async def test_on_a_full_disk_the_hub_acknowledges_nothing_and_does_not_end(data_dir: Path) -> None:
    """Also if the database dies meanwhile. The hub goes on when there is room."""
    with small_disk(data_dir.parent, 220 << 20) as disk, run_hub(disk / "data") as hub:
        (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
        path = f"/api/messages/{ben}"
        filler = disk / "filler"
        with filler.open("wb") as file, suppress(OSError):
            while True:
                file.write(b"x" * (1 << 20))
                file.flush()
        stored, status = 0, 201
        while status == 201:
            stored += 1
            status = (await hub.call("POST", path, {"content": "x" * 4_000}, anns)).status
        assert status == 503
        body, headers = form(b"x" * 100_000, "a.txt")
        async with await hub.connect() as stream:
            headers["Cookie"] = anns
            assert (await request(stream, "POST", "/api/upload", body, headers)).status in (
                503, 507,
            )  # fmt: skip
        assert (await hub.call("GET", "/readyz")).status == 503
        assert (await hub.call("GET", "/healthz")).status == 200
        for pid in set(working_in(disk)) - {hub.process.pid}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert (await hub.call("GET", "/readyz")).status == 503
        filler.unlink()
        while (await hub.call("GET", "/readyz")).status != 200:
            pass
        again = await hub.call("POST", path, {"content": "there is room"}, anns)
        assert again.status == 201
        newest = await hub.call("GET", f"{path}?limit=100", cookie=anns)
        assert len(newest.json) == min(stored, 100)
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0
        until_none_works_in(disk)


@needs_faketime
@pytest.mark.parametrize("offset", ["-1d", "+1d"])
async def test_a_wrong_clock_ends_no_session_and_keeps_the_order(
    databases: Databases, data_dir: Path, offset: str
) -> None:
    """Unless it is ahead by more than a session lasts."""
    clock = [f"{name}={value}" for name, value in other_clock(offset).items()]
    wrong = ["env", *clock, *PARLOUR]
    async with databases.migrated() as dsn:
        seqs: list[int] = []
        people: list[tuple[int, str]] = []
        for number, program in enumerate((PARLOUR, wrong, PARLOUR)):
            flags = ("--database-url", dsn)
            with run_hub(data_dir / str(number), *flags, program=program) as hub:
                if not people:
                    people = [await hub.sign_up("ann"), await hub.sign_up("ben")]
                (_, anns), (ben, bens) = people
                async with hub.open(bens) as socket:
                    body = {"content": str(number)}
                    sent = await hub.call("POST", f"/api/messages/{ben}", body, anns)
                    assert sent.status == 201, sent.text
                    message = (await socket.expect("private_message"))["message"]
                    seqs.append(message["seq"])
        assert seqs == [1, 2, 3]
