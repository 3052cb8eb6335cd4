"""How far somebody has read, and who hears of it."""

from tests.support.posting import say
from tests.support.world import World


async def test_reading_history_marks_the_others_messages_read_and_tells_them(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await say(ann, ben, "one")
    await say(ann, ben, "two")
    anns = await ann.open()
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 2}
    await ben.call("GET", f"/api/messages/{ann.id}")
    assert await anns.receive_type("messages_read") == {
        "type": "messages_read",
        "reader_id": ben.id,
        "sender_id": ann.id,
        "seq": 2,
    }
    assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": 0}
    seen = (await ann.call("GET", f"/api/messages/{ben.id}")).json
    assert [message["is_read"] for message in seen] == [True, True]
    await anns.receive_type("messages_read")  # now Ann is the reader


async def test_marking_read_moves_only_forward_and_is_told_once(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await say(ann, ben, "one")
    anns = await ann.open()
    for _ in range(3):
        reply = await ben.call("PUT", f"/api/messages/{ann.id}/read")
        assert (reply.status, reply.json) == (200, {"status": "success"})
    await say(ann, ben, "two")
    await ben.call("PUT", f"/api/messages/{ann.id}/read")
    assert (await anns.receive())["seq"] == 1
    assert (await anns.receive())["type"] == "private_message"
    assert (await anns.receive())["seq"] == 2
