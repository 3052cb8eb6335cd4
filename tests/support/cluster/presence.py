"""Two users at nodes, of whom one sees whether the other is online."""

from collections.abc import Mapping
from typing import Final

from tests.support.clients.websocket import WebSocket
from tests.support.cluster.worlds import OneNode
from tests.support.world import Person, World

ONLINE: Final = "user_online_status"


async def related(world: World) -> tuple[Person, Person]:
    """Two users who may see each other's presence."""
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.request_follow(ann.id, ben.id)
    return ann, ben


def status(person: Person, *, is_online: bool) -> Mapping[str, object]:
    """The event that is sent to users who may see this user's presence."""
    return {"type": ONLINE, "user_id": person.id, "is_online": is_online}


async def shown(person: Person, *watching: WebSocket) -> WebSocket:
    """A connection of a user that ignores presence; each `watching` connection gets the event that
    the user is online.
    """
    theirs = (await person.open()).ignoring(ONLINE)
    for each in watching:
        assert await each.receive() == status(person, is_online=True)
    return theirs


async def watched(watcher: OneNode, at: OneNode) -> tuple[Person, Person, WebSocket, WebSocket]:
    """Ann at one node; Ben at another, who gets the event that she is online; their connections."""
    ann, ben = await related(at.world)
    bens = await watcher.at(ben).open()
    return ann, ben, await shown(ann, bens), bens
