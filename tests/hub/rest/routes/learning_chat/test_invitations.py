"""Invitations and links that invite, over REST."""

from collections.abc import AsyncIterator

import pytest

from persistence.interface import Store
from tests.support.school import School, open_school
from tests.support.world import World, open_world

MINE = "/api/users/me/invitations"


@pytest.fixture
async def asking_world(store: Store) -> AsyncIterator[World]:
    """A hub with the default setting: a user who is added to a workspace gets an invitation."""
    async with open_world(store, joining="invitation") as world:
        yield world


async def invite_eve(school: School) -> None:
    path = f"/api/workspaces/{school.workspace.id}/members"
    invited = await school.tea.ask("POST", path, {"userId": school.eve.id})
    assert invited.status == 202
    assert school.eve.id not in invited.json["members"]


async def test_an_invited_user_gets_nothing_of_the_workspace_until_they_accept(
    asking_world: World,
) -> None:
    school = await open_school(asking_world)
    eve = await school.eve.open("/ws/chat")
    await invite_eve(school)
    assert await eve.receive() == {"type": "invitations_changed", "count": 1}
    (invitation,) = (await school.eve.ask("GET", MINE)).json
    assert invitation["workspace"] == {
        "id": school.workspace.id, "name": "School", "description": None,
    }  # fmt: skip
    assert invitation["inviter"]["username"] == "tea"
    assert (await school.eve.ask("GET", "/api/workspaces")).json == []
    await eve.send({"type": "join_channel", "channelId": school.general.id})
    assert (await eve.receive_type("error"))["code"] == "channel_not_found"
    await eve.is_silent()
    accepted = await school.eve.ask("POST", f"{MINE}/{school.workspace.id}")
    assert (accepted.status, accepted.json["id"]) == (200, school.workspace.id)
    eve.ignoring("invitations_changed")
    (added,) = (await eve.receive_type("channels_added"))["channels"]
    assert added["id"] == school.general.id
    assert (await school.eve.ask("GET", MINE)).json == []


async def test_an_invitation_can_be_declined(asking_world: World) -> None:
    school = await open_school(asking_world)
    await invite_eve(school)
    path = f"{MINE}/{school.workspace.id}"
    assert (await school.eve.ask("DELETE", path)).status == 200
    for method in ("DELETE", "POST"):
        gone = await school.eve.ask(method, path)
        none = await school.eve.ask(method, f"{MINE}/987654")
        assert (gone.status, gone.json["code"]) == (404, "invitation_not_found")
        assert (none.status, none.json) == (gone.status, gone.json)
    assert (await school.eve.ask("GET", "/api/workspaces")).json == []


async def test_a_member_is_not_invited_again(asking_world: World) -> None:
    school = await open_school(asking_world)
    path = f"/api/workspaces/{school.workspace.id}/members"
    again = await school.tea.ask("POST", path, {"userId": school.ann.id})
    assert (again.status, again.json["members"][1]) == (200, school.ann.id)
    assert (await school.ann.ask("GET", MINE)).json == []


async def test_a_link_lets_a_user_join_its_workspace(asking_world: World) -> None:
    school = await open_school(asking_world)
    links = f"/api/workspaces/{school.workspace.id}/links"
    made = await school.tea.ask("POST", links, {"hours": 1, "uses": 1})
    assert made.status == 201
    assert made.json["usesLeft"] == 1
    (listed,) = (await school.tea.ask("GET", links)).json
    assert listed == {name: value for name, value in made.json.items() if name != "token"}
    for method, body in (("POST", {}), ("GET", None)):
        denied = await school.ann.ask(method, links, body)
        assert (denied.status, denied.json["code"]) == (403, "not_allowed")
    path = f"/api/invitations/{made.json['token']}"
    assert (await school.eve.ask("GET", path)).json["name"] == "School"
    eve = await school.eve.open("/ws/chat")
    joined = await school.eve.ask("POST", path)
    assert (joined.status, joined.json["members"][-1]) == (200, school.eve.id)
    await eve.receive_type("channels_added")
    for wrong in (path, "/api/invitations/x"):
        for method in ("GET", "POST"):
            used = await school.ann.ask(method, wrong)
            assert (used.status, used.json["code"]) == (404, "invitation_not_found")


async def test_a_link_is_ended(asking_world: World) -> None:
    school = await open_school(asking_world)
    links = f"/api/workspaces/{school.workspace.id}/links"
    made = (await school.tea.ask("POST", links, {})).json
    assert (await school.ann.ask("DELETE", f"{links}/{made['id']}")).status == 403
    assert (await school.tea.ask("DELETE", f"{links}/{made['id']}")).status == 200
    for number in (made["id"], "x", "0"):
        gone = await school.tea.ask("DELETE", f"{links}/{number}")
        assert (gone.status, gone.json["code"]) == (404, "invitation_not_found")
    assert (await school.eve.ask("POST", f"/api/invitations/{made['token']}")).status == 404
