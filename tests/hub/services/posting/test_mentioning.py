"""Mentions are sent to the mentioned users alone, on every connection and in every dialect."""

from typing import Any

from protocol.commands import ReviseMessage
from protocol.model import MessageId
from protocol.revisions import Delete, Edit, Revision
from tests.support.clients.http import Reply
from tests.support.posting import post, write
from tests.support.school import on_gateway, open_school
from tests.support.world import Person, World

LEARNING = "/learning_platform/api/messages"
PRIVATE = "/private_messages/api/messages"


async def revise(person: Person, message_id: MessageId, revision: Revision) -> None:
    services = person.world.services
    command = ReviseMessage(message_id, revision)
    await services.commands.revisions.revise(person.user, services.quotas.of(person.id), command)


async def call(person: Person, path: str) -> Reply:
    headers = {"Cookie": f"{person.cookie}; {person.platform_cookie}"}
    return await person.world.call("GET", path, None, headers)


async def listed(person: Person, base: str = LEARNING) -> list[Any]:
    page: list[Any] = (await call(person, f"{base}/mentions")).json
    return page


async def count(person: Person, base: str = LEARNING) -> int:
    unread: int = (await call(person, f"{base}/mentions/unread-count")).json["count"]
    return unread


async def test_a_mentioned_user_gets_an_event_without_having_joined_the_channel(
    world: World,
) -> None:
    school = await open_school(world)
    others = [await school.tea.open("/ws/chat"), await school.eve.open("/ws/chat")]
    chat, private = await school.ben.open("/ws/chat"), await school.ben.open("/ws")
    gateway = (await on_gateway(school.ben)).ignoring("PRESENCE_UPDATE")
    (message,) = await post(world, school.ann.user, school.general, "hi @ben, @eve and @nobody")
    frame = await chat.receive()
    assert frame == {
        "type": "mention", "mentioned": True, "messageId": message.id,
        "channelId": school.general.id, "seq": 1, "rev": 0, "authorId": school.ann.id,
        "content": "hi @ben, @eve and @nobody",
    }  # fmt: skip
    created = await gateway.receive()
    assert created["d"]["mentions"] == [{"userId": school.ben.id, "username": "ben"}]
    assert (await gateway.receive())["t"] == "MESSAGE_MENTION"
    for each in (private, *others):
        await each.is_silent(besides={"user_online_status"})


async def test_a_mention_in_a_conversation_is_sent_in_both_private_dialects(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    private, messenger = await ben.open("/ws"), await ben.open("/messagepal")
    await write(world, ann.user, ben.user, "plain", "hi @ben")
    assert "mentions" not in (await private.receive_type("private_message"))["message"]
    shown = (await private.receive_type("private_message"))["message"]
    assert shown["mentions"] == [{"user_id": ben.id, "username": "ben"}]
    frame = await private.receive_type("mention")
    assert (frame["mentioned"], frame["message"]) == (True, shown)
    await messenger.past("message_received")
    payload = (await messenger.receive_type("mention"))["payload"]
    assert (payload["mentioned"], payload["messageId"]) == (True, str(shown["id"]))
    (conversation,) = (await call(ben, f"{PRIVATE}/conversations")).json
    assert (conversation["unread_count"], conversation["unread_mentions"]) == (2, 1)
    (theirs,) = (await call(ann, f"{PRIVATE}/conversations")).json
    assert "unread_mentions" not in theirs
    assert [each["id"] for each in await listed(ben, PRIVATE)] == [shown["id"]]
    assert [each["id"] for each in await listed(ben, "/api/messagepal")] == [str(shown["id"])]
    assert (await count(ben, PRIVATE), await count(ann, PRIVATE)) == (1, 0)


async def test_an_edit_sends_events_to_users_whose_mention_is_new_or_gone(world: World) -> None:
    school = await open_school(world)
    ben, tea = await school.ben.open("/ws/chat"), await school.tea.open("/ws/chat")
    (message,) = await post(world, school.ann.user, school.general, "@ben")
    assert (await ben.receive())["mentioned"] is True
    await revise(school.ann, message.id, Edit("@tea"))
    lost, told = await ben.receive(), await tea.receive()
    assert (lost["mentioned"], lost["rev"], told["mentioned"]) == (False, 1, True)
    assert (await count(school.ben), await count(school.tea)) == (0, 1)
    await revise(school.ann, message.id, Delete())
    gone = await tea.receive()
    assert (gone["mentioned"], gone["content"]) == (False, "")
    assert (await count(school.tea), await listed(school.tea)) == (0, [])
    await ben.is_silent()


async def test_a_moderator_can_mention_all_users_in_the_channel(world: World) -> None:
    school = await open_school(world)
    people = [school.ann, school.ben, school.eve]
    ann, ben, eve = [await each.open("/ws/chat") for each in people]
    await post(world, school.ben.user, school.general, "@channel")
    (message,) = await post(world, school.tea.user, school.general, "@channel")
    assert message.mentions_channel
    for each in (ann, ben):
        assert (await each.receive())["messageId"] == message.id
    await eve.is_silent()
    (channel,) = (await call(school.ann, "/learning_platform/api/users/me/channels")).json
    assert (channel["unreadCount"], channel["unreadMentions"]) == (2, 1)
    conversations = (await call(school.ann, "/learning_platform/api/chat/conversations")).json
    assert [each.get("unreadMentions") for each in conversations] == [1, None]


async def test_the_list_of_mentions_is_read_in_pages(world: World) -> None:
    school = await open_school(world)
    posted = await post(world, school.ann.user, school.general, *[f"@ben {n}" for n in range(5)])
    path, found = f"{LEARNING}/mentions?limit=2", []
    while path:
        reply = await call(school.ben, path)
        found += [each["id"] for each in reply.json]
        link = reply.headers.get("link")
        path = (
            "" if link is None else f"{LEARNING}/mentions?{link[1 : link.index('>')].split('?')[1]}"
        )
    assert found == [each.id for each in reversed(posted)]
    broken = await call(school.ben, f"{LEARNING}/mentions?cursor=x")
    assert (broken.status, broken.json["code"]) == (400, "invalid_field")
