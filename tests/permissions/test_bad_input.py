"""What is asked for and cannot be done to a message: one table for every dialect, over its socket
and over REST. It is refused with the same code and words each time, nothing is stored, what may not
be seen is answered like what is not there, and the connection goes on.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol
from urllib.parse import quote

import pytest
from attrs import frozen

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.records import Draft
from protocol.model import Message
from protocol.revisions import MAX_REACTION_KINDS, Delete, React
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import Peer, enter, token_of
from tests.support.clients.websocket import WebSocket
from tests.support.quiet import counted, until_quiet
from tests.support.stores.databases import Databases, execute
from tests.support.stores.records import changed, post_one
from tests.support.world import Person, World, open_world

MISSING: Final = 987_654
KINDS: Final = [chr(0x1F600 + number) for number in range(MAX_REACTION_KINDS)]
HALF_A_FLAG: Final = "\U0001f1e9"


@frozen
class Row:
    """What Ann asks for, of which message, and what she is answered."""

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
EMPTY: Final = {
    ("/messagepal", ""): "invalid_field",
    ("/ws/chat", ""): "invalid_field",
    ("/ws/chat", " \n"): "invalid_field",
}
"""Where no text counts as a field that is missing."""


@frozen
class Scene:
    """Ann, Ben, and the messages of the table by name; Ann may not see the one that is `unseen`."""

    world: World
    ann: Person
    ben: Person
    messages: Mapping[str, Message]

    def id_of(self, name: str) -> int:
        return MISSING if name == "missing" else self.messages[name].id

    def channel_of(self, name: str) -> int:
        return self.messages["own" if name == "missing" else name].channel_id

    async def state(self) -> list[Message | None]:
        """What the store has of all of them."""
        get = self.world.store.messages.get
        return [await get(each.id, even_deleted=True) for each in self.messages.values()]


@pytest.fixture
async def scene(databases: Databases) -> AsyncIterator[Scene]:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
        open_world(counted(store), presence_grace=0.0) as world,
    ):
        ann, ben, eve = await world.people("ann", "ben", "eve")
        messages = {
            name: await post_one(store, Draft(author.id, to.id, "secret"))
            for name, author, to in (
                ("own", ann, ben), ("others", ben, ann), ("deleted", ann, ben), ("old", ann, ben),
                ("full", ben, ann), ("unseen", ben, eve),
            )
        }  # fmt: skip
        await fill(store, messages, ann, ben)
        old = f"created_at = created_at - interval '2 days' WHERE id = {messages['old'].id}"
        await execute(dsn, f"UPDATE messages SET {old}")
        yield Scene(world, ann, ben, messages)


async def fill(store: Store, messages: Mapping[str, Message], ann: Person, ben: Person) -> None:
    await changed(store, messages["deleted"].id, Delete(), by=ann.id)
    for emoji in KINDS:
        await changed(store, messages["full"].id, React(emoji), by=ben.id)


@frozen
class Answer:
    """A refusal. `status`: over REST."""

    code: str
    text: str
    status: int | None = None


FRAMES: Final = {
    "edit": "edit_message", "delete": "delete_message", "react": "react",
    "unreact": "remove_reaction",
}  # fmt: skip
EVENTS: Final = {
    "edit": "message:update", "delete": "message:delete", "react": "message:react",
    "unreact": "message:unreact",
}  # fmt: skip


class Way(Protocol):
    """How Ann asks."""

    async def ask(self, scene: Scene, command: str, message: str, value: str) -> Answer:
        """What she is answered."""

    async def goes_on(self, scene: Scene) -> None:
        """That her connection is as before: she reacts."""


@frozen
class OverSocket:
    """Frames of a WebSocket."""

    socket: WebSocket
    path: str

    async def ask(self, scene: Scene, command: str, message: str, value: str) -> Answer:
        refusal = await self.socket.ask(self._frame(scene, command, message, value))
        assert refusal["type"] == "error", refusal
        return Answer(refusal["code"], refusal["message"])

    def _frame(self, scene: Scene, command: str, message: str, value: str) -> object:
        number = scene.id_of(message)
        frame: dict[str, object] = {"type": FRAMES[command]}
        match self.path:
            case "/ws":
                frame["message_id"] = number
            case "/messagepal":
                frame["messageId"] = str(number)
            case _:
                frame |= {"messageId": number, "channelId": scene.channel_of(message)}
        if command != "delete":
            frame["content" if command == "edit" else "emoji"] = value
        return frame

    async def goes_on(self, scene: Scene) -> None:
        await self.socket.send(self._frame(scene, "react", "own", "👍"))
        await self.socket.receive_type("message_reaction")
        await self.socket.is_silent()


@frozen
class OverSocketIo:
    """Events of Socket.IO."""

    peer: Peer

    async def ask(self, scene: Scene, command: str, message: str, value: str) -> Answer:
        answer = await self.peer.ask(*_event(scene, command, message, value))
        assert answer["success"] is False, answer
        return Answer(answer["code"], answer["error"])

    async def goes_on(self, scene: Scene) -> None:
        answer = await self.peer.ask(*_event(scene, "react", "own", "👍"))
        assert answer["success"] is True, answer


def _event(scene: Scene, command: str, message: str, value: str) -> tuple[str, object]:
    payload = {"messageId": to_uuid(IdKind.MESSAGE, scene.id_of(message))}
    if command != "delete":
        payload["content" if command == "edit" else "emoji"] = value
    return EVENTS[command], payload


@frozen
class OverRest:
    """Calls of one dialect."""

    world: World
    base: str
    headers: Mapping[str, str]

    async def ask(self, scene: Scene, command: str, message: str, value: str) -> Answer:
        number = scene.id_of(message)
        is_uuid = self.base.startswith("/channel_messages")
        path = f"{self.base}/{to_uuid(IdKind.MESSAGE, number) if is_uuid else number}"
        match command:
            case "edit":
                reply = await self._call("PATCH", path, {"content": value})
            case "delete":
                reply = await self._call("DELETE", path)
            case _:
                method = "PUT" if command == "react" else "DELETE"
                reply = await self._call(method, f"{path}/reactions/{quote(value, safe='')}")
        return reply

    async def _call(self, method: str, path: str, body: object = None) -> Answer:
        reply = await self.world.call(method, path, body, self.headers)
        text = reply.json.get("error") or reply.json.get("message")
        return Answer(reply.json["code"], str(text), reply.status)

    async def goes_on(self, scene: Scene) -> None:
        """Each call has a connection of its own."""


WAYS: Final = (
    "/ws", "/messagepal", "/ws/chat", "/socket.io/", "/private_messages/api/messages",
    "/api/messagepal/messages", "/learning_platform/api/messages", "/channel_messages/api/messages",
)  # fmt: skip


async def way_of(scene: Scene, name: str) -> Way:
    ann = scene.ann
    match name:
        case "/ws" | "/messagepal" | "/ws/chat":
            socket = await ann.open(name)
            if name == "/ws/chat":
                await socket.send({"type": "join_channel", "channelId": scene.channel_of("own")})
                await socket.receive_type("joined_channel")
            return OverSocket(socket, name)
        case "/socket.io/":
            return OverSocketIo((await enter(ann)).ignoring("message:offline", "message:error"))
        case _:
            return OverRest(scene.world, name, headers_of(ann, name))


def headers_of(person: Person, base: str) -> Mapping[str, str]:
    """What lets somebody in at a path of one dialect."""
    if base.startswith("/channel_messages"):
        return {"Authorization": f"Bearer {token_of(person)}"}
    return {"Cookie": f"{person.cookie}; {person.platform_cookie}"}


@pytest.mark.parametrize("name", WAYS)
async def test_what_cannot_be_done_is_refused_in_the_same_words_and_changes_nothing(
    scene: Scene, name: str
) -> None:
    bens = await scene.ben.open()
    way = await way_of(scene, name)
    await bens.past("user_online_status")
    before, wrong, words = await scene.state(), {}, defaultdict(set)
    answers: dict[tuple[str, str, str], Answer] = {}
    for row in ROWS:
        answer = await way.ask(scene, row.command, row.message, row.value)
        code = EMPTY.get((name, row.value), row.code) if row.command == "edit" else row.code
        if answer.code != code or answer.status not in (None, row.status):
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


@pytest.mark.parametrize("name", ["/ws/chat", "REST"])
async def test_nobody_pins_where_they_see_nothing(scene: Scene, name: str) -> None:
    """Nor what is not there; a message of another channel is none of this one."""
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
    """A resume with a rev that nobody has made yet."""
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
async def test_a_rev_from_the_future_is_a_position_of_another_log(scene: Scene, path: str) -> None:
    """The marker says so, and the connection goes on."""
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
async def test_what_is_no_search_is_refused_and_nothing_in_one_is_a_pattern(
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
