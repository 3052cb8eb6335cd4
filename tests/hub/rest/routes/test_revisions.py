"""Messages are changed over REST, in the spelling of each dialect; a refused revision changes
nothing.
"""

from typing import Any, Final
from urllib.parse import quote

import pytest
from attrs import frozen

from persistence.interface import Store
from protocol.model import Message
from protocol.revisions import MAX_REACTION_KINDS, Delete
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.clients.socketio import token_of
from tests.support.posting import post, write
from tests.support.school import School, open_school
from tests.support.stores.records import changed
from tests.support.world import Person, World, open_world

HEART: Final = "❤\ufe0f"
KINDS: Final = [chr(0x1F600 + number) for number in range(MAX_REACTION_KINDS + 1)]


@frozen
class Spelling:
    """How one dialect spells messages."""

    base: str
    author: str
    edited: str = "editedAt"
    deleted: str = "isDeleted"
    users: str = "userIds"

    def id_of(self, message: Message | int) -> str:
        number = message if isinstance(message, int) else message.id
        is_uuid = self.base.startswith("/channel_messages")
        return to_uuid(IdKind.MESSAGE, number) if is_uuid else str(number)

    def user(self, person: Person) -> object:
        is_uuid = self.base.startswith("/channel_messages")
        return to_uuid(IdKind.USER, person.id) if is_uuid else person.id

    async def call(
        self, person: Person, method: str, message: Message | int, *more: str,
        content: str | None = None, key: str | None = None,
    ) -> Reply:  # fmt: skip
        path = "/".join((self.base, self.id_of(message), *(quote(part) for part in more)))
        headers = {"Cookie": f"{person.cookie}; {person.platform_cookie}"}
        if self.base.startswith("/channel_messages"):
            headers["Authorization"] = f"Bearer {token_of(person)}"
        if key is not None:
            headers["Idempotency-Key"] = key
        body = None if content is None else {"content": content}
        return await person.world.call(method, path, body, headers)

    async def react(self, person: Person, message: Message | int, emoji: str) -> Reply:
        return await self.call(person, "PUT", message, "reactions", emoji)

    async def edit(
        self, person: Person, message: Message | int, content: str, key: str | None = None
    ) -> Reply:
        return await self.call(person, "PATCH", message, content=content, key=key)

    async def delete(self, person: Person, message: Message | int) -> Reply:
        return await self.call(person, "DELETE", message)


PRIVATE: Final = Spelling(
    "/private_messages/api/messages", "sender_id", "edited_at", "is_deleted", "user_ids"
)
MESSENGER: Final = Spelling("/api/messagepal/messages", "senderId")
LEARNING: Final = Spelling("/learning_platform/api/messages", "authorId")
CHANNELS: Final = Spelling("/channel_messages/api/messages", "userId")
SPELLINGS: Final = [PRIVATE, MESSENGER, LEARNING, CHANNELS]


def each_spelling(*spellings: Spelling) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("dialect", spellings, ids=lambda each: each.base.split("/")[1])


async def refused(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.json["code"]) == (status, code), reply.text
    assert "secret" not in reply.text


async def of_both(world: World) -> tuple[Person, Person, Message]:
    ann, ben = await world.person("ann"), await world.person("ben")
    (posted,) = await write(world, ann.user, ben.user, "secret")
    return ann, ben, posted


async def now(world: World, message: Message) -> Message:
    found = await world.store.messages.get(message.id, even_deleted=True)
    assert found is not None
    return found


@each_spelling(*SPELLINGS)
async def test_a_revision_returns_the_message_as_it_is_now(world: World, dialect: Spelling) -> None:
    ann, ben, posted = await of_both(world)
    edited = await dialect.edit(ann, posted, "hello")
    assert edited.status == 200, edited.text
    assert (edited.json["content"], edited.json["rev"]) == ("hello", 1)
    assert edited.json[dialect.edited]
    reaction = await dialect.react(ben, posted, "❤")
    assert reaction.json[dialect.author] == dialect.user(ann)
    assert reaction.json["reactions"] == [
        {"emoji": HEART, "count": 1, dialect.users: [dialect.user(ben)]}
    ]
    again = await dialect.react(ben, posted, HEART)
    assert (again.status, again.json["rev"]) == (200, 2)
    back = await dialect.call(ben, "DELETE", posted, "reactions", HEART)
    assert (back.json["reactions"], back.json["rev"]) == ([], 3)
    deleted = await dialect.delete(ann, posted)
    assert deleted.status == 200
    if dialect is LEARNING:
        assert deleted.json == {"message": "Message deleted"}
    else:
        assert (deleted.json["content"], deleted.json[dialect.deleted]) == ("", True)
    assert (await now(world, posted)).rev == 4


@each_spelling(*SPELLINGS)
async def test_a_repeat_under_its_key_changes_nothing(world: World, dialect: Spelling) -> None:
    ann, _, posted = await of_both(world)
    for content, key in (("one", "k"), ("two", "l")):
        assert (await dialect.edit(ann, posted, content, key)).status == 200
    again = await dialect.edit(ann, posted, "one", "k")
    assert (again.json["content"], again.json["rev"]) == ("two", 2)
    await refused(await dialect.edit(ann, posted, "three", "k"), 409, "key_conflict")
    await refused(await dialect.edit(ann, posted, "three", "k" * 256), 400, "invalid_field")
    assert (await now(world, posted)).rev == 2


@each_spelling(*SPELLINGS)
async def test_a_refused_revision_changes_nothing(world: World, dialect: Spelling) -> None:
    ann, ben, posted = await of_both(world)
    eve = await world.person("eve")
    for content, code in (
        ("", "content_empty"), (" \n", "content_empty"), ("x\0", "content_invalid"),
        ("x" * 4_001, "content_too_long"),
    ):  # fmt: skip
        await refused(await dialect.edit(ann, posted, content), 400, code)
    await refused(await dialect.edit(ben, posted, "mine"), 403, "not_yours")
    await refused(await dialect.delete(ben, posted), 403, "not_allowed")
    for emoji in ("a", "1", "👍👍", "\U0001f1e9", "\U0001f3fd", "x" * 300):
        await refused(await dialect.react(ben, posted, emoji), 400, "no_emoji")
        back = await dialect.call(ben, "DELETE", posted, "reactions", emoji)
        await refused(back, 400, "no_emoji")
    for missing in (posted, 987_654):
        await refused(await dialect.edit(eve, missing, "x"), 404, "message_not_found")
        await refused(await dialect.delete(eve, missing), 404, "message_not_found")
        await refused(await dialect.react(eve, missing, "👍"), 404, "message_not_found")
    malformed = await world.call(
        "DELETE", f"{dialect.base}/x",
        headers={"Cookie": f"{ann.cookie}; {ann.platform_cookie}",
                 "Authorization": f"Bearer {token_of(ann)}"},
    )  # fmt: skip
    await refused(malformed, 400, "invalid_field")
    found = await now(world, posted)
    assert (found.content, found.rev, found.reactions) == ("secret", 0, ())


@each_spelling(*SPELLINGS)
async def test_a_deleted_message_cannot_be_revised(world: World, dialect: Spelling) -> None:
    ann, ben, posted = await of_both(world)
    await changed(world.store, posted.id, Delete(), by=ann.id)
    await refused(await dialect.edit(ann, posted, "x"), 404, "message_not_found")
    await refused(await dialect.delete(ann, posted), 404, "message_not_found")
    await refused(await dialect.react(ben, posted, "👍"), 404, "message_not_found")


async def test_a_message_has_at_most_fifty_different_emoji(world: World) -> None:
    _, ben, posted = await of_both(world)
    for emoji in KINDS[:-1]:
        assert (await PRIVATE.react(ben, posted, emoji)).status == 200
    await refused(await PRIVATE.react(ben, posted, KINDS[-1]), 409, "too_many_reactions")
    assert (await PRIVATE.react(ben, posted, KINDS[0])).status == 200
    assert len((await now(world, posted)).reactions) == MAX_REACTION_KINDS


async def test_an_edit_after_the_time_limit_is_refused(store: Store) -> None:
    async with open_world(store, edit_seconds=0.0) as world:
        ann, _, posted = await of_both(world)
        await refused(await PRIVATE.edit(ann, posted, "x"), 403, "too_late")
        assert (await now(world, posted)).content == "secret"
        assert (await PRIVATE.delete(ann, posted)).status == 200


@each_spelling(PRIVATE, MESSENGER)
async def test_a_dialect_without_channels_cannot_edit_their_messages(
    world: World, dialect: Spelling
) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "secret")
    await refused(await dialect.edit(school.ann, posted, "x"), 404, "message_not_found")
    assert (await now(world, posted)).rev == 0


async def test_an_edited_text_follows_the_rules_of_the_dialect(world: World) -> None:
    ann, _, posted = await of_both(world)
    await refused(await CHANNELS.edit(ann, posted, "x" * 2_001), 400, "content_too_long")
    assert (await LEARNING.edit(ann, posted, " x ")).json["content"] == "x"
    assert (await PRIVATE.edit(ann, posted, " y ")).json["content"] == " y "


async def test_pins_and_grades_take_keys_and_a_pin_needs_a_visible_channel(world: World) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "secret")
    pin = f"/api/channels/{school.general.id}/pin/{posted.id}"
    key = {"Idempotency-Key": "k"}
    await refused(await school.eve.ask("POST", pin), 404, "message_not_found")
    await refused(await school.ann.ask("POST", pin), 403, "not_allowed")
    for method in ("POST", "DELETE"):
        assert (await school.tea.ask(method, pin)).status == 200
    assert (await school.tea.ask("POST", pin, headers=key)).status == 200
    await refused(await school.tea.ask("DELETE", pin, headers=key), 409, "key_conflict")
    grade = f"/api/messages/{posted.id}/grade"
    reply = await school.tea.ask("POST", grade, {"status": "graded"}, {"Idempotency-Key": "g"})
    assert (reply.json["gradingStatus"], reply.json["rev"]) == ("graded", 4)
    await refused(
        await school.tea.ask("POST", grade, {"status": "pending"}, {"Idempotency-Key": "g"}),
        409, "key_conflict",
    )  # fmt: skip


async def versions(school: School, person: Person, message: Message) -> Reply:
    return await person.ask("GET", f"/api/messages/{message.id}/versions")


async def test_moderators_read_the_former_versions_of_a_message(store: Store) -> None:
    async with open_world(store, keep_versions=True) as world:
        school = await open_school(world)
        (posted,) = await post(world, school.ann.user, school.general, "one")
        assert (await versions(school, school.tea, posted)).json == []
        for content in ("two", "two", "three"):
            assert (await LEARNING.edit(school.ann, posted, content)).status == 200
        found: Any = (await versions(school, school.tea, posted)).json
        assert [(each["rev"], each["content"]) for each in found] == [(2, "two"), (1, "one")]
        same = await CHANNELS.call(school.tea, "GET", posted, "versions")
        assert same.json == found
        await refused(await versions(school, school.ann, posted), 403, "not_allowed")
        await refused(await versions(school, school.eve, posted), 404, "message_not_found")
        (private,) = await write(world, school.ann.user, school.ben.user, "x")
        await refused(await versions(school, school.ann, private), 403, "not_allowed")
        await changed(store, posted.id, Delete(), by=school.ann.id)
        await refused(await versions(school, school.tea, posted), 404, "message_not_found")


async def test_a_hub_that_keeps_no_versions_shows_none(world: World) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "one")
    await LEARNING.edit(school.ann, posted, "two")
    await refused(await versions(school, school.tea, posted), 404, "versions_not_kept")
    await refused(await versions(school, school.ann, posted), 403, "not_allowed")


async def test_lists_contain_the_rev_from_which_to_resume_revisions(world: World) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    (posted,) = await write(world, ann.user, ben.user, "x")
    (inside,) = await post(world, ann.user, school.general, "x")
    for message in (posted, inside, inside):
        await LEARNING.react(ben, message, HEART if message is posted else "👍")
    await LEARNING.react(ben, inside, "👎")
    private = await ben.call("GET", "/private_messages/api/messages/conversations")
    assert [each["last_rev"] for each in private.json] == [1]
    messenger = await ben.ask("GET", "/api/messagepal/conversations")
    assert [each["lastRev"] for each in messenger.json] == [1]
    messenger = await ben.ask("GET", f"/api/messagepal/conversations/{ben.id}")
    assert [each["lastRev"] for each in messenger.json] == [1]
    for path, expected in {
        "/api/users/me/channels": [(1, 2)],
        f"/api/workspaces/{school.workspace.id}/channels": [(1, 2)],
        "/api/users/me/dms": [(1, 1)],
        "/api/chat/conversations": [(1, 2), (1, 1)],
    }.items():
        listed = await ben.ask("GET", path)
        assert [(each["lastSeq"], each["lastRev"]) for each in listed.json] == expected, path
    bearer = {"Authorization": f"Bearer {token_of(ben)}"}
    joined = await world.call("GET", "/channel_messages/api/channels", headers=bearer)
    by_name = {each["name"]: (each["lastSeq"], each["lastRev"]) for each in joined.json}
    assert by_name == {"general": (1, 2), ann.user.name: (1, 1)}
    channel = to_uuid(IdKind.CHANNEL, school.general.id)
    path = f"/channel_messages/api/channels/{channel}/join"
    again = (await world.call("POST", path, headers=bearer)).json["channel"]
    assert (again["lastSeq"], again["lastRev"]) == (1, 2)
