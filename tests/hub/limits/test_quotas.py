"""One user, with whatever number of connections, cannot crowd the others out."""

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.limits.quotas import MAX_SENDS_IN_FLIGHT, Quotas
from persistence.interface import Store
from protocol.model import UserId
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.held import Held
from tests.support.world import open_world


async def test_the_rate_is_the_users_over_sockets_dialects_and_requests(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store, user_messages_per_second=4) as world:
        school = await open_school(world)
        ann, ben = school.ann, school.ben
        one, other = await ann.open(), await ann.open()
        chat = await school.join(ann)
        frame = {"type": "private_message", "recipient_id": ben.id, "content": "x"}
        for sending in (one, other):
            await sending.send(frame)
            for socket in (one, other):
                await socket.receive_type("private_message")
        send = {"type": "send_message", "channelId": school.general.id, "content": "x"}
        await chat.send(send)
        await chat.receive_type("new_message")
        path = f"/private_messages/api/messages/{ben.id}"
        assert (await ann.call("POST", path, {"content": "x"})).status == 201
        refused = await ann.call("POST", path, {"content": "x"})
        assert (refused.status, refused.json["code"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
        await chat.send(send)
        assert (await chat.receive_type("error"))["code"] == "rate_limited"
        for socket in (one, other):
            await socket.receive_type("private_message")  # the one over REST
            await socket.is_silent()
        await one.send(frame | {"client_id": "k"})
        error = await one.receive_type("error")
        assert (error["code"], error["client_id"]) == ("rate_limited", "k")
        back = f"/private_messages/api/messages/{ann.id}"
        assert (await ben.call("POST", back, {"content": "x"})).status == 201  # not ben's rate
        await trio.sleep(1.1)
        assert (await ann.call("POST", path, {"content": "x"})).status == 201
        for socket in (one, other):
            senders = [(await socket.receive_type("private_message"))["sender_id"] for _ in "12"]
            assert senders == [ben.id, ann.id]


async def test_typing_has_a_rate_of_its_own(memory_store: Store, autojump_clock: MockClock) -> None:
    """What is too much is dropped, wherever it is typed; messages go on."""
    async with open_world(memory_store, user_typing_per_second=3) as world:
        school = await open_school(world)
        ann, ben = school.ann, school.ben
        one, other, bens = await ann.open(), await ann.open(), await ben.open()
        chat, bens_chat = await school.join(ann), await school.join(ben)
        await chat.receive_type("user_presence")
        typing = {"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True}
        for socket in (one, other):
            await socket.receive_type("user_online_status")
            await socket.send(typing)
            assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
        await chat.send({"type": "typing", "channelId": school.general.id})
        await bens_chat.receive_type("user_typing")
        bens_chat.ignoring("user_stop_typing")
        for _ in range(50):
            await one.send(typing)
            await chat.send({"type": "typing", "channelId": school.general.id})
        await chat.send({"type": "send_message", "channelId": school.general.id, "content": "done"})
        for socket in (chat, bens_chat):
            await socket.receive_type("new_message")
        await one.send({"type": "private_message", "recipient_id": ben.id, "content": "done"})
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is False
        for socket in (one, other, bens):
            await socket.receive_type("private_message")
        await trio.sleep(1.1)
        await one.send(typing)
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is True


async def test_a_flood_from_many_connections_does_not_delay_others(memory_store: Store) -> None:
    log = Held(memory_store.messages, ("post",))
    async with open_world(evolve(memory_store, messages=log), db_lanes=1) as world:
        ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
        flood = {"type": "private_message", "recipient_id": ben.id, "content": "x"}
        anns = [await ann.open() for _ in range(5)]
        for socket in anns:
            socket.ignoring("private_message")
            for _ in range(100):
                await socket.send(flood)
        eves = await eve.open()
        await eves.send(flood)
        await until_quiet()
        quotas = world.services.quotas
        assert quotas.of(ann.id).in_flight == MAX_SENDS_IN_FLIGHT
        assert quotas.of(eve.id).in_flight == 1
        log.go_on.set()
        await eves.receive_type("private_message")


async def test_a_place_that_is_released_twice_comes_back_once() -> None:
    quota = Quotas(1, 1).of(UserId(1))
    with await quota.place() as place:
        other = await quota.place()
        place.release()
        place.release()
    assert quota.in_flight == 1
    other.release()
    assert quota.in_flight == 0


async def test_a_place_comes_back_when_what_it_was_for_fails() -> None:
    quota = Quotas(1, 1).of(UserId(1))
    with pytest.raises(KeyError), await quota.place():
        raise KeyError
    with trio.CancelScope() as scope, await quota.place():
        scope.cancel()
        await trio.sleep_forever()
    assert quota.in_flight == 0


async def test_the_next_place_is_waited_for_and_a_cancelled_wait_takes_none() -> None:
    quota = Quotas(1, 1).of(UserId(1))
    places = [await quota.place() for _ in range(MAX_SENDS_IN_FLIGHT)]
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(quota.place)
            await wait_all_tasks_blocked()
            scope.cancel()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(quota.place)
        await wait_all_tasks_blocked()
        assert quota.in_flight == MAX_SENDS_IN_FLIGHT
        places.pop().release()
    assert quota.in_flight == MAX_SENDS_IN_FLIGHT  # the one who waited has it
    for place in places:
        place.release()
    assert quota.in_flight == 1


@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_a_wait_cancelled_while_a_place_comes_back_loses_none(cancelled_first: bool) -> None:
    """Both happen before the waiter runs: it has the place, or the place is free."""
    quota = Quotas(1, 1).of(UserId(1))
    places = [await quota.place() for _ in range(MAX_SENDS_IN_FLIGHT)]

    async def wait() -> None:
        places.append(await quota.place())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        steps = [nursery.cancel_scope.cancel, places.pop().release]
        for step in steps if cancelled_first else reversed(steps):
            step()
    assert len(places) == quota.in_flight == MAX_SENDS_IN_FLIGHT - cancelled_first
    for place in places:
        place.release()
    assert quota.in_flight == 0


async def test_quotas_are_each_users_own_and_remembered() -> None:
    quotas = Quotas(1, 1)
    assert quotas.of(UserId(1)).messages.take(0.0)
    assert not quotas.of(UserId(1)).messages.take(0.0)
    assert quotas.of(UserId(2)).messages.take(0.0)
