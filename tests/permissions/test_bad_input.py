"""Commands that cannot be carried out on a message: one table for every dialect, over its socket
and over REST. Each is refused with the same code and words, nothing is stored, a message that the
user may not see is refused like one that does not exist, and the connection stays open.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import quote

import pytest
from attrs import evolve, frozen

from persistence.interface import Store
from persistence.records import Draft
from protocol.model import Message, MessageKind
from protocol.revisions import MAX_REACTION_KINDS, Delete, React
from protocol.shapes.uuids import IdKind, to_uuid
from tests.permissions.asking import WAYS, Answer, Scene, headers_of, way_of
from tests.support.clients.socketio import enter
from tests.support.quiet import until_quiet
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.stores.records import changed, make_upload, post_one
from tests.support.world import Person, open_world

KINDS: Final = [chr(0x1F600 + number) for number in range(MAX_REACTION_KINDS)]
HALF_A_FLAG: Final = "\U0001f1e9"


@frozen
class Row:
    """A command of Ann, its message, and the refusal that she gets."""

    command: str
    message: str
    value: str
    code: str
    status: int


def rows() -> list[Row]:
    """The whole table."""
    edits = [
        ("others", "x", "not_yours", 403),
        ("deleted", "x", "message_not_found", 404),
        ("old", "x", "too_late", 403),
        ("own", "", "content_empty", 400),
        ("own", " \n", "content_empty", 400),
        ("own", "x" * 4_001, "content_too_long", 400),
        ("own", "x\0", "content_invalid", 400),
        ("unseen", "x", "message_not_found", 404),
        ("missing", "x", "message_not_found", 404),
    ]
    deletions = [
        ("others", "", "not_allowed", 403),
        ("deleted", "", "message_not_found", 404),
        ("unseen", "", "message_not_found", 404),
        ("missing", "", "message_not_found", 404),
    ]
    emoji = [
        *(("others", each, "no_emoji", 400) for each in ("a", "yes", "1", "👍👍", HALF_A_FLAG)),
        ("others", "👍" * 100, "no_emoji", 400),
        ("deleted", "👍", "message_not_found", 404),
        ("unseen", "👍", "message_not_found", 404),
        ("missing", "👍", "message_not_found", 404),
    ]
    return [
        *(Row("edit", *each) for each in edits),
        *(Row("delete", *each) for each in deletions),
        *(Row("react", *each) for each in [*emoji, ("full", "👍", "too_many_reactions", 409)]),
        *(Row("unreact", *each) for each in emoji),
    ]


ROWS: Final = rows()


@pytest.fixture
async def scene(databases: Databases) -> AsyncIterator[Scene]:
    async with databases.migrated() as dsn, open_store(dsn, pool_size=2) as store:
        async with open_world(store) as earlier:
            people = await earlier.people("ann", "ben", "eve")
        ann, ben, eve = people
        messages = {
            name: await post_one(store, Draft(author.id, to.id, "secret"))
            for name, author, to in (
                ("own", ann, ben), ("others", ben, ann), ("deleted", ann, ben), ("old", ann, ben),
                ("full", ben, ann), ("unseen", ben, eve), ("blocked", ann, eve),
            )
        }  # fmt: skip
        await fill(store, messages, ann, ben)
        await store.relations.block(eve.id, ann.id)
        url = await make_upload(store, ben.user)
        named = Draft(ben.id, ann.id, "secret", None, MessageKind.IMAGE, url)
        messages["gone"] = await post_one(store, named)
        await execute(dsn, f"DELETE FROM uploads WHERE url = '{url}'")
        old = f"created_at = created_at - interval '2 days' WHERE id = {messages['old'].id}"
        await execute(dsn, f"UPDATE messages SET {old}")
        async with open_world(store, presence_grace=0.0, chat_messages=1_000) as world:
            ann, ben, eve = [evolve(each, world=world) for each in people]
            yield Scene(world, ann, ben, eve, messages)


async def fill(store: Store, messages: Mapping[str, Message], ann: Person, ben: Person) -> None:
    await changed(store, messages["deleted"].id, Delete(), by=ann.id)
    for emoji in KINDS:
        await changed(store, messages["full"].id, React(emoji), by=ben.id)


@pytest.mark.parametrize("name", WAYS)
async def test_impossible_commands_are_refused_in_the_same_words_and_change_nothing(
    scene: Scene, name: str
) -> None:
    bens = await scene.ben.open()
    way = await way_of(scene, name)
    await bens.past("user_online_status")
    before, wrong, words = await scene.state(), {}, defaultdict(set)
    answers: dict[tuple[str, str, str], Answer] = {}
    for row in ROWS:
        answer = await way.ask(scene, row.command, row.message, row.value)
        if answer.code != row.code or answer.status not in (None, row.status):
            wrong[row] = answer
        words[answer.code].add(answer.text)
        answers[row.command, row.message, row.value] = answer
        assert "secret" not in answer.text
    assert wrong == {}
    assert {code: texts for code, texts in words.items() if len(texts) > 1} == {}
    for (command, message, value), answer in answers.items():
        if message == "unseen":
            assert answer == answers[command, "missing", value]
    assert await scene.state() == before
    await bens.is_silent()
    await way.goes_on(scene)
    await bens.past("message_reaction")


UNSEEN: Final = ("message_not_found", 404)
NO_USER: Final = ("recipient_not_found", 404)
FORWARDS: Final = [
    ("unseen", "ben", UNSEEN),
    ("missing", "ben", UNSEEN),
    ("deleted", "ben", UNSEEN),
    ("gone", "ben", ("invalid_field", 400)),
    ("own", "eve", NO_USER),
    ("own", "ann", ("cannot_message_self", 400)),
]
"""The forwarded message, the recipient, and the refusal in a private conversation."""

NO_CHANNEL: Final = {
    "/ws/chat": ("not_joined", 0),
    "/socket.io/": ("not_a_member", 0),
    "/learning_platform/api/messages": ("channel_not_found", 404),
    "/channel_messages/api/messages": ("not_a_member", 403),
}
"""Where the target is a channel: the refusal for one that Ann may not see or that is missing."""


@pytest.mark.parametrize("name", WAYS)
async def test_impossible_forwards_are_refused_and_store_nothing(scene: Scene, name: str) -> None:
    people = {"ann": scene.ann, "ben": scene.ben, "eve": scene.eve}
    way = await way_of(scene, name)
    before, wrong = await log_of(scene), {}
    answers: dict[tuple[str, str], Answer] = {}
    for message, to, told in FORWARDS:
        answer = await way.forward(scene, message, people[to], "k")
        code, status = told if to == "ben" else NO_CHANNEL.get(name, told)
        if answer is None or answer.code != code or answer.status not in (None, status):
            wrong[message, to] = answer
        else:
            assert "secret" not in answer.text
            answers[message, to] = answer
    assert wrong == {}, str(wrong)
    for message in ("unseen", "deleted"):
        assert answers[message, "ben"] == answers["missing", "ben"]
    assert await log_of(scene) == before
    assert await way.forward(scene, "own", scene.ben, "k") is None
    conflict = await way.forward(scene, "others", scene.ben, "k")
    assert conflict is not None
    assert (conflict.code, conflict.status) in (("key_conflict", 409), ("key_conflict", None))
    assert [each.content for each in (await log_of(scene))[len(before) :]] == ["secret"]
    await way.read_on()


async def log_of(scene: Scene) -> list[Message]:
    """The messages of Ann with Eve and with Ben."""
    page = scene.world.store.messages.conversation_page
    return [
        message
        for peer in (scene.eve, scene.ben)
        for message in await page(scene.ann.id, peer.id, limit=50)
    ]


@pytest.mark.parametrize("name", ["/ws/chat", "REST"])
async def test_a_pin_of_an_unseen_or_missing_message_is_refused_as_not_found(
    scene: Scene, name: str
) -> None:
    """Neither in the message's channel nor in her own, which the message is not in."""
    ann = scene.ann
    answers: dict[tuple[str, str], Answer] = {}
    socket = await ann.open("/ws/chat")
    for message in ("unseen", "missing"):
        for where in ("unseen", "own"):
            channel, number = scene.channel_of(where), scene.id_of(message)
            if name == "/ws/chat":
                frame = {"type": "pin_message", "channelId": channel, "messageId": number}
                refusal = await socket.ask(frame)
                answers[message, where] = Answer(refusal["code"], refusal["message"])
            else:
                reply = await ann.ask("POST", f"/api/channels/{channel}/pin/{number}")
                answers[message, where] = Answer(reply.json["code"], reply.json["message"], 404)
                assert reply.status == 404
    assert {each.code for each in answers.values()} == {"message_not_found"}
    assert len({each.text for each in answers.values()}) == 1
    await socket.is_silent()


AHEAD: Final = 1_000_000


def resume_of(path: str, scene: Scene) -> dict[str, object]:
    """A resume with a rev that does not exist yet."""
    ann, ben = scene.ann.id, scene.ben.id
    match path:
        case "/ws":
            place = str(ben)
        case "/messagepal":
            place = f"conv_{min(ann, ben)}_{max(ann, ben)}"
        case _:
            place = str(scene.channel_of("own"))
    positions = {"after": {place: 1}, "revs": {place: AHEAD}}
    return (
        {"op": "RESUME", "d": positions} if path == "/gateway" else {"type": "resume", **positions}
    )


@pytest.mark.parametrize("path", ["/ws", "/messagepal", "/ws/chat", "/gateway", "/socket.io/"])
async def test_a_resume_with_a_rev_from_the_future_is_reset(scene: Scene, path: str) -> None:
    """The `resumed` marker has `reset`, and the connection stays open."""
    if path == "/socket.io/":
        peer = (await enter(scene.ann)).ignoring("message:offline", "message:new")
        channel = to_uuid(IdKind.CHANNEL, scene.channel_of("own"))
        await peer.emit("resume", {"after": {channel: 1}, "revs": {channel: AHEAD}})
        await until_quiet()
        socket = peer.socket
    else:
        socket = await scene.ann.connect(path)
        if path == "/gateway":
            await socket.send({"op": "IDENTIFY", "d": {"userId": scene.ann.id}})
        await socket.send(resume_of(path, scene))
    (marker,) = [each for each in await socket.everything() if "resumed" in str(each).lower()]
    assert '"reset":true' in str(marker)
    assert str(AHEAD) not in str(marker)
    await socket.is_silent()


BOMB: Final = "(a+)+" * 80
QUERIES: Final = {
    "": 400,
    "x" * 10_000: 400,
    "\0": 400,
    "has:cheese": 400,
    BOMB: 200,  # a phrase of many words; nothing of it is a pattern
    "(a+)+$": 200,
    '"': 400,
}


@pytest.mark.parametrize("base", [name for name in WAYS if name.endswith("/messages")])
async def test_malformed_searches_are_refused_and_no_query_is_a_pattern(
    scene: Scene, base: str
) -> None:
    path, headers = f"{base}/search", headers_of(scene.ann, base)
    wrong = {}
    for query, status in QUERIES.items():
        reply = await scene.world.call("GET", f"{path}?q={quote(query)}", None, headers)
        is_explained = status == 200 or reply.json["code"] == "invalid_field"
        if reply.status != status or "secret" in reply.text or not is_explained:
            wrong[query[:20]] = reply.text
    assert wrong == {}
    for cursor in ("x", "1", "%00", "9" * 400, quote("❤")):
        reply = await scene.world.call("GET", f"{path}?q=secret&cursor={cursor}", None, headers)
        assert (reply.status, reply.json["code"]) == (400, "invalid_field"), cursor
