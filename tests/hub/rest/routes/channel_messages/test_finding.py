"""Searching and pins over REST beside Socket.IO."""

from typing import Any

import pytest

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.finding import have_found
from tests.support.school import School, open_school
from tests.support.tokens import ask, channel_id
from tests.support.world import Person, World

SEARCH = "/api/messages/search?q="


async def post(person: Person, number: int, content: str) -> dict[str, Any]:
    body = {"content": content, "channelId": channel_id(number)}
    made: dict[str, Any] = (await ask(person, "POST", "/api/messages", body)).json
    return made


async def found(person: Person, query: str) -> list[Any]:
    reply = await ask(person, "GET", SEARCH + query)
    assert reply.status == 200, reply.text
    return [each["message"]["content"] for each in reply.json["results"]]


async def test_a_search_returns_message_objects_and_snippets(world: World) -> None:
    school = await open_school(world)
    sent = await post(school.ann, school.general.id, "some Hay")
    await post(school.ann, school.dm.id, "more hay")
    await have_found(world.services.store)
    reply = await ask(school.ben, "GET", f"{SEARCH}hay%20in:%23general")
    snippet = {"text": "some Hay", "offset": 0, "marks": [{"start": 5, "end": 8}]}
    assert reply.json == {
        "results": [{"message": sent, "snippet": snippet}],
        "nextCursor": None,
    }
    assert await found(school.ben, "hay") == ["more hay", "some Hay"]
    assert await found(school.tea, "hay") == ["some Hay"]
    assert await found(school.eve, "hay") == []


async def test_each_page_of_a_search_has_the_cursor_of_the_next(world: World) -> None:
    school = await open_school(world)
    for number in range(5):
        await post(school.ann, school.general.id, f"hay {number}")
    await have_found(world.services.store)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await ask(school.ben, "GET", f"{SEARCH}hay&limit=2&cursor={cursor}")).json
        seen += [each["message"]["content"] for each in page["results"]]
        cursor = page["nextCursor"]
    assert seen == [f"hay {number}" for number in reversed(range(5))]


@pytest.mark.parametrize("query", ["", "x" * 501, "has:cheese", "hay&cursor=x", "hay&order=x"])
async def test_an_invalid_search_is_refused(world: World, query: str) -> None:
    (ann,) = await world.people("ann")
    reply = await ask(ann, "GET", SEARCH + query)
    assert (reply.status, reply.json["code"]) == (400, "invalid_field")


async def pinned(school: School, person: Person) -> list[Any]:
    path = f"/api/messages/channel/{channel_id(school.general.id)}/pinned"
    messages: list[Any] = (await ask(person, "GET", path)).json["messages"]
    return messages


async def test_moderators_pin_and_unpin(world: World) -> None:
    school = await open_school(world)
    sent = await post(school.ann, school.general.id, "read this")
    path = f"/api/messages/{sent['id']}/pin"
    now = await ask(school.tea, "PUT", path)
    assert now.json == sent | {"isPinned": True, "rev": 1, "reactions": []}
    assert await pinned(school, school.ben) == [now.json]
    again = await ask(school.tea, "PUT", path)
    assert again.json["rev"] == 1
    off = await ask(school.tea, "DELETE", path)
    assert off.json == sent | {"rev": 2, "reactions": []}
    assert await pinned(school, school.ben) == []


async def test_users_who_are_no_moderators_cannot_pin(world: World) -> None:
    school = await open_school(world)
    sent = await post(school.ann, school.general.id, "x")
    private = await post(school.ann, school.dm.id, "x")

    async def refusal(person: Person, message_id: str) -> tuple[int, str]:
        reply = await ask(person, "PUT", f"/api/messages/{message_id}/pin")
        return reply.status, reply.json["code"]

    assert await refusal(school.ann, sent["id"]) == (403, "not_allowed")
    assert await refusal(school.ben, private["id"]) == (403, "not_allowed")
    assert await refusal(school.eve, sent["id"]) == (404, "message_not_found")
    unknown = to_uuid(IdKind.MESSAGE, 987_654)
    assert await refusal(school.tea, unknown) == (404, "message_not_found")
    assert await refusal(school.tea, "x") == (400, "invalid_field")
    path = f"/api/messages/channel/{channel_id(school.general.id)}/pinned"
    assert (await ask(school.eve, "GET", path)).status == 403
    assert await pinned(school, school.ben) == []
