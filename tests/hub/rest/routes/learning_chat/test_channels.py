"""Channels and dms over REST: every response, on every store."""

import pytest

from persistence.records import ProfileChange
from tests.support.school import open_school
from tests.support.world import Person, World


async def test_channels_are_made_by_teachers_and_seen_by_members(world: World) -> None:
    school = await open_school(world)
    path = f"/api/workspaces/{school.workspace.id}/channels"
    body = {"name": "news", "type": "announcement", "class": "10A", "subject": "Physics"}
    made = await school.tea.ask("POST", path, body)
    assert made.status == 201
    channel = made.json
    assert channel["workspaceId"] == school.workspace.id
    assert {name: channel[name] for name in body} == body
    assert channel["pinnedMessages"] == []
    listed = await school.ann.ask("GET", path)
    assert [each["name"] for each in listed.json] == ["general", "news"]
    denied = await school.ann.ask("POST", path, body)
    text = "Only teachers can create channels"
    assert (denied.status, denied.json["message"]) == (403, text)
    for method in ("POST", "GET"):
        missing = await school.eve.ask(method, path, body if method == "POST" else None)
        assert (missing.status, missing.json["code"]) == (404, "workspace_not_found")
    for wrong in ({}, {"name": " "}, {"name": "x", "type": "dm"}, {"name": "x", "class": 5}):
        reply = await school.tea.ask("POST", path, wrong)
        assert (reply.status, reply.json["message"]) == (400, "Invalid input")


@pytest.mark.parametrize(
    ("call", "body", "path"),
    [
        ("/api/workspaces/{}/channels", {"name": 5}, "name"),
        ("/api/workspaces/{}/channels", {"name": "x" * 201}, "name"),
        ("/api/workspaces/{}/channels", {"name": "c", "type": "dm"}, "type"),
        ("/api/workspaces/{}/channels", {"name": "c", "class": "x" * 201}, "class"),
        ("/api/workspaces/{}/channels", {"name": "c", "subject": 5}, "subject"),
        ("/api/channels", {"name": "c", "workspaceId": "1"}, "workspaceId"),
    ],
)
async def test_a_malformed_body_is_refused_with_the_path_of_the_field(
    timed_world: World, call: str, body: object, path: str
) -> None:
    school = await open_school(timed_world)
    reply = await school.tea.ask("POST", call.format(school.workspace.id), body)
    assert reply.status == 400
    (error,) = reply.json["errors"]
    assert (error["path"], error["code"]) == (path, "invalid_field")
    assert error["message"].startswith(f"{path} ")


async def test_a_name_that_is_taken_is_refused(world: World) -> None:
    school = await open_school(world)
    path = f"/api/workspaces/{school.workspace.id}/channels"
    body = {"workspaceId": school.workspace.id, "name": " General "}
    for call in (path, "/api/channels"):
        refused = await school.tea.ask("POST", call, body)
        assert (refused.status, refused.json["code"]) == (409, "channel_name_taken")
    made = await school.tea.ask("POST", path, {"name": " news "})
    assert (made.status, made.json["name"]) == (201, "news")
    listed = await school.ann.ask("GET", path)
    assert [each["name"] for each in listed.json] == ["general", "news"]


async def test_the_other_path_that_makes_channels_requires_the_same_right(world: World) -> None:
    school = await open_school(world)
    body = {"workspaceId": school.workspace.id, "name": "homework", "type": "announcement"}
    made = await school.tea.ask("POST", "/api/channels", body)
    assert (made.status, made.json["type"]) == (201, "announcement")
    missing = await school.tea.ask("POST", "/api/channels", {"name": "x"})
    assert (missing.status, missing.json["message"]) == (400, "Workspace ID is required")
    denied = await school.ann.ask("POST", "/api/channels", {**body, "name": "mine"})
    assert (denied.status, denied.json["message"]) == (403, "Only teachers can create channels")
    unseen = await school.eve.ask("POST", "/api/channels", body)
    none = await school.eve.ask("POST", "/api/channels", {**body, "workspaceId": 987_654})
    assert (unseen.status, unseen.json["code"]) == (404, "workspace_not_found")
    assert (none.status, none.json) == (unseen.status, unseen.json)


async def test_a_dm_is_found_or_made_for_one_of_its_two_users(world: World) -> None:
    school = await open_school(world)
    ids = [school.ben.id, school.ann.id]
    found = await school.ann.ask("POST", "/api/channels/dm", {"userIds": ids})
    assert (found.status, found.json["id"]) == (200, school.dm.id)
    assert (found.json["type"], found.json["workspaceId"]) == ("dm", None)
    assert found.json["name"] == f"dm_{min(ids)}_{max(ids)}"
    made = await school.eve.ask("POST", "/api/channels/dm", {"userIds": [school.eve.id, ids[0]]})
    again = await school.ben.ask("POST", "/api/channels/dm", {"userIds": [school.eve.id, ids[0]]})
    assert made.json == again.json
    for person, others in ((school.eve, ids), (school.ann, [school.ann.id, 987_654])):
        denied = await person.ask("POST", "/api/channels/dm", {"userIds": others})
        assert (denied.status, denied.json["message"]) == (403, "Access denied")
    for wrong, text in (
        ({}, "At least two userIds are required"),
        ({"userIds": [school.ann.id]}, "At least two userIds are required"),
        ({"userIds": "12"}, "At least two userIds are required"),
        ({"userIds": [school.ann.id, "2"]}, "Invalid user IDs"),
        ({"userIds": [school.ann.id, school.ann.id]}, "Invalid user IDs"),
    ):
        reply = await school.ann.ask("POST", "/api/channels/dm", wrong)
        assert (reply.status, reply.json["message"]) == (400, text)


async def test_a_dm_is_not_made_with_a_user_who_may_not_be_written_to(world: World) -> None:
    school = await open_school(world)
    ann, ben, eve = school.ann, school.ben, school.eve
    relations, accounts = world.store.relations, world.store.accounts

    async def status(person: Person, peer: Person) -> int:
        body = {"userIds": [person.id, peer.id]}
        return (await person.ask("POST", "/api/channels/dm", body)).status

    await relations.block(eve.id, ann.id)
    assert (await status(ann, eve), await status(eve, ann)) == (403, 403)
    await accounts.change_profile(eve.id, ProfileChange(is_public=False))
    assert await status(ben, eve) == 403
    assert (await eve.ask("GET", "/api/users/me/dms")).json == []
    assert await status(eve, ben) == 200  # ben's profile is public
    assert await status(ben, eve) == 200  # the dm exists now
    await relations.block(ben.id, ann.id)
    assert (await status(ann, ben), await status(ben, ann)) == (403, 200)  # the blocker may read


async def test_dms_are_listed_with_their_other_user(world: World) -> None:
    school = await open_school(world)
    (dm,) = (await school.ann.ask("GET", "/api/users/me/dms")).json
    assert dm["id"] == school.dm.id
    assert dm["partner"] == {
        "id": school.ben.id, "username": "ben", "avatar": None, "role": "student",
    }  # fmt: skip
    assert (await school.eve.ask("GET", "/api/users/me/dms")).json == []


async def test_channels_are_found_by_class_name_and_subject(world: World) -> None:
    school = await open_school(world)
    for name, class_name, subject in (("lab", "10A", "Physics"), ("algebra", "10B", "Maths")):
        body = {
            "workspaceId": school.workspace.id, "name": name, "class": class_name,
            "subject": subject,
        }  # fmt: skip
        assert (await school.tea.ask("POST", "/api/channels", body)).status == 201
    for text, names in (
        ("10A", ["lab"]),
        ("10a", []),
        ("ALG", ["algebra"]),
        ("phys", ["lab"]),
        ("%25", []),
        ("e", ["general", "algebra"]),
        ("messages", []),
    ):
        found = await school.ann.ask("GET", f"/api/channels/query/{text}")
        assert [each["name"] for each in found.json] == names, text
    assert (await school.eve.ask("GET", "/api/channels/query/e")).json == []


async def test_the_text_of_a_channel_search_may_contain_slashes(world: World) -> None:
    school = await open_school(world)
    for name, class_name in (("compilers", "C/C++"), ("cooking", "C")):
        body = {"name": name, "class": class_name}
        path = f"/api/workspaces/{school.workspace.id}/channels"
        assert (await school.tea.ask("POST", path, body)).status == 201
    for prefix in ("", "/learning_platform"):
        found = await school.ann.ask("GET", f"{prefix}/api/channels/query/C%2FC%2B%2B")
        assert (found.status, [each["name"] for each in found.json]) == (200, ["compilers"])


async def test_every_call_needs_a_session(timed_world: World) -> None:
    for method, path in (
        ("GET", "/api/workspaces"),
        ("POST", "/api/workspaces"),
        ("GET", "/api/users/me/channels"),
        ("GET", "/api/users/me/dms"),
        ("POST", "/api/upload"),
        ("POST", "/api/ai-chat"),
        ("GET", "/api/channels/1/messages"),
    ):
        reply = await timed_world.call(method, path)
        assert (reply.status, reply.json["message"]) == (401, "Not authenticated")
