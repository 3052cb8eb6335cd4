"""Two people at nodes, of whom one sees whether the other is online."""

from collections.abc import Mapping
from typing import Final

from tests.support.clients.websocket import WebSocket
from tests.support.cluster.worlds import OneNode
from tests.support.world import Person, World

ONLINE: Final = "user_online_status"


async def related(world: World) -> tuple[Person, Person]:
    """Two who may know that each other is online."""
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.request_follow(ann.id, ben.id)
    return ann, ben


def status(person: Person, *, is_online: bool) -> Mapping[str, object]:
    """What is sent to whoever may know of it."""
    return {"type": ONLINE, "user_id": person.id, "is_online": is_online}


async def shown(person: Person, *watching: WebSocket) -> WebSocket:
    """A connection of somebody that looks at no presence; those that watch are sent that they are
    online.
    """
    theirs = (await person.open()).ignoring(ONLINE)
    for each in watching:
        assert await each.receive() == status(person, is_online=True)
    return theirs


async def watched(watcher: OneNode, at: OneNode) -> tuple[Person, Person, WebSocket, WebSocket]:
    """Ann at a node, Ben at another one, who is sent that she is online; their connections."""
    ann, ben = await related(at.world)
    bens = await watcher.at(ben).open()
    return ann, ben, await shown(ann, bens), bens
