"""Whether the hub is alive, and whether it is ready for clients."""

from typing import NoReturn

import pytest
import trio
from trio.testing import MockClock

from persistence.interface import Store
from persistence.records import DatabaseUnfit, Draft, Locked, StoreUnavailable, Unfit
from tests.support.clients.websocket import Refused
from tests.support.stores.intercept import Interception
from tests.support.stores.outage import Outage
from tests.support.world import World, open_world


async def test_health_and_readiness(world: World) -> None:
    assert (await world.call("GET", "/healthz")).json == {"status": "ok"}
    assert (await world.call("GET", "/readyz")).json == {"status": "ready"}
    world.services.status.accepting = False
    stopping = await world.call("GET", "/readyz")
    assert (stopping.status, stopping.json) == (503, {"status": "stopping"})
    assert (await world.call("GET", "/healthz")).status == 200


async def test_during_an_outage_the_hub_is_not_ready_and_refuses_new_sockets_with_503(
    memory_store: Store,
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.person("ann")
        outage.begin()
        ready = await world.call("GET", "/readyz")
        assert (ready.status, ready.json) == (503, {"status": "store_unavailable"})
        assert (await world.call("GET", "/healthz")).status == 200
        with pytest.raises(Refused) as refused:
            await world.websocket(Cookie=ann.cookie)
        assert refused.value.status == 503
        outage.end()
        assert (await world.call("GET", "/readyz")).status == 200
        await (await ann.open()).close_in_silence()


async def test_readiness_reports_why_a_reachable_database_is_unfit(memory_store: Store) -> None:
    async def is_standby(*_: object) -> NoReturn:
        raise DatabaseUnfit(Unfit.STANDBY)

    async with open_world(Interception("health", "check", is_standby).over(memory_store)) as world:
        ready = await world.call("GET", "/readyz")
        assert ready.status == 503
        assert ready.json == {"status": "store_unavailable", "reason": "standby"}


async def away(*_: object) -> NoReturn:
    raise StoreUnavailable("away")


async def test_readiness_names_the_failing_lanes_until_a_probe_succeeds(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """The store responds, but stores nothing. When it can again, the hub notices by itself."""
    post = Interception("messages", "post", away)
    probe = Interception("messages", "probe", away)
    async with open_world(probe.over(post.over(memory_store)), db_lanes=1) as world:
        ann, ben = await world.people("ann", "ben")
        path = f"/api/messages/{ben.id}"
        assert (await ann.call("POST", path, {"content": "hi"})).status == 503
        for _ in range(10):
            ready = await world.call("GET", "/readyz")
            assert (ready.status, ready.json["status"]) == (503, "posts_fail")
            assert [lane["lane"] for lane in ready.json["lanes"]] == [0]
            await trio.sleep(1)
        probe.way = None
        await trio.sleep(1)
        assert (await world.call("GET", "/readyz")).json == {"status": "ready"}


async def test_the_hub_is_ready_as_soon_as_a_post_succeeds(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    post = Interception("messages", "post", away)
    probe = Interception("messages", "probe", away)
    async with open_world(probe.over(post.over(memory_store)), db_lanes=1) as world:
        ann, ben = await world.people("ann", "ben")
        path = f"/api/messages/{ben.id}"
        assert (await ann.call("POST", path, {"content": "hi"})).status == 503
        post.way = None
        assert (await ann.call("POST", path, {"content": "hi"})).status == 201
        assert (await world.call("GET", "/readyz")).json == {"status": "ready"}


@pytest.mark.parametrize(
    ("what", "can_others_be_stored", "state"),
    [("everything", False, "posts_fail"), ("one conversation", True, "ready")],
)
async def test_readiness_reports_whether_another_transaction_locks_every_conversation(
    what: str,
    can_others_be_stored: bool,
    state: str,
    memory_store: Store,
    autojump_clock: MockClock,
) -> None:
    async def locked(_: object, drafts: list[Draft]) -> list[Locked]:
        return [Locked() for _ in drafts]

    held = Interception("messages", "post", locked)
    held_again = Interception("messages", "post_again", locked)
    probe = Interception("messages", "probe", None if can_others_be_stored else away)
    store = probe.over(held_again.over(held.over(memory_store)))
    async with open_world(store, db_lanes=1) as world:
        ann, ben = await world.people("ann", "ben")
        path = f"/api/messages/{ben.id}"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ann.call, "POST", path, {"content": what})
            await trio.sleep(1)  # the post is tried every half second, for two seconds
            assert (await world.call("GET", "/readyz")).json["status"] == state
        held.way = held_again.way = probe.way = None
        assert (await ann.call("POST", path, {"content": "again"})).status == 201
        assert (await world.call("GET", "/readyz")).json == {"status": "ready"}


async def test_one_lane_that_fails_is_named(memory_store: Store, autojump_clock: MockClock) -> None:
    """And none of the other three."""
    probe = Interception("messages", "probe", away)
    failing = set[int]()

    async def unless_failing(post: object, drafts: list[Draft]) -> object:
        if any(draft.recipient_id in failing for draft in drafts):
            raise StoreUnavailable("away")
        assert callable(post)
        return await post(drafts)

    post = Interception("messages", "post", unless_failing)
    async with open_world(probe.over(post.over(memory_store)), db_lanes=4) as world:
        ann, ben = await world.people("ann", "ben")
        failing.add(ben.id)
        assert (await ann.call("POST", f"/api/messages/{ben.id}", {"content": "1"})).status == 503
        assert len((await world.call("GET", "/readyz")).json["lanes"]) == 1
