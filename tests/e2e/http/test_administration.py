"""`parlour user`, `session` and `admin` as operators use them, beside a hub and without one."""

import json
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import frozen

from hub.admin.socket import MAX_PATH_BYTES
from hub.rest.routes.admin.trace import MAX_TRACES
from tests.support.forks.client import Forked
from tests.support.programs.hub_process import (
    HubProcess,
    environment,
    open_folder,
    run_hub,
)
from tests.support.stores.databases import Databases, execute

PASSWORD = "correct horse"
TOKEN = "a token of the operators"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


@frozen
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


def run(*words: str, **variables: str) -> Done:
    given = {**environment(), "PARLOUR_PASSWORD": PASSWORD, **variables}
    with Forked(words, Path("/"), given) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        out, err = process.stdout.read(), process.stderr.read()
        return Done(process.wait(60), out, err)


async def parlour(data_dir: Path, *words: str) -> str:
    """The output of a command that succeeds; in a thread, so that sockets are read meanwhile."""
    done = await trio.to_thread.run_sync(lambda: run(*words, "--data-dir", str(data_dir)))
    assert (done.code, done.err) == (0, ""), done.err
    return done.out.strip()


def refusal(data_dir: Path, *words: str, code: int = 1) -> str:
    """The error of a command that fails."""
    done = run(*words, "--data-dir", str(data_dir))
    assert (done.code, done.out) == (code, ""), done.out
    return done.err.strip().splitlines()[-1].removeprefix("Error: ")


async def sign_in(hub: HubProcess, name: str) -> tuple[int, str]:
    """The status of a login, and the Cookie header."""
    reply = await hub.call("POST", "/api/auth/login", {"email": name, "password": PASSWORD})
    return reply.status, reply.headers.get("set-cookie", "").partition(";")[0]


async def test_accounts_are_managed_beside_a_hub_and_without_one(data_dir: Path) -> None:
    assert refusal(data_dir, "user", "list").startswith("There is no database of Parlour in")
    with run_hub(data_dir) as hub:
        assert stat.S_IMODE((data_dir / "admin.sock").stat().st_mode) == 0o600
        assert await parlour(data_dir, "user", "add", "ann", "--name", "Ann") == "ann has id 1"
        assert (await sign_in(hub, "ann"))[0] == 200
        assert await parlour(data_dir, "user", "role", "ann", "teacher") == "ann is a teacher"
        assert await parlour(data_dir, "user", "list") == "1  ann  -  Ann"
        assert await parlour(data_dir, "session", "revoke", "ann") == "1 session of ann ended"
        assert refusal(data_dir, "user", "add", "ANN") == (
            "This username has an account already (username_taken)"
        )
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0
    assert not (data_dir / "admin.sock").exists()
    assert (await parlour(data_dir, "user", "add", "ben")).startswith("ben has id ")
    assert refusal(data_dir, "user", "add", "ben") == (
        "This username has an account already (username_taken)"
    )
    done = "ann is deactivated and signed out everywhere; messages stay"
    assert await parlour(data_dir, "admin", "deactivate", "ann") == done
    assert "No hub listens on" in refusal(data_dir, "admin", "status")
    with run_hub(data_dir) as hub:
        assert [(await sign_in(hub, name))[0] for name in ("ann", "ben")] == [403, 200]
        lines = await parlour(data_dir, "admin", "audit", "--json", "--limit", "3")
        actions: list[Any] = [json.loads(line) for line in lines.splitlines()]
        uid = f"uid {os.getuid()}"
        told = [(each["action"], each["way"], each["peer"], each["username"]) for each in actions]
        assert told == [
            ("deactivate", "command", uid, "ann"),
            ("user add", "command", uid, "ben"),
            ("session revoke", "socket", uid, "ann"),
        ]


async def test_a_running_hub_is_administered(data_dir: Path) -> None:
    with run_hub(data_dir, "--admin-token", TOKEN) as hub:
        await parlour(data_dir, "user", "add", "ann")
        await parlour(data_dir, "user", "add", "ben")
        (_, anns), (_, bens) = await sign_in(hub, "ann"), await sign_in(hub, "ben")
        async with hub.open(anns) as ann, hub.open(bens) as ben:
            status = await parlour(data_dir, "admin", "status")
            assert f"at {hub.url}\n" in status
            assert "connections    2: 2 private_messages\nusers online   2\n" in status
            listed = (await parlour(data_dir, "admin", "connections", "--user", "ann")).splitlines()
            assert listed[0].split() == ["id", "user", "dialect", "network", "since", "outbox"]
            assert listed[1].split()[1:4] == ["ann", "(1)", "private_messages"]
            assert listed[2] == "1 of 1 connection"
            first = await parlour(data_dir, "admin", "connections", "--limit", "1")
            assert first.splitlines()[-1] == "1 of 2 connections; the next ones: --after 1"
            said = await parlour(data_dir, "admin", "announce", "Hello")
            assert said == "Sent to 2 connections"
            for socket in (ann, ben):
                assert (await socket.receive_type("announcement"))["text"] == "Hello"
            kicked = await parlour(data_dir, "admin", "kick", "ann", "--json")
            assert json.loads(kicked)["closed"] == 1
            assert (await ann.closed()).code == 4003
            assert refusal(data_dir, "admin", "kick", "ann") == (
                "ann has no connection (no_connection)"
            )
            assert refusal(data_dir, "admin", "kick", "eve") == (
                "There is no user eve (user_not_found)"
            )
            assert refusal(data_dir, "admin", "announce", "") == (
                "There is nothing to announce (content_empty)"
            )
            assert "(body_too_large)" in refusal(data_dir, "admin", "announce", "x" * 100_000)
            assert await parlour(data_dir, "admin", "drain")
            assert (await hub.call("GET", "/readyz")).status == 503
            again = "The hub is draining already; nothing has changed"
            assert await parlour(data_dir, "admin", "drain") == again
            assert await parlour(data_dir, "admin", "drain", "--undo")
            assert (await hub.call("GET", "/readyz")).status == 200
            again = "The hub is not draining; nothing has changed"
            assert await parlour(data_dir, "admin", "drain", "--undo") == again
            changed = await parlour(data_dir, "admin", "log-level", "debug")
            assert changed == "The log level is debug; it was info"
            assert await parlour(data_dir, "admin", "deactivate", "ben")
            assert (await ben.closed()).code == 4001


@contextmanager
def following(data_dir: Path, *flags: str) -> Iterator[Forked]:
    """`admin trace ann`, once it has begun."""
    words = ("admin", "trace", "ann", "--data-dir", str(data_dir), *flags)
    with Forked(words, Path("/"), environment()) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "The log of ann from now on; ^C ends it\n"
            yield process
        finally:
            process.kill()


def next_line(process: Forked) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_trace_runs_until_it_is_interrupted_or_the_hub_ends(data_dir: Path) -> None:
    with run_hub(data_dir) as hub:
        refused = refusal(data_dir, "admin", "trace", "ann")
        assert refused == "There is no user ann (user_not_found)"
        assert run("user", "add", "ann", "--data-dir", str(data_dir)).code == 0
        with following(data_dir) as process:
            run("session", "revoke", "ann", "--data-dir", str(data_dir))
            shown = '  info      operator_acted  action="session revoke" way=socket '
            assert shown in next_line(process)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
            assert process.stderr is not None
            assert process.stderr.read() == ""
        with following(data_dir, "--json") as process:
            run("session", "revoke", "ann", "--data-dir", str(data_dir))
            line = json.loads(next_line(process))
            assert (line["action"], line["ended"]) == ("session revoke", 0)
            hub.process.send_signal(signal.SIGTERM)
            assert hub.process.wait(20) == 0
            assert process.wait(20) == 0
            assert process.stderr is not None
            assert process.stderr.read() == "The hub has ended it\n"


def test_a_trace_ends_when_its_output_is_closed(data_dir: Path) -> None:
    """As with `| head -1`; afterwards another trace may begin."""
    with run_hub(data_dir):
        assert run("user", "add", "ann", "--data-dir", str(data_dir)).code == 0
        for _ in range(MAX_TRACES + 1):
            with following(data_dir) as process:
                run("session", "revoke", "ann", "--data-dir", str(data_dir))
                assert "operator_acted" in next_line(process)
                assert process.stdout is not None
                process.stdout.close()
                run("session", "revoke", "ann", "--data-dir", str(data_dir))
                assert process.wait(20) == 0
                assert process.stderr is not None
                assert process.stderr.read() == ""


async def test_a_hub_with_an_external_database_has_a_socket_too(
    databases: Databases, data_dir: Path
) -> None:
    """Commands that name no database use that of the hub."""
    data_dir.mkdir()
    async with databases.migrated() as dsn:
        with run_hub(data_dir, "--database-url", dsn):
            assert "database       ok" in await parlour(data_dir, "admin", "status")
            assert await parlour(data_dir, "user", "add", "ann") == "ann has id 1"
            both = ("user", "list", "--database-url", dsn)
            assert await parlour(data_dir, *both) == await parlour(data_dir, "user", "list")
            assert await parlour(data_dir, "admin", "deactivate", "ann", "--database-url", dsn)
            assert "deactivated" in await parlour(data_dir, "user", "list")
            ways = await execute(dsn, "SELECT string_agg(way, ' ' ORDER BY id) FROM audit")
            assert ways == "socket command"
    assert refusal(data_dir, "user", "list").startswith("There is no database of Parlour in")


def test_a_database_is_made_for_the_first_account_and_a_line_reports_that(data_dir: Path) -> None:
    made = run("user", "add", "ann", "--data-dir", str(data_dir))
    assert (made.code, made.out) == (0, "ann has id 1\n")
    assert made.err == f"Making a new database in {data_dir}\n"
    again = run("user", "add", "ben", "--data-dir", str(data_dir))
    assert (again.code, again.err) == (0, "")


def test_a_hub_that_cannot_be_reached_is_named_with_the_reason(data_dir: Path) -> None:
    long = data_dir / ("x" * MAX_PATH_BYTES)
    with run_hub(long):
        said = refusal(long, "user", "list")
    assert "is in use by another hub or command (pid " in said
    assert "that of a Unix socket 107 at most: choose a shorter data_dir" in said


def test_the_commands_work_over_http(data_dir: Path) -> None:
    with run_hub(data_dir, "--admin-token", TOKEN) as hub:
        elsewhere = data_dir / "elsewhere"
        secret = data_dir.parent / "token"
        secret.write_text(TOKEN)
        flags = ("--url", hub.url, "--data-dir", str(elsewhere))
        asked = run("admin", "status", "--json", *flags, "--admin-token-file", str(secret))
        assert json.loads(asked.out)["url"] == hub.url
        made = run("user", "add", "ann", *flags, PARLOUR_ADMIN_TOKEN=TOKEN)
        assert (made.code, made.out) == (0, "ann has id 1\n")
        wrong = run("admin", "status", *flags, "--admin-token", TOKEN.upper())
        assert (wrong.code, wrong.err) == (1, "Error: This needs the admin token (unauthorized)\n")
        assert "admin_token is needed" in run("admin", "status", *flags).err
        assert not elsewhere.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("admin", "frighten", "ann"),
        ("admin", "kick"),
        ("admin", "log-level", "loud"),
        ("admin", "connections", "--limit", "many"),
        ("user", "role", "ann", "assistant"),
    ],
)
def test_a_wrong_command_line_is_another_exit_code(data_dir: Path, words: tuple[str, ...]) -> None:
    assert refusal(data_dir, *words, code=2)
    assert not data_dir.exists()
