"""Sessions and secrets: the same on every store."""

from datetime import timedelta

import pytest

from persistence.interface import Store
from persistence.records import NoSuchUser
from protocol.model import Session, SessionId
from tests.support.stores.records import NOBODY, make_user


async def find(store: Store, token_hash: bytes) -> Session | None:
    (session,) = await store.sessions.find([token_hash])
    return session


def in_days(days: float) -> timedelta:
    return timedelta(days=days)


async def test_a_session_is_found_until_it_ends_or_expires(store: Store) -> None:
    ann = await make_user(store, "ann")
    opened = await store.sessions.open(ann.id, b"one", in_days(1))
    old = await store.sessions.open(ann.id, b"old", in_days(-1))
    assert await find(store, b"one") == await store.sessions.get(opened.id) == opened
    assert opened.user == ann
    assert await find(store, b"old") is await store.sessions.get(old.id) is None
    assert await find(store, b"none") is None
    assert await store.sessions.close(b"one") == opened.id
    assert await store.sessions.close(b"one") is None
    assert await find(store, b"one") is await store.sessions.get(opened.id) is None
    with pytest.raises(NoSuchUser):
        await store.sessions.open(NOBODY, b"x", in_days(1))


async def test_the_ends_of_live_sessions_are_returned(store: Store) -> None:
    ann = await make_user(store, "ann")
    new = await store.sessions.open(ann.id, b"new", in_days(1))
    old = await store.sessions.open(ann.id, b"old", in_days(-1))
    ids = [new.id, old.id, SessionId(987_654_321)]
    assert await store.sessions.ends(ids) == {new.id: new.expires_at}
    assert await store.sessions.ends([]) == {}


async def test_expired_sessions_are_purged_and_others_stay(store: Store) -> None:
    ann = await make_user(store, "ann")
    await store.sessions.open(ann.id, b"old", in_days(-1))
    await store.sessions.open(ann.id, b"new", in_days(1))
    assert await store.sessions.purge_expired() == 1
    assert await store.sessions.purge_expired() == 0
    assert await find(store, b"new") is not None


async def test_all_sessions_of_one_user_end_together(store: Store) -> None:
    ann, ben = await make_user(store, "ann"), await make_user(store, "ben")
    ids = {(await store.sessions.open(ann.id, bytes([n]), in_days(1))).id for n in range(3)}
    await store.sessions.open(ben.id, b"ben", in_days(1))
    assert set(await store.sessions.close_all(ann.id)) == ids
    assert await store.sessions.close_all(ann.id) == []
    assert await find(store, b"ben") is not None


async def test_a_new_password_ends_every_session_and_a_rehash_none(store: Store) -> None:
    ann = await make_user(store, "ann")
    await store.sessions.open(ann.id, b"one", in_days(1))
    await store.accounts.rehash_password(ann.id, "dearer")
    assert await find(store, b"one") is not None
    await store.accounts.set_password(ann.id, "new")
    found = await store.accounts.credentials("ann")
    assert found is not None
    assert found.password_hash == "new"
    assert await find(store, b"one") is None
    assert await store.accounts.password_hash(ann.id) == "new"
    assert await store.accounts.password_hash(NOBODY) is None
    with pytest.raises(NoSuchUser):
        await store.accounts.set_password(NOBODY, "x")


async def test_a_new_password_may_leave_one_session(store: Store) -> None:
    ann, ben = await make_user(store, "ann"), await make_user(store, "ben")
    mine = await store.sessions.open(ann.id, b"mine", in_days(1))
    await store.sessions.open(ann.id, b"other", in_days(1))
    await store.sessions.open(ben.id, b"ben", in_days(1))
    await store.accounts.set_password(ann.id, "new", keep=mine.id)
    assert await find(store, b"mine") == mine
    assert await find(store, b"other") is None
    assert await find(store, b"ben") is not None


async def test_the_first_secret_wins(store: Store) -> None:
    assert await store.sessions.secret("a", "one") == "one"
    assert await store.sessions.secret("a", "two") == "one"
    assert await store.sessions.secret("b", "two") == "two"
