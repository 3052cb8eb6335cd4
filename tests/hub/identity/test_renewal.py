"""Sessions that are used: when their use is recorded, and when they are extended."""

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from trio.testing import MockClock

from hub.identity.renewal import EVERY_SECONDS, WRITE_SECONDS
from persistence.interface import Store
from tests.support.clients.websocket import WebSocket
from tests.support.quiet import until_quiet
from tests.support.stores.outage import Outage
from tests.support.world import Person, World, open_world

DAY = timedelta(days=1)


async def signed_in(world: World, lifetime: timedelta) -> Person:
    return await world.sign_in((await world.person("ann")).user, lifetime)


async def end_of(person: Person) -> datetime:
    ends = await person.world.store.sessions.ends([person.session_id])
    return ends[person.session_id]


@pytest.mark.parametrize(("left", "is_extended"), [(3 * DAY, True), (4 * DAY, False)])
async def test_a_session_that_is_used_in_its_last_half_is_extended(
    store: Store, left: timedelta, is_extended: bool
) -> None:
    async with open_world(store) as world:
        ann = await signed_in(world, left)
        reply = await ann.call("GET", "/api/auth/session")
        now = datetime.now(UTC)
        if not is_extended:
            assert reply.set_cookies == []
            assert await end_of(ann) == ann.session.expires_at
            return
        assert now + 7 * DAY - timedelta(minutes=1) < await end_of(ann) <= now + 7 * DAY
        cookie = SimpleCookie(reply.headers["set-cookie"])["session_token"]
        assert cookie.value == ann.token
        assert 7 * 86_400 - 60 < int(cookie["max-age"]) <= 7 * 86_400


async def test_a_session_of_the_learning_platform_is_extended_by_its_own_lifetime(
    store: Store,
) -> None:
    async with open_world(store, platform_session_hours=400) as world:
        ann = await world.person("ann")
        reply = await ann.ask("GET", "/api/users/me")
        cookie = SimpleCookie(reply.headers["set-cookie"])["connect.sid"]
        assert 1_440_000 - 60 < int(cookie["max-age"]) <= 1_440_000


async def test_every_cookie_of_an_extended_session_is_set_again(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann = await signed_in(world, DAY)
        signed = world.services.authenticator.signed(ann.token)
        cookies = {"Cookie": f"{ann.cookie}; connect.sid={signed}"}
        reply = await world.call("GET", "/private_messages/api/blocks", headers=cookies)
        values = [each.partition(";")[0] for each in reply.set_cookies]
        assert values == [ann.cookie, f"connect.sid={signed}"]


async def test_no_session_is_extended_beyond_the_longest_life(store: Store) -> None:
    async with open_world(store, session_days=7, session_max_days=8) as world:
        ann = await signed_in(world, DAY)
        await ann.call("GET", "/api/auth/session")
        session = await world.store.sessions.extend(
            ann.session_id, lifetime=30 * DAY, longest=8 * DAY
        )
        (shown,) = [
            each for each in await world.store.sessions.of_user(ann.id)
            if each.id == ann.session_id
        ]  # fmt: skip
        assert session is not None
        assert session.expires_at == shown.expires_at == shown.created_at + 8 * DAY


async def test_connections_of_an_extended_session_go_on(
    memory_store: Store, mock_clock: MockClock
) -> None:
    async with open_world(memory_store) as world:
        ann = await signed_in(world, timedelta(seconds=20))
        socket = await ann.open()
        assert (await ann.call("GET", "/api/auth/session")).status == 200
        mock_clock.jump(21)
        await until_quiet()
        await socket.close_in_silence()


async def test_the_use_of_a_session_is_recorded_at_intervals(
    memory_store: Store, mock_clock: MockClock
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.person("ann")
        opened = await used_at(ann)
        outage.begin()
        socket = await ann_open(world, outage, ann)
        mock_clock.jump(WRITE_SECONDS)
        await until_quiet()
        assert await used_at(ann, memory_store) == opened
        outage.end()
        mock_clock.jump(WRITE_SECONDS)
        await until_quiet()
        noted = await used_at(ann, memory_store)
        assert noted > opened
        assert (await ann.call("GET", "/api/blocks")).status == 200
        mock_clock.jump(WRITE_SECONDS)
        await until_quiet()
        assert await used_at(ann, memory_store) == noted
        await socket.close_in_silence()
        mock_clock.jump(EVERY_SECONDS)
        assert (await ann.call("GET", "/api/blocks")).status == 200
        mock_clock.jump(WRITE_SECONDS)
        await until_quiet()
        assert await used_at(ann, memory_store) > noted


async def ann_open(world: World, outage: Outage, ann: Person) -> WebSocket:
    """A connection whose use cannot be stored for now."""
    outage.end()
    socket = await ann.open()
    outage.begin()
    return socket


async def used_at(person: Person, store: Store | None = None) -> datetime:
    sessions = await (store or person.world.store).sessions.of_user(person.id)
    return next(each.used_at for each in sessions if each.id == person.session_id)
