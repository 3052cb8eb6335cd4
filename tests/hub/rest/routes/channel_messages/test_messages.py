"""REST beside Socket.IO: every response, on every store."""

from typing import Any

from protocol.revisions import Delete
from tests.support.school import open_school
from tests.support.stores.records import revised
from tests.support.tokens import ask, channel_id
from tests.support.world import Person, World

NOBODY = 987_654


async def post(person: Person, number: int, content: str, **more: object) -> dict[str, Any]:
    body = {"content": content, "channelId": channel_id(number), **more}
    reply = await ask(person, "POST", "/api/messages", body)
    assert reply.status == 201, reply.text
    made: dict[str, Any] = reply.json
    return made


async def test_pages_go_back_by_cursor(world: World) -> None:
    school = await open_school(world)
    for n in range(52):
        await post(school.ann, school.general.id, str(n))
    path = f"/api/messages/channel/{channel_id(school.general.id)}"
    page = (await ask(school.ben, "GET", path)).json
    assert [each["content"] for each in page["messages"]] == [str(n) for n in range(2, 52)]
    rest = (await ask(school.ben, "GET", f"{path}?cursor={page['nextCursor']}")).json
    assert [each["content"] for each in rest["messages"]] == ["0", "1"]
    assert rest["nextCursor"] is None
    assert (await ask(school.ben, "GET", f"{path}?cursor=x")).status == 400


async def test_replies_are_listed_and_have_their_parent_in_the_same_channel(world: World) -> None:
    school = await open_school(world)
    first = await post(school.ann, school.general.id, "first")
    reply = await post(school.ben, school.general.id, "re", parentId=first["id"])
    assert reply["parentId"] == first["id"]
    path = f"/api/messages/{first['id']}/replies"
    assert (await ask(school.ann, "GET", path)).json == {"replies": [reply]}
    assert (await ask(school.eve, "GET", path)).status == 404
    elsewhere = {"content": "x", "channelId": channel_id(school.dm.id), "parentId": first["id"]}
    assert (await ask(school.ann, "POST", "/api/messages", elsewhere)).status == 400


async def test_a_repeat_with_the_same_key_is_the_same_message(world: World) -> None:
    school = await open_school(world)
    first = await post(school.ann, school.general.id, "x", tempId="k")
    body = {"content": "x", "channelId": channel_id(school.general.id)}
    again = await ask(school.ann, "POST", "/api/messages", body, Idempotency_Key="k")
    assert again.json == first
    other = await ask(
        school.ann, "POST", "/api/messages", body | {"content": "y"}, Idempotency_Key="k"
    )
    assert (other.status, other.json["code"]) == (409, "key_conflict")


async def test_a_reply_can_be_repeated_after_its_parent_was_deleted(world: World) -> None:
    school = await open_school(world)
    parent = await post(school.ann, school.general.id, "first")
    first = await post(school.ann, school.general.id, "re", parentId=parent["id"], tempId="k")
    (stored, _) = await world.store.messages.channel_page(school.general.id, before=None, limit=2)
    await revised(world.store, stored.id, Delete(), by=stored.author_id)
    again = await post(school.ann, school.general.id, "re", parentId=parent["id"], tempId="k")
    assert again == first
    body = {"content": "re", "channelId": channel_id(school.general.id), "parentId": parent["id"]}
    for parent_id in (parent["id"], "nonsense"):
        refused = await ask(school.ann, "POST", "/api/messages", body | {"parentId": parent_id})
        assert (refused.status, refused.json["code"]) == (400, "invalid_field")


async def test_errors_have_the_shape_of_this_dialect(world: World) -> None:
    school = await open_school(world)
    here, nowhere = channel_id(school.general.id), channel_id(NOBODY)
    unauthorized = {
        "statusCode": 403, "message": "Unauthorized", "error": "Forbidden", "code": "not_a_member",
    }  # fmt: skip
    for person, channel in ((school.eve, here), (school.ann, nowhere), (school.ann, "x")):
        body = {"content": "x", "channelId": channel}
        assert (await ask(person, "POST", "/api/messages", body)).json == unauthorized
        path = f"/api/messages/channel/{channel}"
        assert (await ask(person, "GET", path)).json == unauthorized
    for wrong in ({"content": "", "channelId": here}, {"content": "x" * 2_001, "channelId": here},
                  {"content": 5, "channelId": here}, {"content": "x"}):  # fmt: skip
        reply = await ask(school.ann, "POST", "/api/messages", wrong)
        assert (reply.status, reply.json["message"]) == (400, "Invalid message format")
