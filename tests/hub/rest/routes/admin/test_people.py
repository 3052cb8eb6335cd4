"""The data of users and workspaces, as operators read and delete it while the hub runs."""

import io
from zipfile import ZipFile

from persistence.interface import AuditEntry, Store, Way
from tests.support.clients.operators import operated
from tests.support.posting import write
from tests.support.stores.outage import Outage
from tests.support.stores.records import make_channel
from tests.support.telemetry.logs import about, captured_lines


def entry(action: str, **details: object) -> AuditEntry:
    return AuditEntry(Way.HTTP, "::/64", action, details)


async def test_an_export_is_streamed_as_a_zip_file(store: Store) -> None:
    async with operated(store) as (world, operators):
        ann, ben = await world.people("ann", "ben")
        for _ in range(3):
            await write(world, ann.user, ben.user, "hi")
        reply = await operators.call("GET", "/admin/users/export?user=ANN")
        assert (reply.status, reply.headers["content-type"]) == (200, "application/zip")
        assert "content-length" not in reply.headers
        with ZipFile(io.BytesIO(reply.body)) as found:
            assert found.read("summary.json") == b'{\n  "messages": 3,\n  "files": 0\n}'
        nobody = await operators.call("GET", "/admin/users/export?user=eve")
        assert (nobody.status, nobody.json["code"]) == (404, "user_not_found")
        (row,) = await operators.audit()
        assert (row.entry, row.user_id) == (entry("user export"), ann.id)


async def test_an_export_that_cannot_be_audited_is_refused(memory_store: Store) -> None:
    outage = Outage()
    async with operated(outage.over(memory_store)) as (world, operators):
        await world.person("ann")
        outage.begin()
        reply = await operators.call("GET", "/admin/users/export?user=ann")
        assert (reply.status, reply.json["code"]) == (503, "unavailable")
        outage.end()


async def test_a_deleted_user_is_disconnected_at_once(store: Store) -> None:
    async with operated(store) as (world, operators):
        ann, ben = await world.people("ann", "ben")
        await write(world, ann.user, ben.user, "hi")
        socket = await ann.open()
        with captured_lines() as lines:
            gone = {"user": "ann", "messages": "keep"}
            deleted = await operators.done("/admin/users/delete", gone)
        assert (deleted["user"]["username"], deleted["messages"]) == ("ann", "keep")
        assert deleted["handed_over"] == []
        assert (await socket.closed()).code == 4001
        assert (await ann.call("GET", "/api/users/me/limits")).status == 401
        for body, refused in (
            (gone, (404, "user_not_found")),
            ({**gone, "user": "ben", "messages": "burn"}, (400, "invalid_field")),
            ({"user": "ben"}, (400, "invalid_field")),
        ):
            assert await operators.refused("/admin/users/delete", body) == refused
        (row,) = await operators.audit()
        assert (row.entry, row.user_id) == (entry("user delete", messages="keep"), ann.id)
        (line,) = about(lines, "operator_acted")
        assert (line["action"], line["user"], line["messages"]) == ("user delete", ann.id, "keep")


async def test_workspaces_are_listed_in_pages_and_get_a_retention_time(store: Store) -> None:
    async with operated(store) as (world, operators):
        ann, ben = await world.people("ann", "ben")
        ids = [(await make_channel(store, ann.user, ben.user)).workspace_id for _ in range(3)]
        first = await operators.seen("/admin/workspaces?limit=2")
        assert [each["id"] for each in first["workspaces"]] == ids[:2]
        assert first["workspaces"][0] == {
            "id": ids[0], "name": "school", "owner": "ann", "members": 2, "retention_days": 0,
        }  # fmt: skip
        rest = await operators.seen(f"/admin/workspaces?limit=2&after={first['next']}")
        assert ([each["id"] for each in rest["workspaces"]], rest["next"]) == (ids[2:], None)
        body = {"workspace": str(ids[1]), "days": 30}
        for changed in (True, False):
            done = await operators.done("/admin/workspaces/retention", body)
            assert (done["retention_days"], done["changed"]) == (30, changed)
        for wrong, refused in (
            ({**body, "workspace": "school"}, (400, "invalid_field")),
            ({**body, "workspace": "home"}, (404, "workspace_not_found")),
            ({**body, "days": -1}, (400, "invalid_field")),
            ({**body, "days": 36_501}, (400, "invalid_field")),
        ):
            assert await operators.refused("/admin/workspaces/retention", wrong) == refused
        (row,) = await operators.audit()
        assert row.entry == entry("workspace retention", workspace=ids[1], days=30)


async def test_one_account_is_found_by_its_username(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        await world.people("ann", "ben")
        found = await operators.seen("/admin/users?user=BEN")
        assert ([each["username"] for each in found["users"]], found["next"]) == (["ben"], None)
        nobody = await operators.call("GET", "/admin/users?user=eve")
        assert (nobody.status, nobody.json["code"]) == (404, "user_not_found")
