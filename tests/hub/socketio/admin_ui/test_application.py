"""The page `@socket.io/admin-ui` on a hub: how it is opened, what it shows and does."""

from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock

from hub.socketio.admin_ui.application import MAX_PAGES
from persistence.interface import AuditEntry, Store, Way
from tests.support.clients.admin_ui import SIGNED_IN, ask_in, open_page, refusal
from tests.support.clients.operators import TOKEN, operated
from tests.support.clients.socketio import channel_of, enter
from tests.support.school import open_school
from tests.support.stores.outage import Outage
from tests.support.world import open_world

INVALID = "invalid credentials"
STATS = "server_stats"
HOME = "channel_messages"


async def test_without_the_settings_there_is_no_admin_ui(memory_store: Store) -> None:
    async with operated(memory_store) as (world, _):
        assert await refusal(world, SIGNED_IN) == "Invalid namespace"
    async with open_world(memory_store) as world:
        assert await refusal(world, SIGNED_IN) == "Invalid namespace"


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"username": "admin"},
        {"username": "admin", "password": ""},
        {"username": "admin", "password": TOKEN[:-1]},
        {"username": "admin", "password": [TOKEN]},
        {"username": "ann", "password": TOKEN},
        {"password": TOKEN},
        {"sessionId": TOKEN},
        {"sessionId": None},
        {"token": TOKEN},
    ],
)
async def test_the_page_is_opened_with_the_admin_token_only(
    memory_store: Store, auth: object
) -> None:
    async with operated(memory_store, admin_ui="yes") as (world, _):
        ann = await world.person("ann")
        assert await refusal(world, auth, ann.cookie) == INVALID


async def test_the_page_reconnects_with_the_id_of_its_sign_in(
    memory_store: Store, mock_clock: MockClock
) -> None:
    async with operated(memory_store, admin_ui="yes") as (world, _):
        page, sign_in = await open_page(world)
        assert sign_in is not None
        await page.leave()
        page, again = await open_page(world, {"sessionId": sign_in})
        assert again is None
        await page.leave()
        mock_clock.jump(13 * 3_600)
        assert await refusal(world, {"sessionId": sign_in}) == INVALID


async def test_wrong_tokens_are_limited_together_with_those_over_http(
    memory_store: Store, mock_clock: MockClock
) -> None:
    settings = {"login_attempts": 3, "login_window": 60, "admin_ui": "yes"}
    async with operated(memory_store, **settings) as (world, operators):
        for _ in range(3):
            wrong = {"username": "admin", "password": "a guess"}
            assert await refusal(world, wrong) == INVALID
        assert (await refusal(world, SIGNED_IN)).startswith("too many attempts, please wait")
        refused = await operators.call("GET", "/admin/status", peer="192.0.2.1")
        assert refused.status == 429
        mock_clock.jump(61)
        page, _ = await open_page(world)
        await page.leave()


async def test_the_page_shows_connections_that_come_and_go_and_their_rooms(
    memory_store: Store, mock_clock: MockClock
) -> None:
    async with operated(memory_store, admin_ui="yes") as (world, _):
        school = await open_school(world)
        peer = await enter(school.ann)
        page, _ = await open_page(world)
        name, (shown,) = await page.event()
        assert (name, shown["id"], shown["clientId"]) == ("all_sockets", "ann:1", "ann")
        assert (shown["nsp"], shown["transport"], shown["rooms"]) == (HOME, "websocket", [])
        assert shown["handshake"]["address"] == "192.0.2.1"
        assert (shown["handshake"]["headers"], shown["handshake"]["query"]) == ({}, {})
        assert shown["data"] == {"id": 1, "user_id": school.ann.id, "username": "ann"}
        stats = await page.stats()
        assert stats["namespaces"] == [{"name": HOME, "socketsCount": 1}]
        assert (stats["clientsCount"], stats["pollingClientsCount"]) == (1, 0)
        page.socket.ignoring(STATS)
        await page.socket.is_silent()

        ben = await school.ben.open()
        await peer.ask("room:join", channel_of(school))
        room = f"channel {school.general.id}"
        mock_clock.jump(2)
        assert (await page.event())[:4] == ["room_joined", HOME, room, "ann:1"]
        name, shown, _at = await page.event()
        assert (name, shown["id"], shown["nsp"]) == ("socket_connected", "ben:2", ben_at())
        await peer.ask("room:leave", channel_of(school))
        await ben.close_in_silence()
        mock_clock.jump(2)
        assert (await page.event())[:4] == ["room_left", HOME, room, "ann:1"]
        gone = await page.event()
        assert gone[:4] == ["socket_disconnected", ben_at(), "ben:2", "closed with 1000"]
        mock_clock.jump(2)
        await page.socket.is_silent()  # unchanged connections are not sent again


def ben_at() -> str:
    return "private_messages"


async def test_the_page_gets_a_list_again_after_an_empty_one(
    memory_store: Store, mock_clock: MockClock
) -> None:
    async with operated(memory_store, admin_ui="yes") as (world, _):
        ann = await world.person("ann")
        page, _ = await open_page(world)
        page.socket.ignoring(STATS)
        assert await page.event() == ["all_sockets", []]
        await ann.open()
        mock_clock.jump(2)
        name, (shown,) = await page.event()
        assert (name, shown["id"]) == ("all_sockets", "ann:1")


async def audit_of(
    memory_store: Store, command: Sequence[object], *, ends: Sequence[bool]
) -> Sequence[AuditEntry]:
    """The audit of a command; `ends`: which of ann's two connections and ben's it closes."""
    async with operated(memory_store, admin_ui="yes") as (world, operators):
        ann, ben = await world.people("ann", "ben")
        sockets = [await each.open() for each in (ann, ann, ben)]
        page, _ = await open_page(world)
        assert (await page.event())[0] == "all_sockets"
        page.socket.ignoring(STATS)
        await page.send(*command)
        for socket, is_over in zip(sockets, ends, strict=True):
            if is_over:
                assert (await socket.closed()).code == 4003
            else:
                await socket.is_silent()
        return [row.entry for row in await operators.audit()]


async def test_a_disconnect_of_one_connection_is_carried_out_and_audited(
    memory_store: Store,
) -> None:
    command = ("_disconnect", "any", False, "ann:1")
    audit = await audit_of(memory_store, command, ends=[True, False, False])
    details = {"connections": 1, "connection": 1}
    assert audit == [AuditEntry(Way.HTTP, "192.0.2.1", "kick", details)]


async def test_a_disconnect_of_a_client_closes_all_connections_of_its_user(
    memory_store: Store,
) -> None:
    command = ("_disconnect", "any", True, "ann:2")
    audit = await audit_of(memory_store, command, ends=[True, True, False])
    assert audit == [AuditEntry(Way.HTTP, "192.0.2.1", "kick", {"connections": 2})]


@pytest.mark.parametrize(
    "command",
    [
        ("_disconnect", "private_messages", False),
        ("_disconnect", "private_messages", True, None),
        ("_disconnect", "private_messages", False, "ben:1"),
        ("_disconnect", "private_messages", False, "ann:01"),
        ("_disconnect", "private_messages", False, "ann:99"),
        ("_disconnect", "private_messages", False, "ann:x"),
        ("emit", "private_messages", None, "hello", "all"),
        ("join", "private_messages", "room", "ann:1"),
        ("leave", "private_messages", "room", "ann:1"),
        ("message:send", {"content": "x"}),
    ],
)
async def test_other_commands_are_not_carried_out(
    memory_store: Store, command: tuple[object]
) -> None:
    assert await audit_of(memory_store, command, ends=[False] * 3) == []


async def test_a_command_that_cannot_be_audited_is_not_carried_out(memory_store: Store) -> None:
    outage = Outage()
    async with operated(outage.over(memory_store), admin_ui="yes") as (world, _):
        ann = await world.person("ann")
        socket = await ann.open()
        page, _ = await open_page(world)
        page.socket.ignoring(STATS, "all_sockets")
        outage.begin()
        await page.send("_disconnect", "any", False, "ann:1")
        await socket.is_silent()
        await page.socket.is_silent()
        outage.end()
        await page.send("_disconnect", "any", False, "ann:1")
        assert (await socket.closed()).code == 4003


async def test_the_number_of_open_pages_is_bounded(memory_store: Store) -> None:
    async with operated(memory_store, admin_ui="yes") as (world, _):
        pages = [(await open_page(world))[0] for _ in range(MAX_PAGES)]
        assert await refusal(world, SIGNED_IN) == "too many pages are open"
        await pages[0].leave()
        page, answer = await ask_in(world, SIGNED_IN)
        assert answer["type"] == "40"
        for each in (*pages[1:], page):
            await each.leave()


async def test_no_task_is_left_after_the_page_is_closed(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with operated(memory_store, admin_ui="yes") as (world, _):
        await trio.sleep(1)
        before = trio.lowlevel.current_statistics().tasks_living
        page, _ = await open_page(world)
        assert trio.lowlevel.current_statistics().tasks_living > before
        await page.leave()
        await trio.sleep(1)
        assert trio.lowlevel.current_statistics().tasks_living == before
