"""Workspaces over REST: every response, on every store."""

from collections.abc import Sequence
from typing import Final

import pytest

from persistence.interface import Store
from persistence.records import ProfileChange
from protocol.model import Role
from tests.support.school import open_school
from tests.support.stores.records import NOBODY
from tests.support.world import World, open_world


async def test_a_new_workspace_has_only_its_owner_and_is_hidden_from_others(world: World) -> None:
    school = await open_school(world)
    made = await school.eve.ask("POST", "/api/workspaces", {"name": "Mine", "members": [1, 2]})
    assert made.status == 201
    workspace = made.json
    assert (workspace["ownerId"], workspace["members"]) == (school.eve.id, [school.eve.id])
    assert set(workspace) == {"id", "name", "description", "ownerId", "members", "createdAt"}
    assert (await school.eve.ask("GET", "/api/workspaces")).json == [workspace]
    path = f"/api/workspaces/{workspace['id']}"
    assert (await school.eve.ask("GET", path)).json == workspace
    unseen = await school.ann.ask("GET", path)
    assert (unseen.status, unseen.json["message"]) == (404, "Workspace not found")


CALLS: Final[Sequence[tuple[str, str, object]]] = (
    ("GET", "", None),
    ("GET", "/members", None),
    ("POST", "/members", {"userId": 1}),
    ("PUT", "/members/1", {"role": "guest"}),
    ("DELETE", "/members/1", None),
    ("POST", "/channels", {"name": "x"}),
    ("GET", "/channels", None),
    ("POST", "/links", {}),
    ("GET", "/links", None),
)


@pytest.mark.parametrize("number", ["987654", "x", "0", "-1", "9007199254740993", "1.5"])
async def test_an_unknown_workspace_is_404(timed_world: World, number: str) -> None:
    school = await open_school(timed_world)
    for method, path, body in CALLS:
        reply = await school.tea.ask(method, f"/api/workspaces/{number}{path}", body)
        assert (reply.status, reply.json["message"]) == (404, "Workspace not found")


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_foreign_workspace_gets_the_same_response_as_an_unknown_one(
    world: World, method: str, path: str, body: object
) -> None:
    school = await open_school(world)
    call = f"/api/workspaces/{{}}{path}"
    none = await school.eve.ask(method, call.format(987_654), body)
    foreign = await school.eve.ask(method, call.format(school.workspace.id), body)
    assert (foreign.status, foreign.json) == (none.status, none.json)


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 5}, {"name": "x\x00"}, []])
async def test_a_malformed_workspace_is_400(timed_world: World, body: object) -> None:
    school = await open_school(timed_world)
    reply = await school.ann.ask("POST", "/api/workspaces", body)
    assert (reply.status, reply.json["message"]) == (400, "Invalid input")


@pytest.mark.parametrize(
    ("method", "call", "body", "path"),
    [
        ("POST", "/api/workspaces", {}, "name"),
        ("POST", "/api/workspaces", {"name": " "}, "name"),
        ("POST", "/api/workspaces", {"name": "w", "description": "x" * 201}, "description"),
        ("POST", "/api/workspaces/{}/members", {}, "userId"),
        ("POST", "/api/workspaces/{}/members", {"userId": "7"}, "userId"),
        ("PUT", "/api/workspaces/{}/members/1", {}, "role"),
        ("PUT", "/api/workspaces/{}/members/1", {"role": "contact"}, "role"),
        ("POST", "/api/workspaces/{}/links", {"hours": 0}, "hours"),
        ("POST", "/api/workspaces/{}/links", {"hours": 8_761}, "hours"),
        ("POST", "/api/workspaces/{}/links", {"uses": 0}, "uses"),
        ("POST", "/api/workspaces/{}/links", {"uses": True}, "uses"),
    ],
)
async def test_a_malformed_body_is_refused_with_the_path_of_the_field(
    timed_world: World, method: str, call: str, body: object, path: str
) -> None:
    school = await open_school(timed_world)
    reply = await school.tea.ask(method, call.format(school.workspace.id), body)
    assert reply.status == 400
    (error,) = reply.json["errors"]
    assert (error["path"], error["code"]) == (path, "invalid_field")
    assert error["message"].startswith(f"{path} ")


async def test_members_are_managed_by_the_owner_and_teachers(world: World) -> None:
    school = await open_school(world)
    path = f"/api/workspaces/{school.workspace.id}/members"
    body = {"userId": school.eve.id}
    denied = await school.ann.ask("POST", path, body)
    text = "Only the workspace owner or teachers can add members"
    assert (denied.status, denied.json["message"]) == (403, text)
    added = await school.tea.ask("POST", path, body)
    members = [school.tea.id, school.ann.id, school.ben.id, school.eve.id]
    assert (added.status, added.json["members"]) == (200, members)
    denied = await school.ann.ask("DELETE", f"{path}/{school.eve.id}")
    assert (denied.status, denied.json["code"]) == (403, "not_allowed")
    removed = await school.tea.ask("DELETE", f"{path}/{school.eve.id}")
    assert (removed.status, removed.json["members"]) == (200, members[:-1])
    for wrong in ({}, {"userId": "1"}, {"userId": True}):
        reply = await school.tea.ask("POST", path, wrong)
        assert (reply.status, reply.json["message"]) == (400, "userId (number) is required")
    unknown = await school.tea.ask("POST", path, {"userId": 987_654})
    assert (unknown.status, unknown.json["message"]) == (404, "User not found")


async def test_members_are_listed_with_their_workspace_roles(world: World) -> None:
    school = await open_school(world)
    path = f"/api/workspaces/{school.workspace.id}/members"
    changed = await school.tea.ask("PUT", f"{path}/{school.ben.id}", {"role": "moderator"})
    assert (changed.status, changed.json["ownerId"]) == (200, school.tea.id)
    listed = (await school.ann.ask("GET", path)).json
    assert [(each["username"], each["workspaceRole"]) for each in listed] == [
        ("tea", "owner"), ("ann", "member"), ("ben", "moderator"),
    ]  # fmt: skip
    denied = await school.ben.ask("PUT", f"{path}/{school.ann.id}", {"role": "guest"})
    assert (denied.status, denied.json["code"]) == (403, "not_allowed")
    nobody = await school.tea.ask("PUT", f"{path}/{school.eve.id}", {"role": "guest"})
    assert (nobody.status, nobody.json["code"]) == (404, "user_not_found")
    handed = await school.tea.ask("PUT", f"{path}/{school.ann.id}", {"role": "owner"})
    assert (handed.status, handed.json["ownerId"]) == (200, school.ann.id)


async def test_every_member_but_the_owner_may_leave_a_workspace(world: World) -> None:
    school = await open_school(world)
    path = f"/api/workspaces/{school.workspace.id}/members"
    left = await school.ann.ask("DELETE", f"{path}/{school.ann.id}")
    assert (left.status, left.json["members"]) == (200, [school.tea.id, school.ben.id])
    again = await school.ann.ask("DELETE", f"{path}/{school.ann.id}")
    assert (again.status, again.json["code"]) == (404, "workspace_not_found")
    assert (await school.ann.ask("GET", "/api/workspaces")).json == []
    other = await world.person("tom", role=Role.TEACHER)
    await world.store.workspaces.add_member(school.workspace.id, other.id, by=school.tea.id)
    for person in (school.tea, other):
        stays = await person.ask("DELETE", f"{path}/{school.tea.id}")
        assert (stays.status, stays.json["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("joining", ["invitation", "at_once"])
async def test_a_user_who_may_not_be_written_to_cannot_be_added(store: Store, joining: str) -> None:
    """Otherwise a workspace would be a way round blocks and private profiles."""
    async with open_world(store, joining=joining) as world:
        school = await open_school(world)
        path = f"/api/workspaces/{school.workspace.id}/members"
        body = {"userId": school.eve.id}
        relations, accounts = store.relations, store.accounts
        for blocker, blocked in ((school.eve, school.tea), (school.tea, school.eve)):
            await relations.block(blocker.id, blocked.id)
            missing = await school.tea.ask("POST", path, body)
            none = await school.tea.ask("POST", path, {"userId": 987_654})
            assert (missing.status, missing.json) == (none.status, none.json)
            assert none.status == 404
            await relations.unblock(blocker.id, blocked.id)
        await accounts.change_profile(school.eve.id, ProfileChange(is_public=False))
        assert (await school.tea.ask("POST", path, body)).status == 403
        await relations.request_follow(school.tea.id, school.eve.id)
        await relations.accept_follow(school.eve.id, school.tea.id)
        expected = {"invitation": 202, "at_once": 200}[joining]
        assert (await school.tea.ask("POST", path, body)).status == expected


async def test_a_member_without_the_right_to_invite_learns_nothing_about_accounts(
    world: World,
) -> None:
    school = await open_school(world)
    await world.store.relations.block(school.eve.id, school.ann.id)
    path = f"/api/workspaces/{school.workspace.id}/members"
    for user_id in (school.eve.id, NOBODY):
        reply = await school.ann.ask("POST", path, {"userId": user_id})
        assert (reply.status, reply.json["code"]) == (403, "not_allowed")
