"""Pages of a history around one of its messages."""

from protocol.dialects.messenger.conversations import conversation_id
from protocol.model import MessageId
from protocol.revisions import Delete
from tests.support.posting import post, say
from tests.support.school import open_school
from tests.support.stores.records import changed
from tests.support.world import World


async def test_a_message_is_in_the_middle_of_its_page(world: World) -> None:
    ann, ben, eve = await world.people("ann", "ben", "eve")
    ids = [(await say(ann, ben, f"hay {number}"))["id"] for number in range(9)]
    other = (await say(ann, eve, "elsewhere"))["id"]

    async def page(message_id: object, limit: int = 5) -> list[str]:
        path = f"/api/messages/{ann.id}?around={message_id}&limit={limit}"
        reply = await ben.call("GET", path)
        return [each["content"] for each in reply.json] if reply.status == 200 else [reply.text]

    assert await page(ids[4]) == [f"hay {number}" for number in range(2, 7)]
    assert await page(ids[4], 2) == ["hay 3", "hay 4"]
    assert await page(ids[4], 1) == ["hay 4"]
    assert await page(ids[0]) == [f"hay {number}" for number in range(5)]
    assert await page(ids[8]) == ["hay 6", "hay 7", "hay 8"]
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 9}
    await changed(world.services.store, MessageId(int(str(ids[4]))), Delete(), by=ann.id)
    assert await page(ids[4]) == ["hay 2", "hay 3", "hay 5", "hay 6"]
    for unknown in (other, 123_456_789):
        assert "message_not_found" in (await page(unknown))[0]
    path = f"/api/messagepal/conversations/{conversation_id(ann.id, ben.id)}/history"
    reply = await ben.ask("GET", f"{path}?userId={ben.id}&around={ids[1]}&limit=3")
    assert [each["content"] for each in reply.json] == ["hay 0", "hay 1", "hay 2"]


async def test_a_channel_has_pages_around_a_message_too(world: World) -> None:
    school = await open_school(world)
    await post(world, school.tea.user, school.general, *(f"hay {n}" for n in range(5)))
    messages = await world.services.store.messages.channel_page(
        school.general.id, before=None, limit=5
    )
    path = f"/api/channels/{school.general.id}/messages?limit=3&around="
    reply = await school.ann.ask("GET", f"{path}{messages[3].id}")
    assert [each["content"] for each in reply.json] == ["hay 2", "hay 3", "hay 4"]
    assert (await school.eve.ask("GET", f"{path}{messages[3].id}")).status == 404
    assert (await school.ann.ask("GET", f"{path}1234567")).status == 404
