"""A workspace with people in it, for tests of the learning platform."""

from attrs import frozen

from persistence.records import NewChannel
from protocol.model import Channel, Role, Workspace
from tests.support.clients.websocket import WebSocket
from tests.support.quiet import until_quiet
from tests.support.stores.records import granted
from tests.support.world import Person, World


@frozen
class School:
    """Tea, a teacher, owns the workspace; ann and ben are members; eve is not."""

    world: World
    tea: Person
    ann: Person
    ben: Person
    eve: Person
    workspace: Workspace
    general: Channel
    dm: Channel

    def people(self) -> dict[str, Person]:
        return {"tea": self.tea, "ann": self.ann, "ben": self.ben, "eve": self.eve}

    async def join(self, person: Person, channel: Channel | None = None) -> WebSocket:
        """A connection of `/ws/chat` that joined a channel, by default `general`, past the presence
        of others.
        """
        channel_id = (channel or self.general).id
        socket = await person.open("/ws/chat")
        await socket.send({"type": "join_channel", "channelId": channel_id})
        assert (await socket.receive_type("joined_channel"))["channelId"] == channel_id
        await until_quiet()
        return await socket.past("user_presence")


async def open_school(world: World) -> School:
    store = world.store
    tea = await world.person("tea", role=Role.TEACHER)
    ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
    workspace = await store.workspaces.create(tea.id, "School", None)
    for person in (ann, ben):
        added = await store.workspaces.add_member(workspace.id, person.id, by=tea.id)
        workspace = granted(added)
    general = granted(await store.channels.create(NewChannel(workspace.id, "general"), by=tea.id))
    dm = await store.channels.dm(ann.id, ben.id)
    await store.channels.dm(ben.id, ann.id)  # he has opened it too, so it is listed for both
    return School(world, tea, ann, ben, eve, workspace, general, dm)


async def on_gateway(person: Person) -> WebSocket:
    """A connection of `/gateway`, past its greeting and what comes with it."""
    gateway = await person.open("/gateway")
    await gateway.send({"op": "IDENTIFY", "d": {"userId": person.id}})
    await gateway.receive_type("READY")
    await until_quiet()
    return gateway
