"""Each command that may be refused, on a socket of each dialect, as each kind of signed-in user;
callers that are not signed in get no socket.
"""

import re
from collections.abc import AsyncIterator
from typing import Final

import pytest

from persistence.policy import Action, Place, grants
from protocol.shapes.uuids import IdKind, to_uuid
from tests.permissions.scene import SIGNED_OUT, STANDINGS, Kind, Scene, open_scene
from tests.support.clients.socketio import connect, enter
from tests.support.clients.websocket import Refused, WebSocket
from tests.support.stores.databases import Databases, open_store
from tests.support.stores.records import NOBODY
from tests.support.world import World, open_world

SIGNED_IN: Final = [kind for kind in Kind if kind not in SIGNED_OUT]
PLACES: Final = {
    "general": (Place.CHANNEL, "message"),
    "news": (Place.ANNOUNCEMENTS, "announced"),
    "secret_channel": (Place.CONVERSATION, "secret"),
}
"""By channel: its kind, and a message in it. The last is a conversation of two others."""


CHANGES: Final = [
    ("edit", {"content": "x"}, Action.EDIT, "not_yours"),
    ("react", {"emoji": "👍"}, Action.REACT, "not_allowed"),
    ("unreact", {"emoji": "👍"}, Action.REACT, "not_allowed"),
    ("delete", {}, Action.DELETE_OTHERS, "not_allowed"),
]
"""Changes of a message, and the code that refuses each; the deletion comes last. The owner wrote
the message in `news`.
"""
FRAMES: Final = {
    "edit": "edit_message", "delete": "delete_message", "react": "react",
    "unreact": "remove_reaction",
}  # fmt: skip
EVENTS: Final = {
    "edit": "message:update", "delete": "message:delete", "react": "message:react",
    "unreact": "message:unreact",
}  # fmt: skip


@pytest.fixture
async def scene(databases: Databases) -> AsyncIterator[Scene]:
    async with (
        databases.migrated() as dsn,
        open_store(dsn, pool_size=2) as store,
        open_world(store, presence_grace=0.0, chat_messages=1_000) as world,
    ):
        yield await open_scene(world, dsn)


def world_of(scene: Scene) -> World:
    return scene.people[Kind.OWNER].world


async def codes(socket: WebSocket) -> list[str]:
    """The codes of the errors that have arrived."""
    received = " ".join(map(str, await socket.everything()))
    return re.findall(r'"code":"(\w+)"', received)


def expected(kind: Kind, name: str, action: Action, refused: str, unseen: str) -> list[str]:
    """The code of the refusal if the policy does not allow the action, else none."""
    standing = None if name == "secret_channel" else STANDINGS.get(kind)
    if grants(PLACES[name][0], action, standing):
        return []
    return [unseen if standing is None else refused]


def expected_change(kind: Kind, name: str, action: Action, refused: str) -> list[str]:
    """The same for a change of the message there; only its author may edit it."""
    is_author = kind is Kind.OWNER and name == "news"
    if action is Action.EDIT and not is_author:
        return expected(kind, name, Action.SEE, "", "message_not_found") or [refused]
    return expected(kind, name, action, refused, "message_not_found")


@pytest.mark.parametrize("kind", SIGNED_IN)
async def test_the_channels_of_ws_chat(scene: Scene, kind: Kind) -> None:
    socket = await scene.people[kind].open("/ws/chat")
    for name, (_, message) in PLACES.items():
        number = scene.ids[name]
        await socket.send({"type": "join_channel", "channelId": number})
        joined = expected(kind, name, Action.SEE, "", "channel_not_found")
        assert await codes(socket) == joined
        await socket.send({"type": "send_message", "channelId": number, "content": "hi"})
        sent = expected(kind, name, Action.WRITE, "read_only", "not_joined")
        assert await codes(socket) == sent
        place = {"channelId": number, "messageId": scene.ids[message]}
        await socket.send({"type": "forward_message", **place})
        assert await codes(socket) == sent
        pin = {"type": "pin_message", "channelId": number, "messageId": scene.ids[message]}
        await socket.send(pin)
        pinned = expected(kind, name, Action.PIN, "staff_only", "message_not_found")
        assert await codes(socket) == pinned
        for what, more, action, refused in CHANGES:
            await socket.send({"type": FRAMES[what], **place, **more})
            changed = expected_change(kind, name, action, refused)
            assert await codes(socket) == changed, what
        await socket.send({"type": "resume", "after": {str(number): 0}})
        resumed = expected(kind, name, Action.SEE, "", "channel_not_found")
        assert await codes(socket) == resumed


@pytest.mark.parametrize("kind", SIGNED_IN)
async def test_the_channels_of_socketio(scene: Scene, kind: Kind) -> None:
    peer = await enter(scene.people[kind])
    for name in PLACES:
        channel = scene.ids[f"{name}_uuid"]
        seen = expected(kind, name, Action.SEE, "", "not_a_member")
        written = expected(kind, name, Action.WRITE, "read_only", "not_a_member")
        for event, wanted in (("room:join", seen), ("message:send", written)):
            payload = channel if event == "room:join" else {"channelId": channel, "content": "hi"}
            await peer.emit(event, payload)
            assert await codes(peer.socket) == wanted, event
        message = to_uuid(IdKind.MESSAGE, int(str(scene.ids[PLACES[name][1]])))
        await peer.emit("message:forward", {"channelId": channel, "messageId": message})
        assert await codes(peer.socket) == written
        for what, more, action, refused in CHANGES:
            changed = expected_change(kind, name, action, refused)
            answer = await peer.ask(EVENTS[what], {"messageId": message, **more})
            assert ([] if answer["success"] else [answer["code"]]) == changed, what
            await codes(peer.socket)


@pytest.mark.parametrize("kind", SIGNED_IN)
@pytest.mark.parametrize(
    ("path", "name"), [("/ws", "private_message"), ("/messagepal", "send_message")]
)
async def test_private_messages(scene: Scene, kind: Kind, path: str, name: str) -> None:
    socket = await scene.people[kind].open(path)
    for to in ("paul", "spare"):
        number = scene.ids[to]
        frame = {"type": name, "content": "hi", "recipient_id": number, "recipientId": number}
        await socket.send(frame)
        is_blocked = kind is Kind.BLOCKED and to == "paul"
        assert await codes(socket) == (["recipient_not_found"] if is_blocked else [])


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/ws", (
            "private_message", "forward_message", "typing_indicator", "mark_delivered", "resume",
        )),
        ("/messagepal", (
            "send_message", "forward_message", "typing", "fetch_history", "mark_read", "subscribe",
        )),
    ],
)  # fmt: skip
async def test_a_blocked_user_gets_the_same_frames_as_for_a_missing_user(
    scene: Scene, path: str, kinds: tuple[str, ...]
) -> None:
    caller = scene.people[Kind.BLOCKED]

    async def answers(peer: object) -> dict[str, list[str]]:
        """By command: a later command may get its frames before an earlier one."""
        socket, answered = await caller.open(path), {}
        for kind in kinds:
            low, high = sorted((caller.id, int(str(peer))))
            frame = {
                "type": kind, "content": "hi", "recipient_id": peer, "recipientId": peer,
                "conversationId": f"conv_{low}_{high}", "is_typing": True, "after": {str(peer): 0},
                "message_id": scene.ids["secret"], "messageId": str(scene.ids["secret"]),
            }  # fmt: skip
            await socket.send(frame)
            # the number, not the same digits in an epoch
            number = rf"(?<![0-9a-z]){peer}(?![0-9a-z])"
            received = [re.sub(number, "PEER", str(each)) for each in await socket.everything()]
            answered[kind] = [re.sub(r"\d{4}-[^\"]+Z", "NOW", each) for each in received]
        return answered

    assert await answers(scene.ids["paul"]) == await answers(NOBODY)


@pytest.mark.parametrize("kind", SIGNED_OUT)
@pytest.mark.parametrize("path", ["/ws", "/ws/chat", "/messagepal", "/gateway"])
async def test_a_peer_that_is_not_signed_in_gets_no_socket(
    scene: Scene, kind: Kind, path: str
) -> None:
    headers = scene.headers(kind, bearer=False)
    try:
        socket = await world_of(scene).websocket(path, Cookie=headers.get("Cookie", "x=y"))
        _, end = await socket.until_closed()
        refusal = end.code
    except Refused as refused:
        refusal = refused.status
    assert refusal in (401, 4001)


@pytest.mark.parametrize("kind", SIGNED_OUT)
async def test_a_peer_that_is_not_signed_in_joins_no_namespace(scene: Scene, kind: Kind) -> None:
    bearer = scene.headers(kind, bearer=True).get("Authorization", "")
    peer = await connect(world_of(scene), {"token": bearer.removeprefix("Bearer ")})
    assert (await peer.packet()).startswith("4{")
    await peer.socket.drop()


async def test_a_send_to_an_unseen_channel_is_refused_like_one_to_a_missing_channel(
    scene: Scene,
) -> None:
    peer = (await enter(scene.people[Kind.OUTSIDER])).ignoring("message:offline")

    async def answers(channel: object) -> list[object]:
        await peer.emit("message:send", {"channelId": channel, "content": "hi"})
        return list(await peer.socket.everything())

    none = await answers(to_uuid(IdKind.CHANNEL, 987_654))
    assert none
    assert await answers(scene.ids["general_uuid"]) == none
    assert await answers(scene.ids["secret_channel_uuid"]) == none
