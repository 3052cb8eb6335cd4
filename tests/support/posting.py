"""Messages that are sent without a connection of their author's."""

from persistence.records import Draft
from protocol.model import Channel, Posted, User
from tests.support.world import World


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
