"""Messages of `/ws` over REST: every response, on every store."""

import pytest

from protocol.model import MessageId
from protocol.revisions import Delete
from tests.support.posting import say
from tests.support.stores.records import revised
from tests.support.world import World


async def test_a_sent_message_is_returned_and_delivered_live_to_both_users(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    sent = await say(ann, ben, "hi")
    assert (sent["sender_id"], sent["receiver_id"], sent["recipient_id"]) == (
        ann.id,
        ben.id,
        ben.id,
    )
    assert (sent["content"], sent["seq"], sent["is_read"]) == ("hi", 1, False)
    assert sent["sender"]["name"] == "Ann"  # type: ignore[index]
    assert sent["receiver"]["name"] == "Ben"  # type: ignore[index]
    for socket in (anns, bens):
        frame = await socket.receive_type("private_message")
        assert frame["message"] == {
            name: value for name, value in sent.items() if name not in ("sender", "receiver")
        }


@pytest.mark.parametrize("field", ["recipient_id", "receiver_id"])
async def test_the_recipient_may_be_named_in_the_body(world: World, field: str) -> None:
    ann, ben = await world.people("ann", "ben")
    reply = await ann.call("POST", "/api/messages", {field: ben.id, "content": "hi"})
    assert (reply.status, reply.json["receiver_id"]) == (201, ben.id)


async def test_a_repeat_with_the_same_key_is_the_same_message(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    first = await say(ann, ben, "hi", **{"Idempotency-Key": "k"})
    assert await say(ann, ben, "hi", **{"Idempotency-Key": "k"}) == first
    assert first["client_id"] == "k"
    in_body = {"content": "hi", "client_id": "k"}
    assert (await ann.call("POST", f"/api/messages/{ben.id}", in_body)).json == first
    other = {"content": "other", "client_id": "k"}
    conflict = await ann.call("POST", f"/api/messages/{ben.id}", other)
    assert (conflict.status, conflict.json["code"]) == (409, "key_conflict")
    assert len((await ben.call("GET", f"/api/messages/{ann.id}")).json) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "content_empty"),
        ({"content": " \n"}, "content_empty"),
        ({"content": "x" * 4_001}, "content_too_long"),
        ({"content": "a\x00b"}, "content_invalid"),
        ({"content": 5}, "invalid_field"),
        ({"content": "x", "client_id": "k" * 256}, "invalid_field"),
        (b'{"content":"\\ud800"}', "invalid_json"),
        (b"{", "invalid_json"),
        (b"[1]", "invalid_frame"),
        (b"[" * 5_000, "invalid_json"),
    ],
)
async def test_bad_bodies_are_400_and_nothing_is_stored(
    world: World, body: object, code: str
) -> None:
    ann, ben = await world.people("ann", "ben")
    reply = await ann.call("POST", f"/api/messages/{ben.id}", body)
    assert (reply.status, reply.json["code"]) == (400, code)
    assert (await ann.call("GET", f"/api/messages/{ben.id}")).json == []


async def test_errors_have_the_texts_that_clients_know(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    empty = await ann.call("POST", f"/api/messages/{ben.id}", {"content": ""})
    assert empty.json["error"] == "Message content cannot be empty"
    broken = await ann.call("POST", f"/api/messages/{ben.id}", b"{")
    assert broken.json["error"].startswith("Invalid request body")
    for path in ("x", "0", "-1", "1.5", "true", "9007199254740992", "1" * 400):
        for method in ("GET", "POST"):
            body = {"content": "x"} if method == "POST" else None
            reply = await ann.call(method, f"/api/messages/{path}", body)
            assert (reply.status, reply.json["error"]) == (400, "Invalid user ID"), path


async def test_a_body_without_the_content_type_of_json_is_refused(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    headers = {"Content-Type": "text/plain"}
    reply = await ann.call("POST", f"/api/messages/{ben.id}", b'{"content":"x"}', headers)
    assert (reply.status, reply.json["code"]) == (415, "json_required")


async def test_messages_that_may_not_be_sent_are_refused(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve", is_public=False)
    body = {"content": "x"}
    assert (await ann.call("POST", f"/api/messages/{ann.id}", body)).status == 400
    unknown = await ann.call("POST", "/api/messages/987654321", body)
    assert (unknown.status, unknown.json["code"]) == (404, "recipient_not_found")
    stranger = await ann.call("POST", f"/api/messages/{eve.id}", body)
    assert (stranger.status, stranger.json["code"]) == (403, "not_allowed")
    await ben.call("POST", f"/api/users/{ann.id}/block")
    blocked = await ann.call("POST", f"/api/messages/{ben.id}", body)
    assert (blocked.status, blocked.json) == (404, unknown.json)


async def test_history_is_paged_from_the_newest_and_ascending(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    for n in range(7):
        await say(ann, ben, str(n))

    async def contents(query: str) -> list[str]:
        reply = await ben.call("GET", f"/api/messages/{ann.id}{query}")
        return [message["content"] for message in reply.json]

    assert await contents("") == list("0123456")
    assert await contents("?limit=3") == list("456")
    assert await contents("?page=2&limit=3") == list("123")
    assert await contents("?page=3&limit=3") == list("0")
    assert await contents("?page=4&limit=3") == []
    assert await contents("?limit=&page=") == list("0123456")
    assert await contents("?limit=101") == list("0123456")
    assert await contents("?before_seq=4&limit=2") == list("12")
    assert await contents("?after_seq=5") == list("56")
    assert await contents("?after_seq=0&limit=2") == list("01")


async def test_history_marks_messages_read_for_the_frontends_form_or_with_mark_read(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    message = await say(ann, ben, "hi")
    path = f"/api/messages/{ann.id}"

    async def unread_after(query: str) -> int:
        assert (await ben.call("GET", path + query)).status == 200
        count: int = (await ben.call("GET", "/api/messages/unread-count")).json["count"]
        return count

    for query in (
        "?before_seq=9", "?after_seq=0", f"?around={message['id']}", "?page=1&before_seq=9",
        "?limit=5&mark=yes", "?mark_read=false", "?page=1&limit=5&mark_read=false",
    ):  # fmt: skip
        assert await unread_after(query) == 1, query
    reply = await ben.call("GET", f"{path}?mark_read=yes")
    assert (reply.status, reply.json["code"]) == (400, "invalid_field")
    for query in (
        "", "?page=1", "?page=1&limit=5", "?before_seq=99&mark_read=true",
        "?after_seq=0&mark_read=true",
    ):  # fmt: skip
        assert await unread_after(query) == 0, query
        await say(ann, ben, "another one")
    assert await unread_after(f"?around={message['id']}&mark_read=true&limit=100") == 0


async def test_only_messages_that_the_user_sees_are_marked_read(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    for number in range(7):
        await say(ann, ben, str(number))
    path = f"/api/messages/{ann.id}"

    async def unread_after(method: str, query: str = "", **headers: str) -> int:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        assert (await ben.call(method, path + query, headers=sent)).status == 200
        count: int = (await ben.call("GET", "/api/messages/unread-count")).json["count"]
        return count

    assert await unread_after("HEAD") == 7
    assert await unread_after("GET", Sec_Purpose="prefetch;prerender") == 7
    assert await unread_after("GET", Purpose="prefetch") == 7
    assert await unread_after("GET", Sec_Fetch_Site="cross-site") == 7
    assert await unread_after("GET", "?after_seq=7&mark_read=true") == 7
    assert await unread_after("GET", "?after_seq=0&limit=3&mark_read=true") == 4
    assert await unread_after("GET", "?page=2&limit=2") == 2
    assert await unread_after("GET", "?before_seq=3&mark_read=true") == 2
    assert await unread_after("GET", Sec_Fetch_Site="same-origin") == 0


async def test_conversations_are_listed_newest_first_with_last_message_and_unread_count(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve")
    await say(ben, ann, "from ben")
    await say(ann, eve, "to eve")
    await say(eve, ann, "from eve")
    await ben.open()
    listed = (await ann.call("GET", "/api/messages/conversations")).json
    assert [each["user"]["id"] for each in listed] == [eve.id, ben.id]
    assert [each["last_message"] for each in listed] == ["from eve", "from ben"]
    assert [each["unread_count"] for each in listed] == [1, 1]
    assert [each["is_online"] for each in listed] == [False, False]  # offline; a request
    assert [each["is_request"] for each in listed] == [False, True]
    assert listed[0]["last_message_time"].endswith("Z")
    assert not {"email", "date_of_birth"} & set(listed[0]["user"])
    assert (await eve.call("GET", "/api/messages/conversations")).json[0]["user"]["id"] == ann.id


async def test_the_head_of_a_conversation_stays_when_its_newest_message_is_deleted(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    await say(ann, ben, "stays")
    await say(ann, ben, "goes")
    _, gone = (await ben.call("GET", f"/api/messages/{ann.id}")).json
    await revised(world.store, MessageId(gone["id"]), Delete(), by=ann.id)
    (listed,) = (await ben.call("GET", "/api/messages/conversations")).json
    assert (listed["last_message"], listed["last_seq"]) == ("stays", 2)


async def test_a_block_closes_the_conversation_to_the_blocked_and_not_to_the_blocker(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    await say(ann, ben, "before")
    await ben.call("POST", f"/api/users/{ann.id}/block")
    refused = await ann.call("GET", f"/api/messages/{ben.id}")
    assert (refused.status, refused.json["code"]) == (404, "user_not_found")
    assert (await ann.call("GET", "/api/messages/conversations")).json == []
    assert (await ann.call("GET", "/api/messages/987654321")).status == 404
    (message,) = (await ben.call("GET", f"/api/messages/{ann.id}")).json
    assert message["content"] == "before"
    await ben.call("DELETE", f"/api/users/{ann.id}/block")
    (message,) = (await ann.call("GET", f"/api/messages/{ben.id}")).json
    assert message["content"] == "before"


async def test_only_users_whose_presence_the_user_may_see_are_listed_as_online(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve")
    for person in (ann, ben, eve):
        socket = await person.open()
        if person is not eve:
            socket.ignoring("private_message", "user_online_status", "revoked")
    assert (await ann.call("GET", "/api/users/online")).json == []
    await say(ann, ben, "hi")
    assert (await ann.call("GET", "/api/users/online")).json == []  # until Ben has replied
    await say(ben, ann, "hi")
    (online,) = (await ann.call("GET", "/api/users/online")).json
    assert online["id"] == ben.id
    await ben.call("POST", f"/api/users/{ann.id}/block")
    assert (await ann.call("GET", "/api/users/online")).json == []


async def test_an_error_names_the_field(world: World) -> None:
    ann = await world.person("ann")
    reply = await ann.call("POST", "/api/messages", {"recipient_id": ann.id, "content": 5})
    assert (reply.status, reply.json["field"]) == (400, "content")
    reply = await ann.call("GET", "/api/messages/1?limit=x")
    assert (reply.status, reply.json["field"]) == (400, "limit")


async def test_messages_after_the_given_position_stay_unread(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    seen = [(await say(ann, ben, text))["seq"] for text in ("one", "two", "three")]
    path = f"/api/messages/{ann.id}/read"
    for given, left in ((f"?up_to_seq={seen[1]}", 1), ("?up_to_seq=1", 1), ("", 0)):
        reply = await ben.call("PUT", f"{path}{given}")
        assert (reply.status, reply.json) == (200, {"status": "success"})
        assert (await ben.call("GET", "/api/messages/unread-count")).json == {"count": left}
    for wrong in ("0", "-1", "x", str(2**53)):
        reply = await ben.call("PUT", f"{path}?up_to_seq={wrong}")
        assert (reply.status, reply.json["field"]) == (400, "up_to_seq")
