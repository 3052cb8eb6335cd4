"""All channels of a user at once."""

from tests.support.posting import post
from tests.support.school import open_school
from tests.support.world import World


async def test_the_users_channels_are_listed_with_last_message_and_counts(world: World) -> None:
    school = await open_school(world)
    await post(world, school.ann.user, school.general, "1", "2")
    await post(world, school.ben.user, school.general, "3")
    mine = (await school.ben.ask("GET", "/api/users/me/channels")).json
    general = f"/api/workspaces/{school.general.workspace_id}/channels"
    listed = (await school.ben.ask("GET", general)).json
    log = (await school.ben.ask("GET", f"/api/channels/{school.general.id}/messages")).json
    nothing = {"unreadFrom": None, "isMuted": False, "mutedUntil": None}
    full = {"lastSeq": 3, "lastRev": 0, "unreadCount": 2, "lastMessage": log[-1]}
    empty = {"lastSeq": 0, "lastRev": 0, "unreadCount": 0, "lastMessage": None}
    assert [each["content"] for each in log] == ["1", "2", "3"]
    assert mine == [
        {**each, **nothing, **(full if each["name"] == "general" else empty)} for each in listed
    ]
    assert (await school.eve.ask("GET", "/api/users/me/channels")).json == []


async def test_a_deleted_message_is_not_shown_but_counts_for_the_last_seq(world: World) -> None:
    school = await open_school(world)
    await post(world, school.ann.user, school.general, "1", "2")
    path = f"/api/channels/{school.general.id}/messages"
    last = (await school.ann.ask("GET", path)).json[-1]
    assert (await school.ann.ask("DELETE", f"/api/messages/{last['id']}")).status == 200
    mine = (await school.ben.ask("GET", "/api/users/me/channels")).json
    (general,) = (each for each in mine if each["id"] == school.general.id)
    state = general["lastSeq"], general["unreadCount"], general["lastMessage"]["content"]
    assert state == (2, 1, "1")
