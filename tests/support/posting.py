"""Messages: stored and delivered without a connection of their author's, over REST, as frames."""

from persistence.records import Draft
from protocol.model import Channel, Posted, User
from tests.support.world import Person, World


async def write(world: World, author: User, to: User, *texts: str) -> None:
    """Store private messages and deliver them, as REST does."""
    for text in texts:
        draft = Draft(author.id, to.id, text)
        assert isinstance(await world.services.messaging.send(author, draft), Posted)


async def post(world: World, author: User, channel: Channel, *texts: str) -> None:
    """Store messages of a channel and deliver them."""
    for text in texts:
        draft = Draft(author.id, None, text, channel_id=channel.id)
        assert isinstance(await world.services.messaging.send(author, draft), Posted)


def private_message(to: Person, content: str = "hi", **more: object) -> dict[str, object]:
    """The frame of `/ws` that sends one."""
    return {"type": "private_message", "recipient_id": to.id, "content": content, **more}


async def say(author: Person, to: Person, content: str, **headers: str) -> dict[str, object]:
    """Send a private message over REST; returns what it is answered with."""
    reply = await author.call("POST", f"/api/messages/{to.id}", {"content": content}, headers)
    assert reply.status == 201, reply.text
    answer: dict[str, object] = reply.json
    return answer
