"""The admin socket: its file, and the requests that it accepts."""

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from attrs import evolve, frozen
from structlog.testing import capture_logs
from trio.testing import MockClock

import hub.rest.routes
from hub.admin.socket import MAX_PATH_BYTES, NAME, PLACES, open_admin_socket
from hub.http.body import Limits
from hub.http.server import Rules
from hub.rest.app import build_admin_app, discover
from persistence.interface import AuditEntry, Store, Way
from tests.support.clients.http import Reply, request
from tests.support.clients.websocket import Refused, open_websocket
from tests.support.quiet import until_quiet
from tests.support.stores.places import quick_place
from tests.support.telemetry.logs import about, captured_lines
from tests.support.world import World, open_world


@frozen
class Desk:
    """A hub and its admin socket."""

    world: World
    path: Path

    async def connect(self) -> trio.SocketStream:
        return await trio.open_unix_socket(self.path)

    async def call(self, method: str, path: str, body: object = None) -> Reply:
        async with await self.connect() as stream:
            return await request(stream, method, path, body)


@asynccontextmanager
async def open_desk(store: Store, folder: Path, rules: Rules | None = None) -> AsyncIterator[Desk]:
    async with open_world(store, presence_grace=0.0) as world:
        app = build_admin_app(world.services, discover(hub.rest.routes))
        async with open_admin_socket(folder, app, rules or Rules()):
            yield Desk(world, folder / NAME)


async def test_only_its_owner_may_use_the_socket_and_it_is_removed_with_the_hub(
    memory_store: Store, tmp_path: Path
) -> None:
    umask = os.umask(0)
    try:
        async with open_desk(memory_store, tmp_path / "data") as desk:
            mode = desk.path.stat().st_mode
            assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    finally:
        os.umask(umask)
    assert not desk.path.exists()


async def test_a_peer_on_the_socket_is_an_operator_named_by_its_uid(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_desk(memory_store, tmp_path) as desk:
        assert (await desk.call("GET", "/admin/status")).json["connections"] == {}
        drained = await desk.call("POST", "/admin/drain", {"draining": True})
        assert drained.json == {"draining": True, "changed": True}
        (row,) = await desk.world.store.audit.page(before=None, limit=2)
        peer = f"uid {os.getuid()}"
        assert row.entry == AuditEntry(Way.SOCKET, peer, "drain", {"draining": True})


async def test_the_log_names_the_route_of_a_request(memory_store: Store, tmp_path: Path) -> None:
    with captured_lines() as lines:
        async with open_desk(memory_store, tmp_path) as desk:
            await desk.call("GET", "/admin/users?after=1")
            await desk.call("GET", "/admin/nothing")
            await until_quiet()
    routes = [line["route"] for line in about(lines, "request_answered")]
    assert routes == ["/admin/users", None]


async def test_the_socket_serves_only_admin_endpoints(memory_store: Store, tmp_path: Path) -> None:
    async with open_desk(memory_store, tmp_path) as desk:
        for path in ("/", "/api/users/me", "/healthz", "/admin", "/admin/nothing"):
            reply = await desk.call("GET", path)
            assert (reply.status, reply.json["code"]) == (404, "not_found")
        with pytest.raises(Refused):
            await open_websocket(await desk.connect(), "/ws")
        assert (await desk.call("PATCH", "/admin/kick", {})).json["code"] == "method_not_allowed"


async def test_the_file_of_a_dead_hub_is_replaced_and_that_of_a_living_one_is_not(
    memory_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_desk(memory_store, tmp_path) as desk:
        async with open_admin_socket(tmp_path, desk.world.admission.serve, Rules()):  # type: ignore[arg-type]  # no peer comes
            assert (await desk.call("GET", "/admin/status")).status == 200
        assert (await desk.call("GET", "/admin/status")).status == 200
    with trio.socket.socket(trio.socket.AF_UNIX) as dead:
        await dead.bind(os.fspath(tmp_path / NAME))
    async with open_desk(memory_store, tmp_path) as desk:
        assert (await desk.call("GET", "/admin/status")).status == 200


@pytest.mark.parametrize("length", [MAX_PATH_BYTES, MAX_PATH_BYTES + 1])
async def test_a_socket_path_that_is_too_long_is_logged_and_the_hub_still_starts(
    memory_store: Store, length: int
) -> None:
    folder = Path(quick_place() or "/tmp") / f"parlour-test-{os.getpid()}"
    folder = folder / ("x" * (length - len(os.fsencode(folder / "y" / NAME)) + 1))
    folder.mkdir(parents=True)
    try:
        with capture_logs() as logs:
            async with open_desk(memory_store, folder) as desk:
                assert desk.path.exists() == (length == MAX_PATH_BYTES)
                assert (await desk.world.call("GET", "/healthz")).status == 200
        said = [each for each in logs if each["event"] == "no_admin_socket"]
        if length == MAX_PATH_BYTES:
            assert said == []
        else:
            reason = f"its path has {length} bytes, that of a Unix socket {MAX_PATH_BYTES} at most"
            assert [each["reason"] for each in said] == [reason]
    finally:
        folder.rmdir()
        folder.parent.rmdir()


async def test_silent_connections_are_closed_and_do_not_block_others(
    memory_store: Store, tmp_path: Path, mock_clock: MockClock
) -> None:
    """Also when they take all `PLACES`."""
    rules = Rules(evolve(Limits(), head_seconds=5.0))
    async with open_desk(memory_store, tmp_path, rules) as desk:
        silent = [await desk.connect() for _ in range(PLACES)]
        mock_clock.autojump_threshold = 0.01
        assert (await desk.call("GET", "/admin/status")).status == 200
        for stream in silent:
            assert await stream.receive_some() == b""
            await stream.aclose()


async def test_a_thousand_simultaneous_requests_all_get_responses(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_desk(memory_store, tmp_path) as desk:
        ann = await desk.world.person("ann")
        socket = await ann.open()
        statuses: list[int] = []

        async def ask() -> None:
            statuses.append((await desk.call("POST", "/admin/kick", {"user": "eve"})).status)

        async with trio.open_nursery() as nursery:
            for _ in range(1_000):
                nursery.start_soon(ask)
        assert statuses == [404] * 1_000
        await socket.close_in_silence()


async def test_malformed_requests_end_only_their_own_connection(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_desk(memory_store, tmp_path) as desk:
        async with await desk.connect() as stream:
            await stream.send_all(b"\x16\x03\x01 nonsense\r\n\r\n")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 400")
        async with await desk.connect() as stream:
            head = b"POST /admin/kick HTTP/1.1\r\nHost: h\r\nContent-Length: 9"
            await stream.send_all(head + b"\r\n\r\n{")
        assert (await desk.call("GET", "/admin/status")).status == 200
