"""A running hub: what its operators see of it, and what they make it do."""

from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from hub.cluster.siblings import Siblings
from hub.settings.choices import LogLevel
from hub.settings.logs import level_in_force, set_level
from persistence.interface import AuditEntry, Store, Way
from tests.support.clients.operators import operated
from tests.support.clients.socketio import enter
from tests.support.cluster.sibling import worker
from tests.support.stores.outage import Outage
from tests.support.telemetry.logs import about, captured_lines
from tests.support.world import GREETINGS


def entry(action: str, **details: object) -> AuditEntry:
    return AuditEntry(Way.HTTP, "::/64", action, details)


async def test_the_status_shows_the_state_of_the_hub(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        ann, ben = await world.people("ann", "ben")
        sockets = [await each.open(path) for each, path in ((ann, "/ws"), (ann, "/gateway"))]
        peer = await enter(ben)
        found = await operators.seen("/admin/status")
        assert found["connections"] == {"channel_messages": 1, "gateway": 1, "private_messages": 1}
        assert (found["users_online"], found["database"]) == (2, "ok")
        assert found["lanes"] == {"count": 2, "failing": []}
        assert found["epoch"] == world.services.log_watch.epoch
        assert (found["draining"], found["stopping"]) == (False, False)
        world.services.status.is_leaving = True
        assert (await operators.seen("/admin/status"))["stopping"] is True
        assert await operators.audit() == []  # reading is no action
        for socket in (*sockets, peer.socket):
            await socket.close_in_silence()


async def test_connections_are_listed_in_pages_and_for_one_user(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        ann, ben = await world.people("ann", "ben")
        sockets = [await each.open() for each in (ann, ben, ann)]
        peer = await enter(ben)
        everybody = await operators.seen("/admin/connections")
        assert (everybody["total"], everybody["next"]) == (4, None)
        rows = everybody["connections"]
        assert [each["username"] for each in rows] == ["ann", "ben", "ann", "ben"]
        assert [each["dialect"] for each in rows] == [*["private_messages"] * 3, "channel_messages"]
        assert {each["network"] for each in rows} == {"192.0.2.1"}
        assert [each["session"] for each in rows[2:]] == [ann.session_id, None]
        assert all(each["outbox"] == 0 for each in rows)
        ids = [each["id"] for each in rows]
        assert ids == sorted(set(ids))
        first = await operators.seen("/admin/connections?limit=3")
        assert (len(first["connections"]), first["next"]) == (3, ids[2])
        rest = await operators.seen(f"/admin/connections?limit=3&after={first['next']}")
        assert [each["id"] for each in rest["connections"]] == ids[3:]
        bens = await operators.seen("/admin/connections?user=BEN&limit=1")
        assert (bens["total"], [each["id"] for each in bens["connections"]]) == (2, [ids[1]])
        nobody = await operators.call("GET", "/admin/connections?user=nobody")
        assert (nobody.status, nobody.json["code"]) == (404, "user_not_found")
        for socket in (*sockets, peer.socket):
            await socket.close_in_silence()


async def test_a_kick_closes_the_connections_of_one_user_and_ends_no_session(
    memory_store: Store,
) -> None:
    async with operated(memory_store) as (world, operators):
        ann, ben = await world.people("ann", "ben")
        anns = [await ann.open(path) for path in ("/ws", "/ws/chat")]
        bens, peer = await ben.open(), await enter(ann)
        kicked = await operators.done("/admin/kick", {"user": "Ann"})
        assert (kicked["user"]["username"], kicked["closed"]) == ("ann", 3)
        for socket in anns:
            end = await socket.closed()
            assert (end.code, end.reason) == (4003, "Disconnected by the operator")
        assert await peer.packet() == "1"  # after which a stock client stays away
        assert (await peer.socket.closed()).code == 4003
        await bens.close_in_silence()
        assert (await ann.call("GET", "/api/users/me/limits")).status == 200
        again = await ann.open()
        await again.close_in_silence()
        (row,) = await operators.audit()
        assert row.entry == entry("kick", connections=3)
        assert (row.user_id, row.username) == (ann.id, "ann")


async def test_a_kick_of_an_absent_or_unknown_user_is_refused(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        await world.person("ann")
        assert await operators.refused("/admin/kick", {"user": "ann"}) == (404, "no_connection")
        assert await operators.refused("/admin/kick", {"user": "eve"}) == (404, "user_not_found")
        assert await operators.refused("/admin/kick", {"user": "\0"}) == (404, "user_not_found")
        assert await operators.refused("/admin/kick", {"user": 1}) == (400, "invalid_field")
        assert await operators.refused("/admin/kick", {}) == (400, "invalid_field")
        assert await operators.audit() == []


TEXT = "The hub is restarted at noon."
SAID: dict[str, tuple[str, ...]] = {
    "/ws": ("text",),
    "/ws/chat": ("text",),
    "/messagepal": ("payload", "text"),
    "/message": ("payload", "text"),
    "/gateway": ("d", "text"),
}


async def test_an_announcement_is_sent_to_every_connection_in_its_dialect(
    memory_store: Store,
) -> None:
    async with operated(memory_store) as (world, operators):
        ann = await world.person("ann")
        assert set(SAID) == set(GREETINGS)
        sockets = {path: await ann.open(path) for path in SAID}
        peer = await enter(ann)
        sent = await operators.done("/admin/announce", {"text": TEXT})
        assert sent == {"connections": len(SAID) + 1}
        for path, place in SAID.items():
            frame: Any = await sockets[path].receive()
            assert "announcement" in (frame.get("type") or frame["t"]).lower()
            for name in place:
                frame = frame[name]
            assert frame == TEXT
            await sockets[path].close_in_silence()
        name, payload = await peer.event()
        assert (name, payload["text"]) == ("announcement", TEXT)
        await peer.socket.close_in_silence()
        (row,) = await operators.audit()
        assert row.entry == entry("announce", text=TEXT)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("", 400, "content_empty"),
        (" \n", 400, "content_empty"),
        ("x" * 2_001, 400, "content_too_long"),
        ("a\0b", 400, "content_invalid"),
        ("x" * 100_000, 413, "body_too_large"),
    ],
)
async def test_an_announcement_with_an_invalid_text_is_refused(
    memory_store: Store, text: str, status: int, code: str
) -> None:
    async with operated(memory_store) as (_, operators):
        assert await operators.refused("/admin/announce", {"text": text}) == (status, code)
        assert await operators.audit() == []


async def test_the_log_level_changes_at_once(memory_store: Store) -> None:
    before = level_in_force()
    try:
        async with operated(memory_store) as (_, operators):
            set_level(LogLevel.ERROR)
            changed = await operators.done("/admin/log-level", {"level": "warning"})
            assert changed == {"level": "warning", "before": "error"}
            assert level_in_force() is LogLevel.WARNING
            again = await operators.done("/admin/log-level", {"level": "warning"})
            assert again == {"level": "warning", "before": "warning"}
            refused = await operators.refused("/admin/log-level", {"level": "loud"})
            assert refused == (400, "invalid_field")
            (row,) = await operators.audit()
            assert row.entry == entry("log-level", level="warning", before="error")
    finally:
        set_level(before)


async def test_a_draining_hub_is_not_ready_and_goes_on_serving(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        for draining, status, changed in (
            (False, 200, False), (True, 503, True), (True, 503, False), (False, 200, True),
            (True, 503, True),
        ):  # fmt: skip
            done = await operators.done("/admin/drain", {"draining": draining})
            assert done == {"draining": draining, "changed": changed}
            assert (await world.call("GET", "/readyz")).status == status
        ann = await world.person("ann")  # everything else goes on
        await (await ann.open()).close_in_silence()
        assert [row.entry.details for row in await operators.audit()] == [
            {"draining": True},
            {"draining": False},
            {"draining": True},
        ]


async def test_operators_actions_are_logged_without_the_text_of_announcements(
    memory_store: Store,
) -> None:
    async with operated(memory_store) as (world, operators):
        ann = await world.person("ann")
        with captured_lines() as lines:
            socket = await ann.open()
            socket.ignoring("announcement")
            for path, body in (
                ("/admin/drain", {"draining": True}),
                ("/admin/announce", {"text": TEXT}),
                ("/admin/kick", {"user": "ann"}),
                ("/admin/users/role", {"user": "ann", "role": "teacher"}),
                ("/admin/deactivate", {"user": "ann"}),
                ("/admin/deactivate", {"user": "ann"}),  # which changes nothing
                ("/admin/reactivate", {"user": "ann"}),
            ):
                await operators.done(path, body)
            await socket.until_closed()
    told = [(each["action"], each.get("user")) for each in about(lines, "operator_acted")]
    assert told == [
        ("drain", None),
        ("announce", None),
        ("kick", ann.id),
        ("user role", ann.id),
        ("deactivate", ann.id),
        ("reactivate", ann.id),
    ]
    came = {
        (each["way"], each["peer"], each["log_level"]) for each in about(lines, "operator_acted")
    }
    assert came == {("http", "::/64", "info")}
    assert TEXT not in repr(lines)


SIBLING: Final = b"HTTP/1.1 200 OK\r\n\r\n" + orjson.dumps(
    {"draining": True, "log_level": "error", "connections": {}}
)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/admin/drain", {"draining": False}), ("/admin/log-level", {"level": "warning"})],
)
async def test_an_action_that_cannot_be_audited_is_carried_out_at_no_worker(
    memory_store: Store, tmp_path: Path, path: str, body: dict[str, Any]
) -> None:
    """Later the others carry it out, even if this worker is in the desired state already."""
    outage = Outage()
    async with (
        worker(tmp_path, "n-2", SIBLING) as asked,
        operated(outage.over(memory_store), siblings=Siblings(tmp_path, "n-1")) as (_, operators),
    ):
        outage.begin()
        assert await operators.refused(path, body) == (503, "unavailable")
        assert [each for each in asked if each.startswith(b"POST")] == []
        outage.end()
        await operators.done(path, body)
        (told,) = [each for each in asked if each.startswith(b"POST")]
        assert orjson.loads(told.partition(b"\r\n\r\n")[2]) == body
        (row,) = await operators.audit()
        assert row.entry.details.items() >= body.items()


async def test_an_action_that_cannot_be_audited_is_not_carried_out(memory_store: Store) -> None:
    outage = Outage()
    async with operated(outage.over(memory_store)) as (world, operators):
        ann = await world.person("ann")
        socket = await ann.open()
        outage.begin()
        for path, body in (
            ("/admin/announce", {"text": TEXT}),
            ("/admin/kick", {"user": "ann"}),
            ("/admin/drain", {"draining": True}),
        ):
            assert await operators.refused(path, body) == (503, "unavailable")
        assert world.services.status.is_draining is False
        outage.end()
        await socket.close_in_silence()
        assert await operators.audit() == []
