"""Commands of Ann in each dialect, over its socket and over REST, and their refusals."""

import json
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import quote

from attrs import frozen

from protocol.model import Message
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import Peer, enter, token_of
from tests.support.clients.websocket import WebSocket
from tests.support.world import Person, World

MISSING: Final = 987_654
NOTHING: Final[Mapping[str, str]] = {}


@frozen
class Scene:
    """Ann, Ben, and the messages of the table by name. Ann may not see the message `unseen`.
    Eve has blocked her. The file of the message `gone` does not exist.
    """

    world: World
    ann: Person
    ben: Person
    eve: Person
    messages: Mapping[str, Message]

    def id_of(self, name: str) -> int:
        return MISSING if name == "missing" else self.messages[name].id

    def channel_of(self, name: str) -> int:
        return self.messages["own" if name == "missing" else name].channel_id

    def to(self, person: Person) -> int:
        """The id of Ann's conversation with a user; for Ann herself, an id that does not exist."""
        names = {self.ben.id: "own", self.eve.id: "blocked"}
        return self.channel_of(names[person.id]) if person.id in names else MISSING

    async def state(self) -> list[Message | None]:
        """All messages of the scene, as the store has them."""
        get = self.world.store.messages.get
        return [await get(each.id, even_deleted=True) for each in self.messages.values()]


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
    """A transport and dialect by which Ann gives commands."""

    async def ask(self, scene: Scene, command: str, message: str, value: str) -> Answer:
        """Give a command; returns its refusal."""

    async def forward(self, scene: Scene, message: str, to: Person, key: str) -> Answer | None:
        """Forward a message; returns the refusal, or None if it was done."""

    async def goes_on(self, scene: Scene) -> None:
        """Check that her connection still works: she reacts."""

    async def read_on(self) -> None:
        """Read and discard everything else that has arrived."""


@frozen
class OverSocket:
    """Frames of a WebSocket."""

    socket: WebSocket
    path: str

    async def ask(self, scene: Scene, command: str, message: str, value: str) -> Answer:
        refusal = await self.socket.ask(self._frame(scene, command, message, value))
        assert refusal["type"] == "error", refusal
        return Answer(refusal["code"], refusal["message"])

    async def forward(self, scene: Scene, message: str, to: Person, key: str) -> Answer | None:
        frame: dict[str, object] = {"type": "forward_message"}
        match self.path:
            case "/ws":
                frame |= {"message_id": scene.id_of(message), "recipient_id": to.id}
                frame["client_id"] = key
            case "/messagepal":
                frame |= {"messageId": str(scene.id_of(message)), "recipientId": to.id}
                frame["clientMessageId"] = key
            case _:
                frame |= {"messageId": scene.id_of(message), "channelId": scene.to(to)}
                frame["clientMessageId"] = key
        await self.socket.send(frame)
        received = [json.loads(str(each)) for each in await self.socket.everything()]
        errors = [each for each in received if each["type"] == "error"]
        return Answer(errors[0]["code"], errors[0]["message"]) if errors else None

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

    async def read_on(self) -> None:
        await self.socket.everything()


@frozen
class OverSocketIo:
    """Events of Socket.IO."""

    peer: Peer

    async def ask(self, scene: Scene, command: str, message: str, value: str) -> Answer:
        answer = await self.peer.ask(*_event(scene, command, message, value))
        assert answer["success"] is False, answer
        return Answer(answer["code"], answer["error"])

    async def forward(self, scene: Scene, message: str, to: Person, key: str) -> Answer | None:
        number, channel = scene.id_of(message), to_uuid(IdKind.CHANNEL, scene.to(to))
        named = {"messageId": to_uuid(IdKind.MESSAGE, number), "channelId": channel}
        answer = await self.peer.ask("message:forward", {**named, "tempId": key})
        return None if answer["success"] else Answer(answer["code"], answer["error"])

    async def goes_on(self, scene: Scene) -> None:
        answer = await self.peer.ask(*_event(scene, "react", "own", "👍"))
        assert answer["success"] is True, answer

    async def read_on(self) -> None:
        await self.peer.socket.everything()


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
        path = self._path(scene, message)
        match command:
            case "edit":
                reply = await self._call("PATCH", path, {"content": value})
            case "delete":
                reply = await self._call("DELETE", path)
            case _:
                method = "PUT" if command == "react" else "DELETE"
                reply = await self._call(method, f"{path}/reactions/{quote(value, safe='')}")
        assert reply is not None
        return reply

    async def forward(self, scene: Scene, message: str, to: Person, key: str) -> Answer | None:
        match self.base:
            case "/private_messages/api/messages":
                body: object = {"recipient_id": to.id}
            case "/api/messagepal/messages":
                body = {"recipientId": to.id}
            case "/learning_platform/api/messages":
                body = {"channelId": scene.to(to)}
            case _:
                body = {"channelId": to_uuid(IdKind.CHANNEL, scene.to(to))}
        path = f"{self._path(scene, message)}/forward"
        return await self._call("POST", path, body, {"Idempotency-Key": key})

    def _path(self, scene: Scene, message: str) -> str:
        number = scene.id_of(message)
        is_uuid = self.base.startswith("/channel_messages")
        return f"{self.base}/{to_uuid(IdKind.MESSAGE, number) if is_uuid else number}"

    async def _call(
        self, method: str, path: str, body: object = None, more: Mapping[str, str] = NOTHING
    ) -> Answer | None:
        reply = await self.world.call(method, path, body, {**self.headers, **more})
        if reply.status == 201:
            return None
        text = reply.json.get("error") or reply.json.get("message")
        return Answer(reply.json["code"], str(text), reply.status)

    async def goes_on(self, scene: Scene) -> None:
        """Nothing to check: each call has a connection of its own."""

    async def read_on(self) -> None:
        """Nothing to read, for the same reason."""


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
    """The headers that sign a user in at a path of one dialect."""
    if base.startswith("/channel_messages"):
        return {"Authorization": f"Bearer {token_of(person)}"}
    return {"Cookie": f"{person.cookie}; {person.platform_cookie}"}
