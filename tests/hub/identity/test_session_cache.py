"""Sessions that were looked up a moment ago: found until they may have changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import trio
from trio.testing import MockClock

from hub.identity.session_cache import MAX_SESSIONS, SessionCache
from persistence.sessions import due_in
from protocol.model import Session, SessionId, User, UserId
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.world import World, open_world

NOW = datetime.now(UTC)


def session(number: int, user: int = 1, lives: timedelta = timedelta(days=1)) -> Session:
    name = f"user{user}"
    shown = User(UserId(user), name, name, NOW, NOW)
    return Session(SessionId(number), shown, NOW + lives, due_in(lives))


def kept(*sessions: Session) -> SessionCache:
    """A cache with these sessions, each under its id as the hash."""
    cache = SessionCache()
    cache.keep(cache.edition, [bytes((each.id,)) for each in sessions], sessions)
    return cache


async def test_a_session_that_was_kept_is_found_for_ten_seconds(autojump_clock: MockClock) -> None:
    cache = kept(session(1))
    cache.keep(cache.edition, [b"\x02"], [None])
    assert cache.find(b"\x01") == session(1)
    assert cache.find(b"\x02") is None
    await trio.sleep(9.9)
    assert cache.find(b"\x01") == session(1)
    await trio.sleep(0.1)
    assert cache.find(b"\x01") is None


async def test_a_session_is_not_found_after_its_end() -> None:
    assert kept(session(1, lives=timedelta(seconds=-1))).find(b"\x01") is None


async def test_forgotten_sessions_are_not_found_and_the_others_stay() -> None:
    cache = kept(session(1, user=1), session(2, user=2), session(3, user=2), session(4, user=3))
    cache.forget_session(SessionId(1))
    cache.forget_session(SessionId(99))
    cache.forget_user(UserId(2))
    assert [cache.find(bytes((number,))) for number in (1, 2, 3, 4)] == [
        None, None, None, session(4, user=3),
    ]  # fmt: skip
    cache.forget_all()
    assert cache.find(b"\x04") is None


@pytest.mark.parametrize(
    "forget",
    [
        lambda cache: cache.forget_session(SessionId(1)),
        lambda cache: cache.forget_user(UserId(1)),
        lambda cache: cache.forget_all(),
    ],
)
async def test_a_session_that_was_forgotten_during_its_lookup_is_not_kept(
    forget: Callable[[SessionCache], None],
) -> None:
    cache = SessionCache()
    edition = cache.edition
    forget(cache)
    cache.keep(edition, [b"\x01"], [session(1)])
    assert cache.find(b"\x01") is None


async def test_the_size_of_the_cache_is_bounded_and_the_oldest_sessions_are_dropped() -> None:
    cache = SessionCache()
    hashes = [number.to_bytes(4) for number in range(MAX_SESSIONS + 2)]
    cache.keep(cache.edition, hashes, [session(number) for number in range(MAX_SESSIONS + 2)])
    assert cache.find(hashes[1]) is None
    assert cache.find(hashes[2]) == session(2)
    cache.keep(cache.edition, hashes[2:3], [session(2)])
    cache.keep(cache.edition, hashes[:1], [session(0)])
    assert cache.find(hashes[2]) == session(2), "it was looked up again, so it is not the oldest"
    assert cache.find(hashes[3]) is None


async def test_a_changed_profile_is_seen_by_the_next_request(world: World) -> None:
    ann = await world.person("ann")
    for is_public in (False, True, False):
        await ann.call("PUT", "/api/users/me/profile", {"is_public": is_public})
        me = await ann.call("GET", "/api/auth/session")
        assert me.json["is_public"] is is_public


async def test_changes_by_sql_are_seen(databases: Databases, mock_clock: MockClock) -> None:
    """The clock stands still, so no session is forgotten because of its age."""
    async with (
        databases.migrated() as dsn,
        open_store(dsn) as store,
        open_world(store) as world,
    ):
        ann, ben = await world.person("ann"), await world.person("ben")
        assert (await ann.call("GET", "/api/auth/session")).json["username"] == "ann"
        assert (await ben.call("GET", "/api/auth/session")).status == 200
        await execute(dsn, f"UPDATE users SET username = 'anna' WHERE id = {ann.id}")
        await execute(dsn, f"DELETE FROM sessions WHERE id = {ben.session_id}")
        while (await ann.call("GET", "/api/auth/session")).json["username"] != "anna":
            await trio.lowlevel.checkpoint()
        while (await ben.call("GET", "/api/auth/session")).status != 401:
            await trio.lowlevel.checkpoint()
