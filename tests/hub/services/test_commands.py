"""`/ws` over whole connections, on every store (docs/dialects/private_messages.md)."""

import json

import pytest

from persistence.interface import Store
from tests.support.clients.frames import BINARY, CONTINUATION, PING, TEXT, client_frame, text
from tests.support.clients.websocket import Refused, WebSocket
from tests.support.world import Person, World, open_world


async def two(world: World) -> tuple[Person, Person]:
    return await world.person("ann"), await world.person("ben")


def message_to(person: Person, content: str = "hi", **more: object) -> dict[str, object]:
    return {"type": "private_message", "recipient_id": person.id, "content": content, **more}


async def exchange(socket: WebSocket, frame: object) -> dict[str, object]:
    await socket.send(frame)
    answer: dict[str, object] = await socket.receive()
    return answer


async def test_a_message_reaches_every_socket_of_both_and_only_them(world: World) -> None:
    ann, ben = await two(world)
    eve = await world.person("eve")
    sockets = [await person.open() for person in (ann, ann, ben, ben)]
    eves = await eve.open()
    await sockets[0].send(message_to(ben))
    frames = [await socket.receive_type("private_message") for socket in sockets]
    assert frames[1:] == frames[:-1]
    message = frames[0]["message"]
    assert (frames[0]["sender_id"], frames[0]["recipient_id"]) == (ann.id, ben.id)
    assert (message["content"], message["seq"], message["is_read"]) == ("hi", 1, False)
    assert (message["sender_id"], message["receiver_id"]) == (ann.id, ben.id)
    await eves.close_in_silence()


async def test_claimed_senders_ids_and_states_are_ignored(world: World) -> None:
    ann, ben = await two(world)
    socket = await ann.open()
    claimed = {"content": "x", "sender_id": ben.id, "id": 77, "is_read": True}
    frame = {"type": "private_message", "sender_id": ben.id, "recipient_id": ben.id}
    answer = await exchange(socket, {**frame, "message": claimed})
    assert answer["sender_id"] == ann.id
    assert answer["message"]["sender_id"] == ann.id  # type: ignore[index]
    assert answer["message"]["is_read"] is False  # type: ignore[index]


async def test_messages_of_one_sender_arrive_in_the_order_they_were_sent(world: World) -> None:
    ann, ben = await two(world)
    anns, bens = await ann.open(), await ben.open()
    frames = b"".join(text(json.dumps(message_to(ben, str(n)))) for n in range(200))
    await anns.stream.send_all(frames)
    for socket in (anns, bens):
        messages = [(await socket.receive())["message"] for _ in range(200)]
        assert [message["content"] for message in messages] == [str(n) for n in range(200)]
        assert [message["seq"] for message in messages] == list(range(1, 201))


async def test_a_repeat_is_confirmed_to_who_repeats_and_delivered_once(world: World) -> None:
    ann, ben = await two(world)
    anns, bens = await ann.open(), await ben.open()
    first = await exchange(anns, message_to(ben, client_id="k1"))
    assert await exchange(anns, message_to(ben, client_id="k1")) == first
    assert await bens.receive() == first
    await bens.is_silent()


async def test_a_key_with_another_body_is_a_conflict(world: World) -> None:
    ann, ben = await two(world)
    socket = await ann.open()
    await exchange(socket, message_to(ben, client_id="k1"))
    error = await exchange(socket, message_to(ben, "other", client_id="k1"))
    assert (error["type"], error["code"], error["client_id"]) == ("error", "key_conflict", "k1")


async def test_a_reply_to_what_is_not_in_the_conversation_is_refused(world: World) -> None:
    ann, ben = await two(world)
    eve = await world.person("eve")
    socket = await ann.open()
    elsewhere = (await exchange(socket, message_to(eve)))["message"]["id"]  # type: ignore[index]
    error = await exchange(socket, message_to(ben, client_id="k1", parent_id=elsewhere))
    assert (error["type"], error["code"], error["client_id"]) == ("error", "invalid_field", "k1")
    parent = (await exchange(socket, message_to(ben)))["message"]
    reply = await exchange(socket, message_to(ben, client_id="k1", parent_id=parent["id"]))  # type: ignore[index]
    assert reply["message"]["parent_id"] == parent["id"]  # type: ignore[index]
    assert reply["message"]["seq"] == 2  # type: ignore[index]


async def test_two_people_may_use_the_same_key(world: World) -> None:
    ann, ben = await two(world)
    anns, bens = await ann.open(), await ben.open()
    await exchange(anns, message_to(ben, client_id="k1"))
    await bens.receive()
    answer = await exchange(bens, message_to(ann, "mine", client_id="k1"))
    assert answer["message"]["content"] == "mine"  # type: ignore[index]
    assert await anns.receive() == answer


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ("[" * 5_000, "invalid_json"),
        (r'{"type":"private_message","recipient_id":2,"content":"\ud800"}', "invalid_json"),
        ("null", "invalid_frame"),
        ('{"type":7}', "unknown_type"),
        ('{"type":"shutdown"}', "unknown_type"),
        ('{"type":"private_message","content":"x"}', "invalid_field"),
        ('{"type":"private_message","recipient_id":1.5,"content":"x"}', "invalid_field"),
        ('{"type":"private_message","recipient_id":true,"content":"x"}', "invalid_field"),
        ('{"type":"typing_indicator","recipient_id":9007199254740992,"is_typing":true}',
         "invalid_field"),
        ('{"type":"private_message","recipient_id":2,"content":["x"]}', "invalid_field"),
        ('{"type":"private_message","recipient_id":2,"content":""}', "content_empty"),
        ('{"type":"private_message","recipient_id":2,"content":"a\\u0000"}', "content_invalid"),
        (json.dumps(["x"]), "invalid_frame"),
        ('{"type":"private_message","recipient_id":9007199254740991,"content":"x"}',
         "recipient_not_found"),
        ('{"type":"typing_indicator","recipient_id":2,"is_typing":"yes"}', "invalid_field"),
    ],
)  # fmt: skip
async def test_bad_input_is_answered_and_the_connection_stays(
    world: World, frame: str, code: str
) -> None:
    ann, ben = await two(world)
    socket = await ann.open()
    await socket.stream.send_all(text(frame))
    error = await socket.receive_type("error")
    assert error["code"] == code
    assert error["message"]
    answer = await exchange(socket, message_to(ben))
    assert answer["message"]["seq"] == 1  # type: ignore[index]


async def test_content_over_the_limit_and_to_oneself_are_refused(world: World) -> None:
    ann, ben = await two(world)
    socket = await ann.open()
    assert (await exchange(socket, message_to(ben, "x" * 4_001)))["code"] == "content_too_long"
    assert (await exchange(socket, message_to(ann)))["code"] == "cannot_message_self"
    longest = await exchange(socket, message_to(ben, "😀" * 4_000))
    assert longest["message"]["content"] == "😀" * 4_000  # type: ignore[index]


async def test_blocked_either_way_and_private_strangers_are_refused(world: World) -> None:
    ann, ben = await two(world)
    eve = await world.person("eve", is_public=False)
    socket = await ann.open()
    relations = world.store.relations
    assert (await exchange(socket, message_to(eve)))["code"] == "not_allowed"
    await relations.request_follow(ann.id, eve.id)
    assert (await exchange(socket, message_to(eve)))["code"] == "not_allowed"
    await relations.accept_follow(eve.id, ann.id)
    assert (await exchange(socket, message_to(eve)))["type"] == "private_message"
    await relations.block(ann.id, ben.id)
    assert (await exchange(socket, message_to(ben)))["code"] == "not_allowed"
    await relations.unblock(ann.id, ben.id)
    await relations.block(ben.id, ann.id)
    assert (await exchange(socket, message_to(ben)))["code"] == "not_allowed"


async def test_typing_reaches_the_recipient_with_the_true_sender(world: World) -> None:
    ann, ben = await two(world)
    anns, bens = await ann.open(), await ben.open()
    frame = {"type": "typing_indicator", "user_id": 99, "recipient_id": ben.id, "is_typing": True}
    await anns.send(frame)
    seen = await bens.receive_type("typing_indicator")
    assert (seen["user_id"], seen["sender_id"], seen["sender_name"]) == (ann.id, ann.id, "Ann")
    assert seen["is_typing"] is True
    # The message ends the indicator, and ann hears of neither.
    await anns.send(message_to(ben))
    assert (await bens.receive_type("typing_indicator"))["is_typing"] is False
    await bens.receive_type("private_message")
    await anns.receive_type("private_message")


async def test_typing_to_who_may_not_be_messaged_is_dropped(world: World) -> None:
    ann, ben = await two(world)
    await world.store.relations.block(ben.id, ann.id)
    anns, bens = await ann.open(), await ben.open()
    await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
    await bens.is_silent()


async def test_presence_is_told_to_the_related_only(world: World) -> None:
    ann, ben = await two(world)
    eve = await world.person("eve")
    await world.store.relations.request_follow(ann.id, ben.id)
    bens, eves = await ben.open(), await eve.open()
    anns = await ann.open()
    online = {"type": "user_online_status", "user_id": ann.id, "is_online": True}
    assert await bens.receive() == online
    await anns.close_in_silence()
    assert await bens.receive() == {**online, "is_online": False}
    await eves.close_in_silence()


async def test_presence_is_per_user_not_per_socket(world: World) -> None:
    ann, ben = await two(world)
    await world.store.relations.request_follow(ann.id, ben.id)
    bens = await ben.open()
    first = await ann.open()
    assert (await bens.receive())["is_online"] is True
    second = await ann.open()
    await first.close_in_silence(besides={"user_online_status"})  # that Ben is here
    await second.send(message_to(ben))
    assert (await bens.receive())["type"] == "private_message"
    assert (await second.receive_type("private_message"))["recipient_id"] == ben.id
    await second.close_in_silence(besides={"user_online_status"})
    assert (await bens.receive())["is_online"] is False


async def test_fragments_and_pings_between_them_make_one_message(world: World) -> None:
    ann, ben = await two(world)
    socket = await ann.open()
    data = json.dumps(message_to(ben)).encode()
    await socket.stream.send_all(
        client_frame(TEXT, data[:10], final=False)
        + client_frame(PING, b"now")
        + client_frame(CONTINUATION, data[10:])
    )
    assert (await socket.receive())["message"]["content"] == "hi"


async def test_a_frame_in_the_segment_of_the_handshake_is_not_lost(world: World) -> None:
    ann, ben = await two(world)
    socket = await ann.open(trailing=text(json.dumps(message_to(ben, "early"))))
    assert (await socket.receive())["message"]["content"] == "early"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (client_frame(BINARY, b"x"), 1003),
        (text("x" * 65_537), 1009),
        (client_frame(TEXT, b"\xff"), 1007),
        (b"\x81\x03abc", 1002),
        (client_frame(3), 1002),
    ],
)
async def test_broken_framing_closes_this_connection_alone(
    world: World, data: bytes, code: int
) -> None:
    ann, ben = await two(world)
    anns, bens = await ann.open(), await ben.open()
    await anns.stream.send_all(data)
    assert (await anns.closed()).code == code
    assert (await exchange(bens, message_to(ann)))["type"] == "private_message"


async def test_without_a_session_the_upgrade_is_refused_with_401(world: World) -> None:
    for cookie, reason in [
        ("", "No session cookie"),
        ("xsession_token=a", "No session cookie"),
        ("session_token=nobody", "Invalid session"),
    ]:
        with pytest.raises(Refused) as refused:
            await world.websocket(Cookie=cookie)
        assert (refused.value.status, refused.value.text) == (401, f"Unauthorized: {reason}")


async def test_logging_out_closes_the_sessions_sockets_with_4001(world: World) -> None:
    ann, ben = await two(world)
    other = await world.sign_in(ann.user)
    gone, stays = await ann.open(), await other.open()
    assert (await ann.call("POST", "/api/auth/logout", {})).status == 200
    assert (await gone.closed()).code == 4001
    assert (await exchange(stays, message_to(ben)))["type"] == "private_message"
    with pytest.raises(Refused):
        await ann.open()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://parlour.test", True),
        ("HTTP://PARLOUR.TEST:80", True),
        ("https://app.example", True),
        ("https://parlour.test", False),
        ("http://parlour.test:8080", False),
        ("http://parlour.test.", False),
        ("http://evil.parlour.test", False),
        ("https://app.example.evil.test", False),
        ("null", False),
        ("", False),
    ],
)
async def test_only_known_origins_may_open_a_socket(
    memory_store: Store,
    origin: str | None,
    allowed: bool,
) -> None:
    async with open_world(memory_store, allowed_origins=("https://app.example",)) as world:
        ann = await world.person("ann")
        cookie = ann.cookie if origin is None else f"{ann.cookie}\r\nOrigin: {origin}"
        if allowed:
            await (await world.websocket(Cookie=cookie)).receive_type("system")
        else:
            with pytest.raises(Refused) as refused:
                await world.websocket(Cookie=cookie)
            assert refused.value.status == 403


@pytest.mark.parametrize(
    "line",
    [
        "Host: parl\xe9ur.test",
        "Sec-WebSocket-Protocol: \xe9",
        "Sec-WebSocket-Extensions: \xe9",
        "Connection: \xe9",
        "Cookie: x=\xe9",
        "Origin: \xe9",
        "X-Anything: \xff",
    ],
)
async def test_bytes_beyond_ascii_in_a_handshake_are_400(timed_world: World, line: str) -> None:
    ann = await timed_world.person("ann")
    with pytest.raises(Refused) as refused:
        await timed_world.websocket(Cookie=f"{ann.cookie}\r\n{line}")
    assert refused.value.status == 400


async def test_an_unknown_path_is_404(world: World) -> None:
    ann = await world.person("ann")
    with pytest.raises(Refused) as refused:
        await world.websocket("/nowhere", Cookie=ann.cookie)
    assert refused.value.status == 404


async def test_a_query_is_allowed_and_ignored(world: World) -> None:
    ann = await world.person("ann")
    assert (await ann.open("/ws?token=x")).pings == 0
