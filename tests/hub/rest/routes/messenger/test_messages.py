"""The messenger over REST: every response, on every store."""

from typing import Any

import pytest

from hub.rest.routes.messenger.access import PREFIXES
from tests.support.clients.http import Reply
from tests.support.school import School, open_school
from tests.support.world import Person, World

BASE = "/api/messagepal"


def message_body(author: Person, recipient: Person, **changes: object) -> dict[str, object]:
    low, high = sorted((author.id, recipient.id))
    return {
        "conversationId": f"conv_{low}_{high}",
        "senderId": author.id,
        "senderName": "anybody",
        "senderRole": "principal",
        "recipientId": recipient.id,
        "content": "hi",
        **changes,
    }


async def send(author: Person, recipient: Person, **changes: object) -> Reply:
    return await author.ask("POST", f"{BASE}/messages", message_body(author, recipient, **changes))


def conversation(school: School) -> str:
    return f"conv_{school.ann.id}_{school.ben.id}"


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_sent_message_is_shown_everywhere_with_its_true_sender(
    world: World, prefix: str
) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    made = await ann.ask("POST", f"{prefix}/messages", message_body(ann, ben))
    assert made.status == 201
    message: dict[str, Any] = made.json
    assert (message["senderName"], message["senderRole"]) == ("Ann", "student")
    assert message["id"] == message["messageId"]
    (listed,) = (await ben.ask("GET", f"{prefix}/conversations")).json
    assert (listed["id"], listed["unreadCount"]) == (conversation(school), 1)
    assert listed["lastMessage"] == message
    people = [
        {"id": person.id, "name": person.user.name, "role": "student"} for person in (ben, ann)
    ]
    assert listed["participants"] == people
    (detail,) = (await ben.ask("GET", f"{prefix}/conversations/{ben.id}")).json
    assert detail["participantIds"] == [ben.id, ann.id]
    assert detail["participantNames"] == {str(ann.id): "Ann", str(ben.id): "Ben"}
    assert detail["participantRoles"] == {str(ann.id): "student", str(ben.id): "student"}
    assert detail["isArchived"] is False
    path = f"{prefix}/messages/{message['id']}?conversationId={conversation(school)}"
    assert (await ben.ask("GET", path)).json == message
    count = await ben.ask("GET", f"{prefix}/users/{ben.id}/unread-count")
    assert count.json == {"unreadCount": 1}


async def test_history_is_newest_first(world: World) -> None:
    school = await open_school(world)
    for n in range(4):
        await send(school.ann, school.ben, content=str(n))
    path = f"{BASE}/conversations/{conversation(school)}/history"
    page = await school.ben.ask("GET", f"{path}?userId={school.ben.id}&limit=3")
    assert [message["content"] for message in page.json] == ["3", "2", "1"]
    before = page.json[-1]["seq"]
    page = await school.ben.ask("GET", f"{path}?userId={school.ben.id}&before_seq={before}")
    assert [message["content"] for message in page.json] == ["0"]
    for query in ("", "?userId=", "?userId=x", "?userId=0"):
        reply = await school.ben.ask("GET", f"{path}{query}")
        assert (reply.status, reply.json["error"]) == (400, "User ID is required")
    assert (await school.ben.ask("GET", f"{path}?userId={school.ann.id}")).status == 403
    assert (await school.eve.ask("GET", f"{path}?userId={school.eve.id}")).status == 403
    unknown = f"{BASE}/conversations/nonsense/history?userId={school.ben.id}"
    assert (await school.ben.ask("GET", unknown)).status == 404


async def test_the_conversation_of_two_has_a_fixed_name(world: World) -> None:
    school = await open_school(world)
    path = f"{BASE}/conversations/between-users"
    body = {"userId1": school.ben.id, "userId2": school.ann.id}
    assert (await school.ann.ask("POST", path, body)).json == {
        "conversationId": conversation(school)
    }
    assert (await school.eve.ask("POST", path, body)).status == 403
    for wrong in ({}, {"userId1": 1}, {"userId1": "1", "userId2": 2}):
        reply = await school.ann.ask("POST", path, wrong)
        assert (reply.status, reply.json["error"]) == (400, "Both user IDs are required")


async def test_an_archived_conversation_returns_with_the_next_message(world: World) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    path = f"{BASE}/conversations/{conversation(school)}/users/{ben.id}"
    missing = await ben.ask("DELETE", path)
    assert (missing.status, missing.json["error"]) == (404, "Conversation not found")
    await send(ann, ben)
    assert (await ben.ask("DELETE", path)).json == {"success": True}
    assert (await ben.ask("GET", f"{BASE}/conversations")).json == []
    count = await ben.ask("GET", f"{BASE}/users/{ben.id}/unread-count")
    assert count.json == {"unreadCount": 0}
    (detail,) = (await ben.ask("GET", f"{BASE}/conversations/{ben.id}")).json
    assert detail["isArchived"] is True
    assert len((await ann.ask("GET", f"{BASE}/conversations")).json) == 1
    await send(ann, ben, content="again")
    (listed,) = (await ben.ask("GET", f"{BASE}/conversations")).json
    assert (listed["lastMessage"]["content"], listed["unreadCount"]) == ("again", 2)
    assert (await ann.ask("DELETE", path)).status == 403


async def test_reading_a_message_sends_an_event_to_its_author(world: World) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    socket = await ann.connect("/messagepal")
    assert (await socket.receive())["type"] == "connected"
    made = (await send(ann, ben)).json
    assert (await socket.receive())["type"] == "message_received"
    path = f"{BASE}/messages/{made['id']}/read"
    body = {"conversationId": conversation(school), "userId": ben.id}
    assert (await ben.ask("PATCH", path, body)).json == {"success": True}
    told = await socket.receive()
    assert (told["type"], told["payload"]["readBy"]) == ("message_read", ben.id)
    shown = await ann.ask(
        "GET", f"{BASE}/messages/{made['id']}?conversationId={conversation(school)}"
    )
    assert (shown.json["readBy"], shown.json["isRead"]) == ([ben.id], True)
    for wrong in ({}, {"conversationId": "x"}, {"userId": ben.id}):
        reply = await ben.ask("PATCH", path, wrong)
        text = "Conversation ID and User ID are required"
        assert (reply.status, reply.json["error"]) == (400, text)
    assert (await ben.ask("PATCH", path, body | {"userId": ann.id})).status == 403
    assert (await school.eve.ask("PATCH", path, body | {"userId": school.eve.id})).status == 403
    await socket.close_in_silence()


@pytest.mark.parametrize(
    "changes",
    [
        {"conversationId": ""},
        {"senderId": None},
        {"senderName": ""},
        {"recipientId": "2"},
        {"content": ""},
        {"content": 5},
    ],
)
async def test_a_message_with_a_missing_or_invalid_field_is_400(
    timed_world: World, changes: dict[str, object]
) -> None:
    school = await open_school(timed_world)
    reply = await send(school.ann, school.ben, **changes)
    assert reply.status == 400
    assert reply.json["error"].startswith("Missing required fields: conversationId, senderId")


async def test_invalid_messages_and_messages_across_a_block_are_refused(world: World) -> None:
    school = await open_school(world)
    ann, ben, eve = school.ann, school.ben, school.eve
    assert (await send(ann, ben, senderId=ben.id)).status == 403
    assert (await send(ann, ben, conversationId=f"conv_{ann.id}_{eve.id}")).status == 400
    assert (await send(ann, ben, content=" ")).json["code"] == "content_empty"
    assert (await send(ann, ben, messageType="dance")).status == 400
    assert (await send(ann, ben, fileUrl="javascript:x")).status == 400
    await ben.call("POST", f"/api/users/{ann.id}/block")
    refused = await send(ann, ben)
    assert (refused.status, refused.json["code"]) == (404, "recipient_not_found")


async def test_messages_of_others_are_not_shown(world: World) -> None:
    school = await open_school(world)
    made = (await send(school.ann, school.ben)).json
    path = f"{BASE}/messages/{made['id']}"
    missing = await school.ann.ask("GET", path)
    assert (missing.status, missing.json["error"]) == (400, "Conversation ID is required")
    assert (
        await school.eve.ask("GET", f"{path}?conversationId={conversation(school)}")
    ).status == 403
    own = f"conv_{school.ann.id}_{school.eve.id}"
    wrong = await school.ann.ask("GET", f"{path}?conversationId={own}")
    assert (wrong.status, wrong.json["error"]) == (404, "Message not found")
    nonsense = f"{BASE}/messages/x?conversationId={conversation(school)}"
    assert (await school.ann.ask("GET", nonsense)).status == 404


async def test_a_blocked_user_cannot_read_messages_any_more(world: World) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    made = (await send(ann, ben)).json
    name = conversation(school)
    path = f"{BASE}/messages/{made['id']}"
    await world.store.relations.block(ann.id, ben.id)
    for person, status in ((ben, 404), (ann, 200)):  # the blocker may read old messages
        assert (await person.ask("GET", f"{path}?conversationId={name}")).status == status
        body = {"conversationId": name, "userId": person.id}
        assert (await person.ask("PATCH", f"{path}/read", body)).status == status


async def test_lists_and_counts_of_other_users_are_refused(timed_world: World) -> None:
    school = await open_school(timed_world)
    for path in (f"conversations/{school.ben.id}", f"users/{school.ben.id}/unread-count"):
        assert (await school.ann.ask("GET", f"{BASE}/{path}")).status == 403
    for path in ("conversations/x", "users/x/unread-count"):
        reply = await school.ann.ask("GET", f"{BASE}/{path}")
        assert (reply.status, reply.json["error"]) == (400, "Invalid user ID")
    stranger = await timed_world.call("GET", f"{BASE}/conversations")
    assert (stranger.status, stranger.json["error"]) == (401, "Authentication required")
