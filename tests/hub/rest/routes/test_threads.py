"""Threads over REST, in the spelling of each dialect."""

from typing import Final

import pytest
from attrs import frozen

from persistence.records import Draft
from protocol.model import Message, Posted
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.clients.socketio import token_of
from tests.support.posting import write
from tests.support.world import Person, World


@frozen
class Spelling:
    """How one dialect spells threads."""

    base: str
    thread: str = "thread"
    count: str = "replyCount"
    unread: str = "unreadCount"
    last: str = "lastReply"

    def id_of(self, message: Message) -> str:
        is_uuid = self.base.startswith("/channel_messages")
        return to_uuid(IdKind.MESSAGE, message.id) if is_uuid else str(message.id)

    async def call(self, person: Person, method: str, path: str) -> Reply:
        headers = {"Cookie": f"{person.cookie}; {person.platform_cookie}"}
        if self.base.startswith("/channel_messages"):
            headers["Authorization"] = f"Bearer {token_of(person)}"
        return await person.world.call(method, f"{self.base}{path}", None, headers)


SPELLINGS: Final = [
    Spelling("/private_messages/api", "thread", "reply_count", "unread_count", "last_reply"),
    Spelling("/api/messagepal"),
    Spelling("/learning_platform/api"),
    Spelling("/channel_messages/api"),
]
each_spelling = pytest.mark.parametrize(
    "dialect", SPELLINGS, ids=lambda each: each.base.split("/")[1]
)


async def thread_of(world: World, count: int) -> tuple[Person, Person, Message, list[Message]]:
    """The user who began a thread, the one who replied, its first message and its replies."""
    ann, ben = await world.person("ann"), await world.person("ben")
    (parent,) = await write(world, ann.user, ben.user, "secret")
    replies: list[Message] = []
    for number in range(count):
        draft = Draft(ben.id, ann.id, f"re {number}", parent_id=parent.id)
        posted = await world.services.messaging.send(ben.user, draft)
        assert isinstance(posted, Posted)
        replies.append(posted.message)
    return ann, ben, parent, replies


@each_spelling
async def test_replies_come_in_pages_from_either_end(world: World, dialect: Spelling) -> None:
    ann, _, parent, replies = await thread_of(world, 3)
    path = f"/messages/{dialect.id_of(parent)}/replies"
    reply = await dialect.call(ann, "GET", path)
    assert reply.status == 200, reply.text
    assert [each["seq"] for each in reply.json["replies"]] == [2, 3, 4]
    thread = reply.json["replies"][0][dialect.thread]
    assert thread[dialect.count] == 3
    assert str(thread[dialect.last]["id"]) == dialect.id_of(replies[-1])
    newest = await dialect.call(ann, "GET", f"{path}?order=newest&limit=2")
    assert [each["seq"] for each in newest.json["replies"]] == [4, 3]
    link = newest.headers["link"].split(">")[0].split("?")[1]
    rest = await dialect.call(ann, "GET", f"{path}?{link}")
    assert [each["seq"] for each in rest.json["replies"]] == [2]
    for query in ("order=best", "cursor=x", "limit=x"):
        refused = await dialect.call(ann, "GET", f"{path}?{query}")
        assert (refused.status, refused.json["code"]) == (400, "invalid_field")


@each_spelling
async def test_followed_threads_are_listed_with_their_unread_counts(
    world: World, dialect: Spelling
) -> None:
    ann, _, parent, replies = await thread_of(world, 2)
    message = f"/messages/{dialect.id_of(parent)}"

    async def unread() -> list[int]:
        listed = await dialect.call(ann, "GET", "/threads")
        assert listed.status == 200, listed.text
        assert all(
            each["message"][dialect.count] == len(replies) for each in listed.json["threads"]
        )
        return [each[dialect.unread] for each in listed.json["threads"]]

    assert await unread() == [2]
    await dialect.call(ann, "GET", f"{message}/replies")
    assert await unread() == [2]
    marked = await dialect.call(ann, "POST", f"{message}/replies/read?up_to_seq=2")
    assert (marked.status, marked.json) == (200, {"marked": True})
    assert await unread() == [1]
    await dialect.call(ann, "POST", f"{message}/replies/read")
    assert await unread() == [0]
    left = await dialect.call(ann, "DELETE", f"{message}/follow")
    assert (left.status, left.json) == (200, {"following": False})
    assert await unread() == []
    again = await dialect.call(ann, "PUT", f"{message}/follow")
    assert (again.status, again.json) == (200, {"following": True})
    assert await unread() == [0]


@each_spelling
async def test_a_user_who_may_not_see_a_message_gets_404_for_its_thread(
    world: World, dialect: Spelling
) -> None:
    _, _, parent, _ = await thread_of(world, 1)
    eve = await world.person("eve")
    for name in (dialect.id_of(parent), "0", "x"):
        for method, path in (
            ("GET", "replies"), ("POST", "replies/read"), ("PUT", "follow"), ("DELETE", "follow"),
        ):  # fmt: skip
            refused = await dialect.call(eve, method, f"/messages/{name}/{path}")
            assert (refused.status, refused.json["code"]) == (404, "message_not_found")
            assert "secret" not in refused.text
    assert (await dialect.call(eve, "GET", "/threads")).json == {"threads": []}
