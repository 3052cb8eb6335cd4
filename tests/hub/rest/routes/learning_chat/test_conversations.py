"""Channels and dms in one list: participants, unread counts, and marking as read."""

import pytest

from hub.rest.routes.learning_chat import conversations
from persistence.records import NewChannel
from protocol.model import ChannelKind, Standing
from tests.support.posting import post, write
from tests.support.school import open_school
from tests.support.stores.records import granted
from tests.support.world import Person, World

PATH = "/api/chat/conversations"


async def test_channels_and_dms_are_listed_with_what_is_unread(world: World) -> None:
    school = await open_school(world)
    news = NewChannel(school.workspace.id, "news", ChannelKind.ANNOUNCEMENT, subject="Physics")
    made = granted(await world.store.channels.create(news, by=school.tea.id))
    await post(world, school.tea.user, school.general, "one")
    await write(world, school.ben.user, school.ann.user, "two", "three")
    members = [
        {"id": person.id, "name": person.user.name, "role": person.user.role}
        for person in (school.tea, school.ann, school.ben)
    ]
    both = [each for each in members if each["id"] in (school.ann.id, school.ben.id)]
    listed = {each["id"]: each for each in (await school.ann.ask("GET", PATH)).json}
    nothing = {"unreadFrom": None, "isMuted": False, "mutedUntil": None}
    assert listed == {
        str(school.general.id): {
            "id": str(school.general.id), "name": "general", "category": "class",
            "isGroup": True, "isReadOnly": False, "participants": members, "unreadCount": 1,
            "lastSeq": 1, "lastRev": 0, **nothing,
        },
        str(made.id): {
            "id": str(made.id), "name": "news", "category": "announcement", "isGroup": True,
            "isReadOnly": True, "participants": members, "unreadCount": 0, "subject": "Physics",
            "lastSeq": 0, "lastRev": 0, **nothing,
        },
        str(school.dm.id): {
            "id": str(school.dm.id), "name": "Ben", "category": "friend", "isGroup": False,
            "isReadOnly": False, "participants": both, "unreadCount": 2,
            "lastSeq": 2, "lastRev": 0, **nothing,
        },
    }  # fmt: skip
    assert (await school.eve.ask("GET", PATH)).json == []


async def test_conversations_in_which_the_user_may_not_write_are_shown_as_read_only(
    world: World,
) -> None:
    school = await open_school(world)
    await write(world, school.ben.user, school.ann.user, "one")
    change = world.store.workspaces.change_role
    granted(await change(school.workspace.id, school.ann.id, Standing.GUEST, by=school.tea.id))
    await world.store.relations.block(school.ann.id, school.ben.id)

    async def read_only(person: Person) -> dict[str, bool]:
        listed = (await person.ask("GET", PATH)).json
        return {each["name"]: each["isReadOnly"] for each in listed}

    assert await read_only(school.ann) == {"general": True, "Ben": True}
    assert await read_only(school.ben) == {"general": False}


async def test_a_dm_that_may_not_be_seen_is_not_listed(world: World) -> None:
    school = await open_school(world)
    await write(world, school.ben.user, school.ann.user, "one")
    await world.store.relations.block(school.ben.id, school.ann.id)
    listed = (await school.ann.ask("GET", PATH)).json
    assert [each["name"] for each in listed] == ["general"]
    refused = await school.ann.ask("POST", f"{PATH}/{school.dm.id}/read")
    assert refused.status == 404


async def test_participants_are_bounded(
    timed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "MAX_PARTICIPANTS", 2)
    school = await open_school(timed_world)
    (general,) = (await school.tea.ask("GET", PATH)).json
    assert [each["name"] for each in general["participants"]] == ["Tea", "Ann"]


async def test_a_conversation_is_marked_read(world: World) -> None:
    school = await open_school(world)
    await post(world, school.tea.user, school.general, "one")
    await write(world, school.ben.user, school.ann.user, "two", "three")
    bens = await school.ben.open()
    for channel in (school.general, school.dm):
        reply = await school.ann.ask("POST", f"{PATH}/{channel.id}/read")
        assert (reply.status, reply.json) == (200, {"message": "Marked as read"})
    assert (await bens.receive_type("messages_read"))["seq"] == 2
    listed = (await school.ann.ask("GET", PATH)).json
    assert [each["unreadCount"] for each in listed] == [0, 0]


async def test_messages_after_the_given_position_stay_unread(world: World) -> None:
    school = await open_school(world)
    await write(world, school.ben.user, school.ann.user, *"1234")
    seen = await world.store.messages.conversation_page(school.ann.id, school.ben.id, limit=4)
    by_seq = {each.seq: each.id for each in seen}
    await world.store.notes.hide(school.ann.id, by_seq[3])
    path = f"{PATH}/{school.dm.id}/read"
    for given, left in (("?up_to_seq=2", 1), ("?up_to_seq=1", 1), ("?up_to_seq=9", 0)):
        reply = await school.ann.ask("POST", f"{path}{given}")
        assert (reply.status, reply.json) == (200, {"message": "Marked as read"})
        listed = (await school.ann.ask("GET", PATH)).json
        assert [each["unreadCount"] for each in listed if each["category"] == "friend"] == [left]
        marks = await world.store.channels.watermarks(school.ann.id, [school.dm.id])
        assert marks[school.dm.id].read == (2 if left else 4)
    for wrong in ("0", "x", str(2**53)):
        refused = await school.ann.ask("POST", f"{path}?up_to_seq={wrong}")
        assert (refused.status, refused.json["code"]) == (400, "invalid_field")


async def test_an_unknown_or_hidden_conversation_cannot_be_marked_read(timed_world: World) -> None:
    school = await open_school(timed_world)
    for name, status in (("x", 400), ("987654", 404), (str(school.general.id), 404)):
        assert (await school.eve.ask("POST", f"{PATH}/{name}/read")).status == status
    empty = await school.ann.ask("POST", f"{PATH}/{school.general.id}/read")
    assert empty.status == 200


async def test_a_dm_that_a_stranger_opened_is_in_no_list_until_it_has_a_message(
    world: World,
) -> None:
    ann, eve = await world.people("ann", "eve")

    async def lists(person: Person) -> list[int]:
        """How often the dm is in each list."""
        dms = (await person.ask("GET", "/api/users/me/dms")).json
        chats = (await person.ask("GET", "/api/chat/conversations")).json
        gateway = await person.open("/gateway")
        await gateway.send({"op": "IDENTIFY", "d": {"userId": person.id}})
        ready = (await gateway.receive_type("READY"))["d"]
        await gateway.close_in_silence()
        return [len(dms), len(chats), str(ready).count(f"dm_{ann.id}_{eve.id}")]

    opened = await eve.ask("POST", "/api/channels/dm", {"userIds": [ann.id, eve.id]})
    assert opened.status == 200
    mine = await lists(eve)
    assert mine[:2] == [1, 1]
    assert await lists(ann) == [0, 0, 0]
    body = {"channelId": opened.json["id"], "content": "hi"}
    assert (await eve.ask("POST", "/api/messages", body)).status == 201
    assert await lists(ann) == mine
