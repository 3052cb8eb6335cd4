"""Messages of channels over REST: every response, on every store."""

from typing import Any

import pytest

from protocol.model import Role
from tests.support.school import School, open_school
from tests.support.world import Person, World


async def post(person: Person, channel: int, content: str, **more: object) -> dict[str, Any]:
    body = {"channelId": channel, "content": content, **more}
    reply = await person.ask("POST", "/api/messages", body)
    assert reply.status == 201, reply.text
    made: dict[str, Any] = reply.json
    return made


async def contents(person: Person, path: str) -> list[str]:
    reply = await person.ask("GET", path)
    assert reply.status == 200, reply.text
    return [message["content"] for message in reply.json]


async def test_a_post_is_returned_and_delivered_live(world: World) -> None:
    school = await open_school(world)
    socket = await school.ben.connect("/ws/chat")
    await socket.send({"type": "join_channel", "channelId": school.general.id})
    assert [(await socket.receive())["type"] for _ in range(2)] == ["connected", "joined_channel"]
    made = await post(
        school.ann, school.general.id, " hi ", type="image", fileUrl="https://a.example/x.png",
        isHomework=True,
    )  # fmt: skip
    assert (made["content"], made["messageType"], made["type"]) == ("hi", "image", "image")
    assert (made["isHomework"], made["gradingStatus"]) == (True, None)
    assert await socket.receive() == {
        "type": "new_message", "message": made, "channelId": school.general.id,
    }  # fmt: skip
    await socket.close_in_silence()


async def test_message_types_of_the_learning_platform_are_text_in_other_dialects(
    world: World,
) -> None:
    school = await open_school(world)
    private, messenger = await school.ben.open(), await school.ben.open("/messagepal")
    made = await post(school.ann, school.dm.id, "Why?", messageType="doubt")
    assert (made["messageType"], made["isHomework"]) == ("doubt", False)
    assert "message_type" not in (await private.receive_type("private_message"))["message"]
    told = await messenger.receive_type("message_received")
    assert told["payload"]["messageType"] == "text"
    task = await post(school.tea, school.general.id, "Page 7", messageType="assignment")
    assert (task["messageType"], task["isHomework"]) == ("assignment", True)
    page = await school.ann.ask("GET", f"/api/channels/{school.general.id}/messages")
    assert page.json == [task]
    assert (
        await school.ben.call("GET", f"/api/messages/{school.ann.id}?mark_read=false")
    ).status == 200


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"channelId": "3"}, "channelId", "invalid_field"),
        ({"content": 5}, "content", "invalid_field"),
        ({"content": " "}, "content", "content_empty"),
        ({"content": "x" * 4_001}, "content", "content_too_long"),
        ({"content": "a\x00b"}, "content", "content_invalid"),
        ({"type": "video"}, "type", "invalid_field"),
        ({"messageType": "video"}, "messageType", "invalid_field"),
        ({"fileUrl": "javascript:alert(1)"}, "fileUrl", "invalid_field"),
        ({"isHomework": 1}, "isHomework", "invalid_field"),
        ({"parentId": 0}, "parentId", "invalid_field"),
        ({"clientMessageId": ""}, "clientMessageId", "invalid_field"),
        ({"clientMessageId": "k" * 256}, "clientMessageId", "invalid_field"),
    ],
)
async def test_a_malformed_post_is_refused_with_the_path_of_the_field(
    timed_world: World, changes: dict[str, object], path: str, code: str
) -> None:
    school = await open_school(timed_world)
    body = {"channelId": school.general.id, "content": "hi", **changes}
    reply = await school.ann.ask("POST", "/learning_platform/api/messages", body)
    assert (reply.status, reply.json["message"]) == (400, "Invalid input")
    (error,) = reply.json["errors"]
    assert (error["path"], error["code"]) == (path, code)
    assert error["message"]


async def test_the_error_of_a_key_in_the_header_names_the_header(timed_world: World) -> None:
    school = await open_school(timed_world)
    body = {"channelId": school.general.id, "content": "hi", "clientMessageId": "k"}
    header = {"Idempotency-Key": "k" * 256}
    reply = await school.ann.ask("POST", "/learning_platform/api/messages", body, header)
    assert (reply.status, reply.json["errors"][0]["path"]) == (400, "Idempotency-Key")


async def test_the_error_of_a_body_that_is_no_object_names_no_field(timed_world: World) -> None:
    school = await open_school(timed_world)
    reply = await school.ann.ask("POST", "/learning_platform/api/messages", ["hi"])
    error = {"path": "", "code": "invalid_frame"}
    assert reply.status == 400
    assert reply.json["errors"][0].items() >= error.items()


async def test_pages_go_back_from_the_newest(world: World) -> None:
    school = await open_school(world)
    made = [await post(school.ann, school.general.id, str(n)) for n in range(7)]
    for base in ("/api/channels/{}/messages", "/api/messages/{}"):
        path = base.format(school.general.id)
        assert await contents(school.ben, path) == list("0123456")
        assert await contents(school.ben, f"{path}?limit=3") == list("456")
        before = made[4]["id"]
        assert await contents(school.ben, f"{path}?limit=3&before={before}") == list("123")
        assert await contents(school.ben, f"{path}?limit=1000000&before=") == list("0123456")


async def test_a_page_has_at_most_100(timed_world: World) -> None:
    school = await open_school(timed_world)
    for n in range(105):
        await post(school.ann, school.general.id, str(n))
    path = f"/api/messages/{school.general.id}"
    assert len(await contents(school.ann, path)) == 50
    assert len(await contents(school.ann, f"{path}?limit=104")) == 100


async def test_dms_are_read_by_their_two_users_only(world: World) -> None:
    school = await open_school(world)
    await post(school.ann, school.dm.id, "psst")
    for path in (f"/api/channels/{school.dm.id}/messages", f"/api/messages/{school.dm.id}"):
        assert await contents(school.ben, path) == ["psst"]
        denied = await school.eve.ask("GET", path)
        assert (denied.status, denied.json["message"]) == (404, "Channel not found")


@pytest.mark.parametrize(
    "changes",
    [
        {"channelId": None},
        {"channelId": "1"},
        {"content": None},
        {"content": ""},
        {"content": " \n"},
        {"content": "a\x00"},
        {"content": "x" * 4_001},
        {"type": "video"},
        {"messageType": 5},
        {"fileUrl": "javascript:alert(1)"},
        {"isHomework": "yes"},
        {"clientMessageId": ""},
    ],
)
async def test_a_malformed_post_is_400(timed_world: World, changes: dict[str, object]) -> None:
    school = await open_school(timed_world)
    body = {"channelId": school.general.id, "content": "x"} | changes
    body = {name: value for name, value in body.items() if value is not None}
    reply = await school.ann.ask("POST", "/api/messages", body)
    assert (reply.status, reply.json["message"]) == (400, "Invalid input"), reply.text
    assert await contents(school.ann, f"/api/messages/{school.general.id}") == []


async def test_posts_to_foreign_unknown_and_blocked_channels_are_refused(world: World) -> None:
    school = await open_school(world)
    body = {"channelId": school.general.id, "content": "x"}
    denied = await school.eve.ask("POST", "/api/messages", body)
    assert (denied.status, denied.json["message"]) == (404, "Channel not found")
    unknown = await school.ann.ask("POST", "/api/messages", body | {"channelId": 987_654})
    assert (unknown.status, unknown.json["message"]) == (404, "Channel not found")
    await school.ben.call("POST", f"/api/users/{school.ann.id}/block")
    blocked = await school.ann.ask("POST", "/api/messages", body | {"channelId": school.dm.id})
    assert (blocked.status, blocked.json["code"]) == (404, "channel_not_found")


async def test_a_repeat_with_the_same_key_is_the_same_message(world: World) -> None:
    school = await open_school(world)
    first = await post(school.ann, school.general.id, "x", clientMessageId="k")
    assert await post(school.ann, school.general.id, "x", clientMessageId="k") == first
    body = {"channelId": school.general.id, "content": "y"}
    conflict = await school.ann.ask("POST", "/api/messages", body, {"Idempotency-Key": "k"})
    assert (conflict.status, conflict.json["code"]) == (409, "key_conflict")
    assert await contents(school.ben, f"/api/messages/{school.general.id}") == ["x"]


async def test_a_message_is_deleted_by_its_author_or_a_teacher(world: World) -> None:
    school = await open_school(world)
    made = [await post(school.ann, school.general.id, str(n)) for n in range(3)]
    path = f"/api/messages/{made[0]['id']}"
    denied = await school.ben.ask("DELETE", path)
    text = "You can only delete your own messages"
    assert (denied.status, denied.json["message"]) == (403, text)
    assert (await school.eve.ask("DELETE", path)).status == 404
    deleted = await school.ann.ask("DELETE", path)
    assert (deleted.status, deleted.json) == (200, {"message": "Message deleted"})
    again = await school.ann.ask("DELETE", path)
    assert (again.status, again.json["message"]) == (404, "Message not found")
    assert (await school.tea.ask("DELETE", f"/api/messages/{made[1]['id']}")).status == 200
    assert await contents(school.ben, f"/api/messages/{school.general.id}") == ["2"]
    malformed = await school.ann.ask("DELETE", "/api/messages/x")
    assert (malformed.status, malformed.json["message"]) == (400, "Invalid message ID")
    after = await post(school.ann, school.general.id, "3")
    assert after["seq"] == 4  # a deleted message keeps its number


async def test_messages_are_marked_read_and_unread_ones_are_counted(world: World) -> None:
    school = await open_school(world)
    made = [await post(school.ann, school.general.id, str(n)) for n in range(3)]
    unread = f"/api/channels/{school.general.id}/unread"
    assert (await school.ben.ask("GET", unread)).json == {"unreadCount": 3}
    assert (await school.ann.ask("GET", unread)).json == {"unreadCount": 0}
    body = {"channelId": school.general.id}
    read = await school.ben.ask("POST", f"/api/messages/{made[1]['id']}/read", body)
    assert (read.status, read.json["readBy"]) == (200, [school.ben.id])
    assert (await school.ben.ask("GET", unread)).json == {"unreadCount": 1}
    assert (await school.eve.ask("POST", f"/api/messages/{made[1]['id']}/read")).status == 404
    assert (await school.ben.ask("POST", "/api/messages/x/read")).status == 400
    assert (await school.eve.ask("GET", unread)).status == 404
    assert (await school.ben.ask("GET", "/api/channels/987654/unread")).status == 404


async def test_no_list_of_messages_names_a_reader_across_a_block(world: World) -> None:
    school = await open_school(world)
    made = await post(school.ann, school.general.id, "1")
    general = f"/api/channels/{school.general.id}"
    assert (await school.tea.ask("POST", f"{general}/pin/{made['id']}")).status == 200
    for reader in (school.ben, school.tea):
        assert (await reader.ask("POST", f"/api/messages/{made['id']}/read")).status == 200

    async def readers(path: str) -> list[list[int]]:
        return [each["readBy"] for each in (await school.ann.ask("GET", path)).json]

    lists = (f"{general}/messages", f"{general}/messages?after_seq=0", f"{general}/pinned")
    for path in lists:
        assert await readers(path) == [[school.tea.id, school.ben.id]]
    await world.store.relations.block(school.ben.id, school.ann.id)
    for path in lists:
        assert await readers(path) == [[school.tea.id]]
    (listed,) = (await school.ann.ask("GET", "/api/users/me/channels")).json
    assert listed["lastMessage"]["readBy"] == [school.tea.id]
    own = await school.ann.ask("POST", f"/api/messages/{made['id']}/read")
    assert own.json["readBy"] == [school.tea.id]


async def test_homework_is_graded_by_teachers(world: World) -> None:
    school = await open_school(world)
    made = await post(school.ann, school.general.id, "2 + 2 = 5", isHomework=True)
    path = f"/api/messages/{made['id']}/grade"
    denied = await school.ann.ask("POST", path, {"status": "graded"})
    text = "Only teachers can grade homework"
    assert (denied.status, denied.json["message"]) == (401, text)
    for status in ("pending", "graded"):
        graded = await school.tea.ask("POST", path, {"status": status})
        assert (graded.status, graded.json["gradingStatus"]) == (200, status)
    for wrong in ({}, {"status": "late"}, {"status": 5}):
        reply = await school.tea.ask("POST", path, wrong)
        assert (reply.status, reply.json["message"]) == (400, "Invalid status")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/messages/{message}/grade", {"status": "graded"}, 404),
        ("POST", "/api/messages/{message}/read", None, 404),
        ("DELETE", "/api/messages/{message}", None, 404),
        ("POST", "/api/channels/{channel}/pin/{message}", None, 404),
        ("DELETE", "/api/channels/{channel}/pin/{message}", None, 404),
        ("GET", "/api/channels/{channel}/pinned", None, 404),
        ("GET", "/api/channels/{channel}/unread", None, 404),
        ("GET", "/api/channels/{channel}/messages", None, 404),
        ("GET", "/api/messages/{channel}", None, 404),
    ],
)
async def test_a_teacher_who_is_not_a_member_has_no_rights_in_a_workspace(
    world: World, method: str, path: str, body: object, status: int
) -> None:
    school = await open_school(world)
    made = await post(school.ann, school.general.id, "2 + 2 = 5", isHomework=True)
    teacher = await world.person("tom", role=Role.TEACHER)
    path = path.format(channel=school.general.id, message=made["id"])
    assert (await teacher.ask(method, path, body)).status == status
    page = (await school.ben.ask("GET", f"/api/messages/{school.general.id}")).json
    assert [(each["content"], each["gradingStatus"], each["isPinned"]) for each in page] == [
        ("2 + 2 = 5", None, False)
    ]


async def test_a_teacher_has_no_rights_over_messages_of_others_in_a_dm(world: World) -> None:
    """The two users of a dm have equal rights in it."""
    school = await open_school(world)
    dm = await world.store.channels.dm(school.ann.id, school.tea.id)
    made = await post(school.ann, dm.id, "2 + 2 = 5", isHomework=True)
    for method, path, body, status in (
        ("DELETE", f"/api/messages/{made['id']}", None, 403),
        ("POST", f"/api/messages/{made['id']}/grade", {"status": "graded"}, 401),
        ("POST", f"/api/channels/{dm.id}/pin/{made['id']}", None, 403),
        ("DELETE", f"/api/channels/{dm.id}/pin/{made['id']}", None, 403),
    ):
        assert (await school.tea.ask(method, path, body)).status == status
    page = (await school.ann.ask("GET", f"/api/messages/{dm.id}")).json
    assert [(each["content"], each["gradingStatus"], each["isPinned"]) for each in page] == [
        ("2 + 2 = 5", None, False)
    ]
    own = await post(school.tea, dm.id, "4")
    assert (await school.tea.ask("DELETE", f"/api/messages/{own['id']}")).status == 200


async def test_messages_are_pinned_by_teachers(world: World) -> None:
    school = await open_school(world)
    made = [await post(school.ann, school.general.id, str(n)) for n in range(3)]
    ids = [message["id"] for message in made]
    base = f"/api/channels/{school.general.id}/pin"
    for method, text in (("POST", "pin"), ("DELETE", "unpin")):
        denied = await school.ann.ask(method, f"{base}/{ids[0]}")
        expected = f"Only teachers can {text} messages"
        assert (denied.status, denied.json["message"]) == (403, expected)
    for number in (2, 0, 2):
        pinned = await school.tea.ask("POST", f"{base}/{ids[number]}")
    assert (pinned.status, pinned.json["pinnedMessages"]) == (200, [ids[2], ids[0]])
    assert await contents(school.ann, f"/api/channels/{school.general.id}/pinned") == ["2", "0"]
    unpinned = await school.tea.ask("DELETE", f"{base}/{ids[2]}")
    assert unpinned.json["pinnedMessages"] == [ids[0]]
    page = (await school.ann.ask("GET", f"/api/messages/{school.general.id}")).json
    assert [message["isPinned"] for message in page] == [True, False, False]
    for path in (f"{base}/987654", f"/api/channels/987654/pin/{ids[0]}", f"{base}/x"):
        reply = await school.tea.ask("POST", path)
        assert (reply.status, reply.json["message"]) == (404, "Channel or message not found")
    assert (await school.eve.ask("GET", f"/api/channels/{school.general.id}/pinned")).status == 404


async def test_a_deleted_message_is_no_longer_pinned(world: World) -> None:
    school = await open_school(world)
    made = await post(school.ann, school.general.id, "x")
    await school.tea.ask("POST", f"/api/channels/{school.general.id}/pin/{made['id']}")
    await school.ann.ask("DELETE", f"/api/messages/{made['id']}")
    assert await contents(school.ann, f"/api/channels/{school.general.id}/pinned") == []
    listed = await school.ann.ask("GET", f"/api/workspaces/{school.workspace.id}/channels")
    assert listed.json[0]["pinnedMessages"] == []


async def test_a_dm_has_the_same_log_over_rest_in_every_dialect(world: World) -> None:
    school: School = await open_school(world)
    ann, ben = school.ann, school.ben
    await post(ann, school.dm.id, "platform")
    assert (await ben.call("POST", f"/api/messages/{ann.id}", {"content": "private"})).status == 201
    conversation = f"conv_{ann.id}_{ben.id}"
    body = {
        "conversationId": conversation, "senderId": ann.id, "senderName": "Ann",
        "recipientId": ben.id, "content": "messenger",
    }  # fmt: skip
    assert (await ann.ask("POST", "/api/messagepal/messages", body)).status == 201
    expected = ["platform", "private", "messenger"]
    assert await contents(ben, f"/api/messages/{school.dm.id}") == expected
    private = await ben.call("GET", f"/api/messages/{ann.id}")
    assert [message["content"] for message in private.json] == expected
    path = f"/api/message/conversations/{conversation}/history?userId={ben.id}"
    assert await contents(ben, path) == expected[::-1]
