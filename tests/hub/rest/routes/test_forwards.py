"""Messages are forwarded over REST and sockets, in the spelling of each dialect; a user who may not
see an original cannot find out that it exists.
"""

from typing import Any

import pytest

from protocol.model import Message
from protocol.revisions import Delete, Edit
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.clients.socketio import enter, token_of
from tests.support.posting import write
from tests.support.stores.records import changed
from tests.support.world import Person, World

PRIVATE = "/private_messages/api/messages"
MESSENGER = "/api/messagepal/messages"
LEARNING = "/learning_platform/api/messages"
CHANNELS = "/channel_messages/api/messages"
EACH = pytest.mark.parametrize("base", [PRIVATE, MESSENGER, LEARNING, CHANNELS])


def id_of(base: str, kind: IdKind, number: int) -> int | str:
    return to_uuid(kind, number) if base == CHANNELS else number


async def call(
    base: str, person: Person, method: str, message: int, last: str,
    body: object = None, *, key: str | None = None,
) -> Reply:  # fmt: skip
    headers = {"Cookie": f"{person.cookie}; {person.platform_cookie}"}
    if base == CHANNELS:
        headers["Authorization"] = f"Bearer {token_of(person)}"
    if key is not None:
        headers["Idempotency-Key"] = key
    path = f"{base}/{id_of(base, IdKind.MESSAGE, message)}/{last}"
    return await person.world.call(method, path, body, headers)


async def forward(
    base: str, person: Person, peer: Person, message: int, key: str | None = None
) -> Reply:
    store = person.world.store
    body: dict[str, Any]
    match base:
        case "/private_messages/api/messages":
            body = {"recipient_id": peer.id}
        case "/api/messagepal/messages":
            body = {"recipientId": peer.id}
        case _:
            dm = await store.channels.dm(person.id, peer.id)
            body = {"channelId": id_of(base, IdKind.CHANNEL, dm.id)}
    return await call(base, person, "POST", message, "forward", body, key=key)


async def of_three(world: World) -> tuple[Person, Person, Person, Message]:
    ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
    (posted,) = await write(world, ann.user, ben.user, "hay")
    return ann, ben, eve, posted


async def log(world: World, one: Person, other: Person) -> list[Message]:
    messages = world.store.messages
    return list(await messages.conversation_page(one.id, other.id, limit=9))


@EACH
async def test_a_copy_is_marked_and_its_original_is_shown_only_to_users_who_may_see_it(
    world: World, base: str
) -> None:
    ann, ben, eve, posted = await of_three(world)
    reply = await forward(base, ben, eve, posted.id, "k")
    assert reply.status == 201, reply.text
    assert reply.json["content"] == "hay"
    mark = "is_forwarded" if base == PRIVATE else "isForwarded"
    assert reply.json[mark] is True
    again = await forward(base, ben, eve, posted.id, "k")
    assert (again.status, again.json["id"]) == (201, reply.json["id"])
    (copy,) = await log(world, ben, eve)
    assert (copy.author_id, copy.content, copy.is_forwarded) == (ben.id, "hay", True)
    await changed(world.store, posted.id, Edit("straw"), by=ann.id)
    shown = await call(base, ben, "GET", copy.id, "original")
    assert (shown.status, shown.json["content"]) == (200, "straw")
    assert str(shown.json["id"]) == str(id_of(base, IdKind.MESSAGE, posted.id))
    nothing = await call(base, eve, "GET", 987_654_321, "original")
    assert (nothing.status, nothing.json["code"]) == (404, "message_not_found")
    for person, message in ((eve, copy), (ann, copy), (ben, posted), (eve, posted)):
        refused = await call(base, person, "GET", message.id, "original")
        assert (refused.status, refused.text) == (404, nothing.text)
    await changed(world.store, posted.id, Delete(), by=ann.id)
    gone = await call(base, ben, "GET", copy.id, "original")
    assert (gone.status, gone.text) == (404, nothing.text)


@EACH
async def test_a_refused_forward_stores_nothing(world: World, base: str) -> None:
    ann, ben, eve, posted = await of_three(world)
    (other,) = await write(world, ann.user, ben.user, "hay")
    nothing = await forward(base, eve, ben, 987_654_321)
    assert (nothing.status, nothing.json["code"]) == (404, "message_not_found")
    hidden = await forward(base, eve, ben, posted.id)
    assert (hidden.status, hidden.text) == (404, nothing.text)
    assert (await forward(base, ben, eve, posted.id, "k")).status == 201
    conflict = await forward(base, ben, eve, other.id, "k")
    assert (conflict.status, conflict.json["code"]) == (409, "key_conflict")
    await world.store.relations.block(eve.id, ann.id)
    blocked = await forward(base, ann, eve, posted.id)
    assert blocked.status in (403, 404)
    malformed = await call(base, ben, "POST", posted.id, "forward", {})
    assert (malformed.status, malformed.json["code"]) == (400, "invalid_field")
    await changed(world.store, posted.id, Delete(), by=ann.id)
    deleted = await forward(base, ben, ann, posted.id)
    assert (deleted.status, deleted.text) == (404, nothing.text)
    assert [each.content for each in await log(world, ben, eve)] == ["hay"]
    assert len(await log(world, ann, ben)) == 1


@pytest.mark.parametrize("path", ["/ws", "/messagepal", "/ws/chat"])
async def test_a_message_is_forwarded_over_a_socket(world: World, path: str) -> None:
    _, ben, eve, posted = await of_three(world)
    socket = await ben.open(path)
    frame: dict[str, object] = {"type": "forward_message"}
    match path:
        case "/ws":
            frame |= {"message_id": posted.id, "recipient_id": eve.id, "client_id": "k"}
            kind, part, mark = "private_message", "message", "is_forwarded"
        case "/messagepal":
            frame |= {"messageId": str(posted.id), "recipientId": eve.id, "clientMessageId": "k"}
            kind, part, mark = "message_received", "payload", "isForwarded"
        case _:
            dm = await world.store.channels.dm(ben.id, eve.id)
            await socket.send({"type": "join_channel", "channelId": dm.id})
            await socket.receive_type("joined_channel")
            frame |= {"messageId": posted.id, "channelId": dm.id, "clientMessageId": "k"}
            kind, part, mark = "new_message", "message", "isForwarded"
    await socket.send(frame)
    received = await socket.receive_type(kind)
    assert (received[part]["content"], received[part][mark]) == ("hay", True)
    (copy,) = await log(world, ben, eve)
    assert (copy.content, copy.key, copy.is_forwarded) == ("hay", "k", True)


async def test_a_message_is_forwarded_over_socketio(world: World) -> None:
    _, ben, eve, posted = await of_three(world)
    dm = await world.store.channels.dm(ben.id, eve.id)
    bens = (await enter(ben)).ignoring("message:offline", "message:sent")
    eves = (await enter(eve)).ignoring("message:error")
    for peer in (bens, eves):
        assert (await peer.ask("room:join", to_uuid(IdKind.CHANNEL, dm.id)))["success"] is True
    payload = {
        "messageId": to_uuid(IdKind.MESSAGE, posted.id),
        "channelId": to_uuid(IdKind.CHANNEL, dm.id),
        "tempId": "k",
    }
    answer = await bens.ask("message:forward", payload)
    assert (answer["success"], answer["tempId"]) == (True, "k")
    assert (answer["data"]["content"], answer["data"]["isForwarded"]) == ("hay", True)
    assert await eves.event() == ("message:new", answer["data"])
    hidden = await eves.ask("message:forward", payload | {"tempId": "k2"})
    missing = {**payload, "messageId": to_uuid(IdKind.MESSAGE, 987_654), "tempId": "k2"}
    assert (hidden["success"], hidden["code"]) == (False, "message_not_found")
    assert await eves.ask("message:forward", missing) == hidden
    (copy,) = await log(world, ben, eve)
    assert (copy.author_id, copy.content, copy.is_forwarded) == (ben.id, "hay", True)
