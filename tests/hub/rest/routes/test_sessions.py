"""Users list and end their own sessions over REST."""

import pytest

from protocol.model import SessionId
from tests.support.world import Person, World


async def sessions_of(person: Person) -> dict[int, dict[str, object]]:
    reply = await person.call("GET", "/private_messages/api/users/me/sessions")
    assert reply.status == 200
    return {each["id"]: each for each in reply.json}


async def test_a_user_lists_their_sessions_without_tokens(world: World) -> None:
    ann, _ = await world.people("ann", "ben")
    other = await world.sign_in(ann.user)
    shown = await sessions_of(ann)
    assert {ann.session_id, other.session_id} < set(shown)
    assert len(shown) == 4  # two of the learning platform
    assert [number for number, each in shown.items() if each["isCurrent"]] == [ann.session_id]
    (one,) = (each for number, each in shown.items() if number == other.session_id)
    assert set(one) == {"id", "createdAt", "lastUsedAt", "expiresAt", "isCurrent"}
    by_platform = await ann.ask("GET", "/learning_platform/api/users/me/sessions")
    assert {each["id"] for each in by_platform.json} == set(shown)
    token = (await other.call("POST", "/api/auth/token")).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    listed = await world.call("GET", "/private_messages/api/users/me/sessions", headers=headers)
    assert [each["id"] for each in listed.json if each["isCurrent"]] == [other.session_id]


async def test_a_user_ends_one_of_their_sessions_and_its_connections(world: World) -> None:
    ann = await world.person("ann")
    other = await world.sign_in(ann.user)
    mine, gone = await ann.open(), await other.open()
    path = f"/api/users/me/sessions/{other.session_id}"
    reply = await ann.call("DELETE", path)
    assert (reply.status, reply.json) == (200, {"ended": 1})
    assert (await gone.closed()).code == 4001
    assert (await other.call("GET", "/api/auth/session")).status == 401
    assert (await ann.call("DELETE", path)).json["code"] == "session_not_found"
    await mine.close_in_silence()


async def test_a_user_ends_all_sessions_but_the_current_one(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    other = await world.sign_in(ann.user)
    mine, gone, bens = await ann.open(), await other.open(), await ben.open()
    chat = await ann.open("/ws/chat")
    reply = await ann.call("DELETE", "/private_messages/api/users/me/sessions")
    assert (reply.status, reply.json) == (200, {"ended": 3})
    for socket in (gone, chat):
        assert (await socket.closed()).code == 4001
    assert list(await sessions_of(ann)) == [ann.session_id]
    for socket in (mine, bens):
        await socket.close_in_silence()


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9" * 30])
async def test_a_malformed_session_id_is_refused(timed_world: World, number: str) -> None:
    ann = await timed_world.person("ann")
    reply = await ann.call("DELETE", f"/api/users/me/sessions/{number}")
    assert (reply.status, reply.json["code"]) == (400, "invalid_field")


async def test_a_session_of_another_user_is_not_found(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    bens = await ben.open()
    for number in (ben.session_id, SessionId(987_654)):
        reply = await ann.call("DELETE", f"/api/users/me/sessions/{number}")
        assert (reply.status, reply.json["code"]) == (404, "session_not_found")
    await bens.close_in_silence()
    assert ben.session_id in await sessions_of(ben)
