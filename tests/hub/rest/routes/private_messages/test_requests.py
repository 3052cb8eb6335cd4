"""Message requests: which user decides about them, and what their authors can notice."""

from tests.support.clients.http import Reply
from tests.support.posting import say
from tests.support.world import Person, World

LIST = "/api/messages/requests"


async def waiting(person: Person) -> list[int]:
    return [each["user"]["id"] for each in (await person.call("GET", LIST)).json]


def missing(reply: Reply) -> bool:
    return (reply.status, reply.json["code"]) == (404, "no_request")


async def test_a_message_request_is_accepted_by_its_recipient(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    path = f"{LIST}/{ben.id}"
    assert missing(await ann.call("POST", path))
    await say(ben, ann, "hello")
    assert (await waiting(ann), await waiting(ben)) == ([ben.id], [])
    assert missing(await ben.call("POST", f"{LIST}/{ann.id}"))
    accepted = await ann.call("POST", path)
    assert (accepted.status, accepted.json) == (200, {"status": "success"})
    assert await waiting(ann) == []
    (conversation,) = (await ann.call("GET", "/api/messages/conversations")).json
    assert conversation["is_request"] is False
    assert (await ann.call("POST", f"{LIST}/x")).status == 400


async def test_the_author_of_a_declined_request_cannot_notice_it(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    phone = await ann.open()
    await say(ben, ann, "hello")
    for socket in (anns, phone, bens):
        await socket.receive_type("private_message")
    path = f"{LIST}/{ben.id}"
    before = await _as_author(ben, ann)
    assert (await ann.call("DELETE", path)).status == 200
    assert missing(await ann.call("DELETE", path))
    for socket in (anns, phone):
        assert await socket.receive() == {
            "type": "message_request", "user_id": ben.id, "is_waiting": False,
        }  # fmt: skip
    await bens.is_silent()
    assert await _as_author(ben, ann) == before
    assert await waiting(ann) == []
    assert (await ann.call("GET", "/api/messages/conversations")).json == []
    assert (await ann.call("GET", "/api/messages/unread-count")).json == {"count": 0}
    await say(ben, ann, "hello?")
    for socket in (anns, phone, bens):
        await socket.receive_type("private_message")
    assert await waiting(ann) == [ben.id]


async def _as_author(author: Person, to: Person) -> list[object]:
    """All responses to the author of a request about it and about its recipient."""
    paths = (
        "/api/messages/conversations",
        f"/api/messages/{to.id}?mark_read=false",
        f"/api/users/{to.id}",
        f"/api/users/{to.id}/follow-status",
        "/api/users/online",
    )
    return [(await author.call("GET", path)).json for path in paths]


async def test_the_author_of_a_request_cannot_notice_that_it_was_read(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    sent = await say(ben, ann, "hello")
    before = await _as_author(ben, ann)
    await anns.receive_type("private_message")
    await bens.receive_type("private_message")
    await anns.send({"type": "mark_delivered", "message_id": sent["id"]})
    await ann.call("GET", f"/api/messages/{ben.id}")
    await anns.receive_type("messages_read")
    await bens.is_silent()
    assert await _as_author(ben, ann) == before


async def test_a_resume_leaves_a_declined_request_out(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    phone = await ann.open()
    await say(ben, ann, "hello")
    await phone.receive_type("private_message")
    await ann.call("DELETE", f"{LIST}/{ben.id}")
    await phone.receive_type("message_request")  # not sent to later connections
    anns = await ann.open("/ws?resume")
    await anns.send({"type": "resume", "after": {}})
    resumed = await anns.receive_type("resumed")
    assert (resumed["complete"], resumed["after"]) == (True, {})


async def test_a_request_that_is_hidden_in_the_messenger_is_still_listed_elsewhere(
    world: World,
) -> None:
    """Hiding a request is no decision about it."""
    ann, ben = await world.people("ann", "ben")
    await say(ben, ann, "hello")
    low, high = sorted((ann.id, ben.id))
    path = f"/api/messagepal/conversations/conv_{low}_{high}/users/{ann.id}"
    assert (await ann.ask("DELETE", path)).status == 200
    assert await waiting(ann) == [ben.id]
