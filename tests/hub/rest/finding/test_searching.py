"""Searching over REST, in the dialects that have it."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.clients.http import Reply
from tests.support.finding import have_found
from tests.support.posting import post, say
from tests.support.school import open_school
from tests.support.world import Person, World, open_world


async def search(who: Person, asked: str, **more: object) -> Reply:
    query = "".join(f"&{name}={quote(str(value))}" for name, value in more.items())
    return await who.call("GET", f"/api/messages/search?q={quote(asked)}{query}")


def contents(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [each["message"]["content"] for each in reply.json]


async def test_a_search_returns_the_message_with_its_users_and_a_snippet(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    sent = await say(ann, ben, "😀 some Hay")
    await have_found(world.services.store)
    (found,) = (await search(ben, "hay")).json
    assert found == {
        "message": sent,
        "snippet": {"text": "😀 some Hay", "offset": 0, "marks": [{"start": 8, "end": 11}]},
    }


async def test_filters_name_users_by_their_usernames(world: World) -> None:
    ann, ben, eve = await world.people("ann", "ben", "eve")
    await say(ann, ben, "hay from ann")
    await say(ben, ann, "hay from ben")
    await say(eve, ben, "hay from eve")
    await have_found(world.services.store)
    assert contents(await search(ben, "hay from:@Ann")) == ["hay from ann"]
    assert contents(await search(ben, "from:me")) == ["hay from ben"]
    assert contents(await search(ben, "in:ann")) == ["hay from ben", "hay from ann"]
    assert contents(await search(ben, "in:ann in:eve from:eve")) == ["hay from eve"]


async def test_a_user_who_blocks_the_searcher_looks_like_an_unknown_user(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await say(ann, ben, "hay")
    await have_found(world.services.store)
    await world.services.store.relations.block(ann.id, ben.id)
    asked = ["from:ann", "from:x", "in:ann", "in:x"]
    answers = [await search(ben, each) for each in asked]
    assert {(each.status, each.json["code"], each.json["field"]) for each in answers} == {
        (400, "invalid_field", "q")
    }
    assert answers[0].json["error"].replace("ann", "x") == answers[1].json["error"]
    assert contents(await search(ben, "hay")) == []


@pytest.mark.parametrize("order", ["newest", "best"])
async def test_each_page_of_results_links_to_the_next(world: World, order: str) -> None:
    ann, ben = await world.people("ann", "ben")
    for number in range(5):
        await say(ann, ben, f"hay {number}")
    await have_found(world.services.store)
    found: list[str] = []
    target = f"/api/messages/search?q=hay&order={order}&limit=2"
    while target:
        reply = await ben.call("GET", target)
        found += contents(reply)
        link = reply.headers.get("link", "")
        target = f"/api/messages/search{link[1 : link.index('>')]}" if link else ""
    assert found == [f"hay {number}" for number in reversed(range(5))]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "q"),
        ("q=", "q"),
        ("q=%20", "q"),
        (f"q={'x' * 10_000}", "q"),
        ("q=a%00b", "q"),
        ("q=has:cheese", "q"),
        ("q=before:soon", "q"),
        ("q=from:nobody", "q"),
        ("q=in:nowhere", "q"),
        ("q=hay&order=random", "order"),
        ("q=hay&language=klingon", "language"),
        ("q=hay&language=german", "language"),
        ("q=hay&cursor=x", "cursor"),
        ("q=hay&cursor=WzFd", "cursor"),
        ("q=hay&cursor=Wy0xLDAsMF0", "cursor"),
        ("q=hay&limit=0", "limit"),
    ],
)
async def test_bad_searches_are_400_with_a_code_and_a_sentence(
    world: World, query: str, field: str
) -> None:
    (ann,) = await world.people("ann")
    reply = await ann.call("GET", f"/api/messages/search?{query}")
    assert (reply.status, reply.json["code"]) == (400, "invalid_field")
    assert (reply.json["field"], reply.json["error"].count("\n")) == (field, 0)


@pytest.mark.parametrize("asked", ["(a+)+$" * 80, "' | !x & (", "a:b:cde:*", "<->", "\\'x\\"])
async def test_a_search_cannot_inject_the_query_syntax_of_the_store(
    world: World, asked: str
) -> None:
    (ann,) = await world.people("ann")
    reply = await search(ann, asked, order="best")
    assert (reply.status, reply.json) == (200, []) or reply.json["field"] == "q"


async def test_bytes_that_are_no_text_are_refused(world: World) -> None:
    (ann,) = await world.people("ann")
    assert (await ann.call("GET", "/api/messages/search?q=%ff%ed%a0%80")).status == 400


async def test_channel_messages_are_found_only_in_a_dialect_with_channels(world: World) -> None:
    school = await open_school(world)
    await post(world, school.tea.user, school.general, "hay in the channel")
    await have_found(world.services.store)

    async def found(who: Person, asked: str) -> list[Any]:
        reply = await who.ask("GET", f"/api/messages/search?q={quote(asked)}")
        return [(each["message"]["channelId"], each["snippet"]["marks"]) for each in reply.json]

    one = [(school.general.id, [{"start": 0, "end": 3}])]
    assert await found(school.ann, "hay") == one
    assert await found(school.ann, f"hay in:#{school.general.name}") == one
    assert await found(school.eve, "hay") == []
    assert contents(await search(school.ann, "hay")) == []  # `/ws` has no channels
    reply = await school.ann.ask("GET", "/api/messagepal/messages/search?q=hay")
    assert reply.json == []


async def test_the_messenger_returns_found_messages_in_its_own_shape(world: World) -> None:
    ann, ben, eve = await world.people("ann", "ben", "eve")
    sent = await say(ann, ben, "some Hay")
    await say(ben, ann, "more hay")
    await have_found(world.services.store)
    for base in ("/api/messagepal", "/api/message"):
        reply = await ben.ask("GET", f"{base}/messages/search?q=hay&limit=1")
        assert [each["message"]["content"] for each in reply.json] == ["more hay"]
        link = reply.headers["link"]
        path = f"{base}/messages/search{link[1 : link.index('>')]}"
        (found,) = (await ben.ask("GET", path)).json
        message, one = found["message"], f"{base}/messages/{sent['id']}"
        name = message["conversationId"]
        assert message == (await ben.ask("GET", f"{one}?conversationId={name}")).json
        marks = [{"start": 5, "end": 8}]
        assert found["snippet"] == {"text": "some Hay", "offset": 0, "marks": marks}
        assert (await eve.ask("GET", f"{base}/messages/search?q=hay")).json == []
        refused = await ben.ask("GET", f"{base}/messages/search?q=from:nobody")
        assert (refused.status, refused.json["code"]) == (400, "invalid_field")


async def test_a_search_accepts_the_languages_of_the_hub(world: World) -> None:
    (ann,) = await world.people("ann")
    for language in ("simple", "english"):
        assert (await search(ann, "hay", language=language)).json == []


async def test_searches_are_rate_limited(world: World) -> None:
    async with open_world(world.services.store, user_searches_per_minute=2) as other:
        (ann,) = await other.people("anna")
        assert [(await search(ann, "hay")).status for _ in range(3)] == [200, 200, 429]
