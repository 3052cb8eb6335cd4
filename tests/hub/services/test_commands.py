"""Commands of `/ws` over whole connections: claims that are ignored, and errors for bad input."""

import json

import pytest
import trio
from trio.testing import MockClock

from hub.limits.pace import PEAK
from tests.support.clients.frames import text
from tests.support.posting import private_message, write
from tests.support.world import World


async def test_claimed_senders_ids_and_states_are_ignored(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    socket = await ann.open()
    claimed = {"content": "x", "sender_id": ben.id, "id": 77, "is_read": True}
    frame = {"type": "private_message", "sender_id": ben.id, "recipient_id": ben.id}
    answer = await socket.ask({**frame, "message": claimed})
    assert answer["sender_id"] == ann.id
    assert answer["message"]["sender_id"] == ann.id
    assert answer["message"]["is_read"] is False


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
async def test_bad_input_gets_an_error_and_the_connection_stays_open(
    world: World, frame: str, code: str
) -> None:
    ann, ben = await world.people("ann", "ben")
    socket = await ann.open()
    await socket.stream.send_all(text(frame))
    error = await socket.receive_type("error")
    assert error["code"] == code
    assert error["message"]
    answer = await socket.ask(private_message(ben))
    assert answer["message"]["seq"] == 1


@pytest.mark.parametrize(
    ("path", "frame", "answer", "frames"),
    [
        ("/ws", {"type": "heartbeat"}, "heartbeat_ack", 1),
        ("/ws", {"type": "resume"}, "resumed", 50),
        ("/messagepal", {"type": "fetch_history"}, "history_response", 20),
    ],
)
async def test_expensive_commands_count_as_several_frames(
    mock_clock: MockClock,
    timed_world: World,
    path: str,
    frame: dict[str, object],
    answer: str,
    frames: int,
) -> None:
    ann, ben = [await timed_world.person(name) for name in ("ann", "ben")]
    await write(timed_world, ann.user, ben.user, "1")
    socket = (await ben.open(path)).ignoring("private_message", "message")
    pace = timed_world.services.quotas.of(ben.id).pace
    frame["conversationId"] = f"conv_{ann.id}_{ben.id}"
    spent = pace.take(0, trio.current_time())
    await socket.send(frame)
    await socket.receive_type(answer)
    one = 1 / (timed_world.services.config.user_frames_per_second * PEAK)
    cost = (pace.take(0, trio.current_time()) - spent) / one
    assert frames <= cost < frames + 1  # and what its bytes cost
