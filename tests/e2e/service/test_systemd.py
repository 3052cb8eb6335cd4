"""A hub that systemd runs: what it notifies, when, and what it takes from systemd."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import trio

from hub.sockets.addresses import listening
from tests.support.clients.http import request
from tests.support.machine.activation import OWN, activated, descriptors
from tests.support.programs.command import run_module
from tests.support.programs.hub_process import (
    PARLOUR,
    environment,
    first_data,
    open_folder,
    parlour,
    run_hub,
)
from tests.support.programs.processes import working_in

HEARD_SECONDS: Final = 40.0  # within which a hub sends a notice, however slow the machine is
FED: Final = "WATCHDOG=1"
STARTING: Final = "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture
def notify(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a supervisor, for hubs that are started from now on."""
    path = data_dir.parent / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(HEARD_SECONDS)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listener


def hear(listener: socket.socket) -> str:
    return listener.recv(1_000).decode()


def hear_news(listener: socket.socket) -> str:
    """The next notice that is not repeated all the time."""
    while True:
        told = hear(listener)
        if told not in (FED, STARTING):
            return told


def test_a_supervisor_is_notified_of_each_step(notify: socket.socket, data_dir: Path) -> None:
    with run_hub(data_dir) as hub:
        assert hear(notify) == STARTING
        assert hear_news(notify).startswith("READY=1\nSTATUS=Ready at http://")
        hub.process.send_signal(signal.SIGHUP)
        assert hear(notify).startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert hear(notify) == "READY=1"
        hub.process.send_signal(signal.SIGTERM)
        assert hear(notify) == "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000"
        assert hub.process.wait(20) == 0


def test_a_stop_requests_the_time_that_the_newest_settings_give_it(
    notify: socket.socket, data_dir: Path
) -> None:
    settings = data_dir.parent / "parlour.toml"
    settings.write_text("")
    with run_hub(data_dir, "--config", str(settings)) as hub:
        assert hear_news(notify).startswith("READY=1\n")
        settings.write_text("drain_seconds = 1000\n")
        hub.process.send_signal(signal.SIGHUP)
        assert hear(notify).startswith("RELOADING=1\n")
        assert hear(notify) == "READY=1"
        hub.process.send_signal(signal.SIGTERM)
        assert hear(notify) == "STOPPING=1\nEXTEND_TIMEOUT_USEC=1030000000"


def test_its_watchdog_is_fed_while_the_database_stands_still_and_while_it_drains(
    notify: socket.socket, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    with run_hub(data_dir, "--drain-seconds", "3600") as hub:
        assert hear_news(notify).startswith("READY=1\n")
        database = set(working_in(data_dir)) - {hub.process.pid}
        for pid in database:
            os.kill(pid, signal.SIGSTOP)
        try:
            assert [hear(notify) for _ in range(30)] == [FED] * 30
        finally:
            for pid in database:
                os.kill(pid, signal.SIGCONT)
        hub.process.send_signal(signal.SIGTERM)
        assert hear_news(notify).startswith("STOPPING=1\n")
        assert [hear(notify) for _ in range(10)] == [FED] * 10
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0


def test_a_start_that_waits_for_its_database_requests_more_time(
    notify: socket.socket, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "300000")
    away = "postgresql://me@127.0.0.1:1/none"
    with serve(data_dir, "--port", "0", "--database-url", away) as process:
        heard = [hear(notify)]
        while not heard[-1].startswith("STATUS=Waiting for the database"):
            heard.append(hear(notify))
        assert set(heard[:-1]) == {STARTING}
        assert [hear(notify) for _ in range(10)] == [STARTING] * 10
        process.send_signal(signal.SIGTERM)
        assert hear_news(notify).startswith("STOPPING=1\n")
        assert process.wait(20) == 0


def test_a_malformed_watchdog_setting_is_logged_and_the_hub_goes_on(
    notify: socket.socket, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "soon")
    monkeypatch.setenv("NOTIFY_SOCKET", "/no/such/socket")
    with run_hub(data_dir) as hub:
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0
        assert hub.process.stderr is not None
        assert "watchdog_not_understood" in hub.process.stderr.read()


def fill(data_dir: Path) -> None:
    """Copy a database that is already made."""
    subprocess.run(["cp", "-a", first_data(), data_dir], check=True)


@contextmanager
def serve(
    data_dir: Path, *flags: str, given: Sequence[socket.socket] = (), **variables: str
) -> Iterator["subprocess.Popen[str]"]:
    """A hub, perhaps with sockets that systemd has opened."""
    command = [*PARLOUR, "serve", "--data-dir", str(data_dir), *flags]
    with subprocess.Popen(
        activated(command, given) if given else command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), **variables},
        pass_fds=descriptors(given),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def opened(data_dir: Path) -> Iterator[Sequence[socket.socket]]:
    """Two listening sockets: one of TCP, and a Unix socket."""
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        unix = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        unix.bind(str(data_dir.parent / "hub.sock"))
        unix.listen()
        yield (tcp, unix)


async def test_it_listens_on_the_given_sockets_and_on_no_other(
    data_dir: Path, opened: Sequence[socket.socket]
) -> None:
    """The sockets outlive the hub: a connection made between two hubs waits for the second."""
    fill(data_dir)
    port, path = opened[0].getsockname()[1], opened[1].getsockname()
    with listening("127.0.0.1", 0) as (taken,):
        own = ("--port", str(taken.getsockname()[1]), "--host", "127.0.0.1")
        for _ in range(2):
            early = await trio.open_tcp_stream("127.0.0.1", port)
            given = {"LISTEN_FDS": "2", "LISTEN_PID": OWN, "LISTEN_FDNAMES": "web:local"}
            with serve(data_dir, *own, given=opened, **given) as process:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line == f"Parlour is ready at http://127.0.0.1:{port}\n"
                async with early:
                    assert (await request(early, "GET", "/healthz")).status == 200
                async with await trio.open_unix_socket(path) as stream:
                    assert (await request(stream, "GET", "/readyz")).status == 200
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
            assert Path(path).exists()


def test_a_socket_that_cannot_be_served_is_reported_in_one_line(
    data_dir: Path, opened: Sequence[socket.socket]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        given = {"LISTEN_FDS": "2", "LISTEN_PID": OWN, "LISTEN_FDNAMES": "web:other"}
        with serve(data_dir, given=(opened[0], datagram), **given) as process:
            assert process.stderr is not None
            assert process.stderr.read() == (
                "Error: LISTEN_FDS gives other (descriptor 4), which is neither a TCP nor a Unix"
                " stream socket\n"
            )
            assert process.wait(20) == 2
    assert not data_dir.exists()


def test_the_healthcheck_command_reports_the_state_of_the_hub(data_dir: Path) -> None:
    def ask(*flags: str) -> tuple[int, str, str]:
        done = parlour("healthcheck", *flags)
        return done.returncode, done.stdout, done.stderr

    with run_hub(data_dir, "--drain-seconds", "3600") as hub:
        port = ("--port", str(hub.port))
        assert ask(*port) == (0, '{"status":"ok"}\n', "")
        assert ask("--ready", *port) == (0, '{"status":"ready"}\n', "")
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.stderr is not None
        while "draining" not in hub.process.stderr.readline():
            pass
        assert ask(*port)[0] == 0
        told = f'Error: The hub at 127.0.0.1:{hub.port} is not well: 503 {{"status":"stopping"}}\n'
        assert ask("--ready", *port) == (1, "", told)


async def test_settings_are_taken_from_credentials(data_dir: Path) -> None:
    folder = data_dir.parent / "credentials"
    folder.mkdir()
    (folder / "metrics_token").write_text("x" * 16)
    fill(data_dir)
    with serve(data_dir, "--port", "0", CREDENTIALS_DIRECTORY=str(folder)) as process:
        assert process.stdout is not None
        port = urlsplit(process.stdout.readline().split()[-1]).port
        async with await trio.open_tcp_stream("127.0.0.1", port or 0) as stream:
            token = {"Authorization": f"Bearer {'x' * 16}"}
            assert (await request(stream, "GET", "/metrics", headers=token)).status == 200


async def test_the_command_prints_the_unit_of_its_own_installation(data_dir: Path) -> None:
    done = run_module("hub", "systemd-unit", "--user", "chat", "--drain-seconds", "5", seconds=60)
    assert done.returncode == 0
    assert "User=chat\n" in done.stdout
    assert f"ExecStart={Path(sys.executable).parent}/" in done.stdout
    assert "--drain-seconds 5" in done.stdout
    assert "TimeoutStopSec=35\n" in done.stdout
    done = parlour("systemd-unit", "--socket", "--port", "443")
    assert "ListenStream=127.0.0.1:443\n" in done.stdout
    done = parlour("systemd-unit", "--jwt-secret", "x" * 16)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: flag --jwt-secret: everybody can read a unit")
