"""Requests of Socket.IO's clients, with a token that the hub gave out."""

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.world import Person


async def ask(person: Person, method: str, path: str, body: object = None, **more: str) -> Reply:
    """One request with a token that the hub gave out."""
    token = (await person.call("POST", "/api/auth/token")).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    return await person.world.call(method, path, body, headers)


def channel_id(number: int) -> str:
    return to_uuid(IdKind.CHANNEL, number)
