"""Messages: stored and delivered without a connection of their author, over REST, as frames."""

from collections.abc import Sequence

from persistence.records import Draft
from protocol.model import Channel, Message, Posted, User
from tests.support.world import Person, World


async def write(world: World, author: User, to: User, *texts: str) -> Sequence[Message]:
    """Store private messages and deliver them, as REST does."""
    return [await _send(world, author, Draft(author.id, to.id, text)) for text in texts]


async def post(world: World, author: User, channel: Channel, *texts: str) -> Sequence[Message]:
    """Store messages of a channel and deliver them."""
    drafts = [Draft(author.id, None, text, channel_id=channel.id) for text in texts]
    return [await _send(world, author, draft) for draft in drafts]


async def _send(world: World, author: User, draft: Draft) -> Message:
    posted = await world.services.messaging.send(author, draft)
    assert isinstance(posted, Posted)
    return posted.message


def private_message(to: Person, content: str = "hi", **more: object) -> dict[str, object]:
    """The frame of `/ws` that sends one."""
    return {"type": "private_message", "recipient_id": to.id, "content": content, **more}


async def say(author: Person, to: Person, content: str, **headers: str) -> dict[str, object]:
    """Send a private message over REST; returns the response's body."""
    reply = await author.call("POST", f"/api/messages/{to.id}", {"content": content}, headers)
    assert reply.status == 201, reply.text
    answer: dict[str, object] = reply.json
    return answer
