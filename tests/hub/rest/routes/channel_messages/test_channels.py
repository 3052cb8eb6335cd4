"""Channels and users beside Socket.IO: every response, on every store."""

from typing import Any

import pytest

from persistence.records import NewChannel
from protocol.dialects.channel_messages.shapes import COUNTS
from protocol.shapes.timestamps import timestamp
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.posting import write
from tests.support.school import School, open_school
from tests.support.tokens import ask, channel_id
from tests.support.world import Person, World


def user_id(person: Person) -> str:
    return to_uuid(IdKind.USER, person.id)


def shown(person: Person) -> dict[str, Any]:
    user = person.user
    return {
        "id": user_id(person), "name": user.name, "username": user.username, "imageUrl": None,
    }  # fmt: skip


def member(person: Person) -> dict[str, Any]:
    return {"userId": user_id(person), "role": "MEMBER", "user": shown(person)}


async def names(person: Person, path: str) -> list[str]:
    reply = (await ask(person, "GET", path)).json
    return [each["name"] for each in (reply if isinstance(reply, list) else reply["channels"])]


async def with_maths(world: World) -> School:
    """Ann and Ben write to each other, and there is another channel."""
    school = await open_school(world)
    new = NewChannel(school.workspace.id, "Maths", subject="Algebra")
    await world.services.workspaces.create_channel(new, by=school.tea.id)
    await write(world, school.ann.user, school.ben.user, "hi")
    return school


async def test_the_channels_of_the_users_workspaces_and_their_dms_are_listed(world: World) -> None:
    school = await with_maths(world)
    ann, ben = school.ann, school.ben
    listed = (await ask(ann, "GET", "/api/channels/browse/joined")).json["channels"]
    general, dm, maths = listed
    made = timestamp(school.general.created_at)
    assert general == {
        "id": channel_id(school.general.id), "name": "general", "type": "PUBLIC",
        "createdAt": made, "updatedAt": made, "isJoined": True,
        COUNTS: {"members": 3, "messages": 0}, "members": [member(ann)],
        "lastSeq": 0, "lastRev": 0,
    }  # fmt: skip
    assert (maths["name"], maths["description"]) == ("Maths", "Algebra")
    assert (dm["name"], dm["type"], dm[COUNTS]) == ("Ben", "DM", {"members": 2, "messages": 1})
    assert dm["members"] == [member(ben), member(ann)]
    assert (await ask(ann, "GET", "/api/channels")).json == listed
    assert (await ask(ann, "GET", "/api/channels?view=sidebar")).json == listed
    public = (await ask(ann, "GET", "/api/channels/browse/public")).json
    assert public == {"channels": [general, maths]}
    assert (await ask(ann, "GET", "/api/channels?view=browse")).json == [general, maths]
    stranger = await world.person("zed")
    assert (await ask(stranger, "GET", "/api/channels/browse/public")).json == {"channels": []}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sortBy=createdAt&sortOrder=desc", ["Maths", "Ben", "general"]),
        ("sort_by=created_at&sort_order=desc", ["Maths", "Ben", "general"]),
        ("sortBy=name", ["Ben", "general", "Maths"]),
        ("sort_by=member_count", ["Ben", "general", "Maths"]),
        ("sortBy=nonsense", ["general", "Ben", "Maths"]),
        ("search=MA", ["Maths"]),
        ("limit=1", ["general"]),
        ("limit=1&page=2", ["Ben"]),
        ("limit=501&page=", ["general", "Ben", "Maths"]),
    ],
)
async def test_channels_are_searched_sorted_and_listed_in_pages(
    world: World, query: str, expected: list[str]
) -> None:
    school = await with_maths(world)
    assert await names(school.ann, f"/api/channels/browse/joined?{query}") == expected


async def test_a_user_may_join_only_channels_that_they_may_see(world: World) -> None:
    school = await with_maths(world)
    joined = await ask(school.ann, "POST", f"/api/channels/{channel_id(school.general.id)}/join")
    general = (await ask(school.ann, "GET", "/api/channels")).json[0]
    assert (joined.status, joined.json) == (200, {"success": True, "channel": general})
    stranger = await world.person("zed")
    for path in (channel_id(school.general.id), channel_id(987_654), "nonsense"):
        for method, word in (("POST", "join"), ("DELETE", "leave"), ("POST", "leave")):
            reply = await ask(stranger, method, f"/api/channels/{path}/{word}")
            assert (reply.status, reply.json["code"]) == (403, "not_a_member")


@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_a_dm_that_was_left_is_listed_again_with_its_next_message(
    world: World, method: str
) -> None:
    school = await with_maths(world)
    ann, ben = school.ann, school.ben
    dm = (await ask(ann, "GET", "/api/channels")).json[1]
    left = await ask(ann, method, f"/api/channels/{dm['id']}/leave")
    assert left.status == 200
    assert left.json == {"success": True, "wasDeleted": False, "nextChannel": None}
    assert await names(ann, "/api/channels") == ["general", "Maths"]
    assert await names(ben, "/api/channels") == ["general", "Ann", "Maths"]
    joined = await ask(ann, "POST", f"/api/channels/{dm['id']}/join")
    assert joined.json["channel"] == dm
    await write(world, ben.user, ann.user, "again")
    assert await names(ann, "/api/channels") == ["general", "Ben", "Maths"]


async def test_a_channel_of_a_workspace_cannot_be_left(world: World) -> None:
    school = await open_school(world)
    path = f"/api/channels/{channel_id(school.general.id)}/leave"
    reply = await ask(school.ann, "DELETE", path)
    assert (reply.status, reply.json["code"]) == (403, "not_allowed")
    assert await names(school.ann, "/api/channels") == ["general"]
    empty = await world.store.channels.dm(school.ann.id, school.ben.id)
    reply = await ask(school.ann, "DELETE", f"/api/channels/{channel_id(empty.id)}/leave")
    assert (reply.status, reply.json["code"]) == (404, "conversation_not_found")


async def test_only_users_to_whom_the_user_may_write_are_listed_and_me_is_the_user(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    await world.person("eve", is_public=False)
    dan = await world.person("dan")
    assert (await ask(ann, "GET", "/api/users")).json == [shown(dan), shown(ben)]
    assert (await ask(ann, "GET", "/api/users?limit=1")).json == [shown(dan)]
    older = await ask(ann, "GET", f"/api/users?before={user_id(dan)}")
    assert older.json == [shown(ben)]
    me = (await ask(ann, "GET", "/api/users/me")).json
    own = {"email": "ann@example.org", "createdAt": timestamp(ann.user.created_at)}
    assert me == shown(ann) | own


async def test_without_a_token_the_shared_paths_select_other_dialects(world: World) -> None:
    ann = await world.person("ann")
    assert (await ann.ask("GET", "/api/users/me")).json["id"] == ann.id
    assert (await world.call("GET", "/api/users/me")).json == {
        "message": "Not authenticated", "code": "not_signed_in",
    }  # fmt: skip
    assert (await ann.call("GET", "/api/users?username=ann")).json[0]["id"] == ann.id
    reply = await world.call("GET", "/api/channels/browse/joined")
    assert (reply.status, reply.json["statusCode"]) == (401, 401)
