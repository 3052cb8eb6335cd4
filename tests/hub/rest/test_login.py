"""How often a client may try to log in, and from where."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import argon2
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from hub.identity.passwords import MAX_WAITING_OF_ONE, PasswordHasher
from hub.limits.guesses import NETWORKS, SLOW_SECONDS
from persistence.interface import Store
from persistence.records import NewUser
from tests.support.accounts import ANN, log_in, register
from tests.support.clients.http import Reply
from tests.support.cluster.worlds import open_nodes
from tests.support.quiet import until_quiet
from tests.support.world import World, open_world


async def test_guesses_lock_out_their_own_network_and_not_the_owner(memory_store: Store) -> None:
    async with open_world(memory_store, login_attempts=3) as world:
        await register(world)
        for _ in range(3):
            assert (await log_in(world, "wrong password")).status == 401
        limited = await log_in(world)
        assert (limited.status, limited.json["code"]) == (429, "too_many_attempts")
        assert int(limited.headers["retry-after"]) > 0
        body = {"email": ANN["email"], "password": ANN["password"]}
        elsewhere = await world.call("POST", "/api/auth/login", body, peer="192.0.2.2")
        assert elsewhere.status == 200
        assert (await log_in(world, email="ben@example.org")).status == 401


RIGHT = {"email": ANN["email"], "password": ANN["password"]}


async def attack(world: World) -> None:
    """Guess Ann's password from so many networks that further ones are slowed down."""
    for number in range(NETWORKS):
        assert await guess(world, ANN["email"], f"198.51.100.{number}", {}) == 401


@pytest.mark.parametrize("existing", [True, False])
async def test_guesses_from_many_networks_slow_others_down_and_do_not_refuse_them(
    memory_store: Store, mock_clock: MockClock, existing: bool
) -> None:
    """Also where there is no such account."""
    async with open_world(memory_store, login_attempts=1) as world:
        if existing:
            await register(world)
            assert (await log_in(world)).status == 200
        await attack(world)
        if existing:
            assert (await log_in(world)).status == 200  # the owner has logged in from there before
        replies: list[Reply] = []

        async def log_in_elsewhere() -> None:
            replies.append(await world.call("POST", "/api/auth/login", RIGHT, peer="192.0.2.2"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(log_in_elsewhere)
            await until_quiet()
            assert replies == []
            mock_clock.jump(SLOW_SECONDS)
        assert [each.status for each in replies] == [200 if existing else 401]
        assert await guess(world, ANN["email"], "198.51.100.0", {}) == 429


async def test_the_owner_logs_in_by_a_known_browser_from_a_network_that_is_locked_out(
    store: Store,
) -> None:
    async with open_world(store, login_attempts=2) as world:
        await register(world)
        signed_in = await log_in(world)
        (known,) = [
            each.partition(";")[0] for each in signed_in.set_cookies if "known_browser" in each
        ]
        for _ in range(2):
            assert (await log_in(world, "wrong password")).status == 401
        assert (await log_in(world)).status == 429
        mine = {"Cookie": known}
        again = await world.call("POST", "/api/auth/login", RIGHT, mine)
        assert (again.status, "known_browser" in str(again.set_cookies)) == (200, False)
        for _ in range(2):
            assert await guess(world, ANN["email"], "192.0.2.1", mine) == 401
        assert await guess(world, ANN["email"], "192.0.2.1", mine) == 429
        await register(world, email="ben@example.org")
        other = {**RIGHT, "email": "ben@example.org"}
        for _ in range(2):
            assert await guess(world, "ben@example.org", "192.0.2.1", mine) == 401
        assert (await world.call("POST", "/api/auth/login", other, mine)).status == 429


async def test_a_known_browser_can_log_in_after_its_network_has_used_up_its_attempts(
    memory_store: Store,
) -> None:
    async with open_world(memory_store, login_attempts_per_address=3) as world:
        await register(world)
        (*_, cookie) = (await log_in(world)).set_cookies
        for number in range(3):
            status = await guess(world, f"nobody{number}", "192.0.2.1", {})
            assert status == (401 if number < 2 else 429)  # the registration was one
        mine = {"Cookie": cookie.partition(";")[0]}
        for password, status in (("wrong", 401), (ANN["password"], 200)):
            body = {"email": ANN["email"], "password": password}
            assert (await world.call("POST", "/api/auth/login", body, mine)).status == status
        assert await guess(world, "nobody", "192.0.2.1", mine) == 429


async def test_a_client_that_disconnects_while_it_is_slowed_down_frees_its_place(
    memory_store: Store, mock_clock: MockClock
) -> None:
    async with open_world(memory_store, login_attempts=1) as world:
        await register(world)
        await attack(world)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log_in, world, "wrong password")
            await until_quiet()
            assert (await log_in(world)).status == 429
            nursery.cancel_scope.cancel()
        await until_quiet()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(enter, world)
            await until_quiet()
            mock_clock.jump(SLOW_SECONDS)


async def enter(world: World) -> None:
    assert (await log_in(world)).status == 200


@pytest.mark.parametrize("existing", [True, False])
async def test_guesses_are_counted_by_account_however_it_is_named(
    store: Store, existing: bool
) -> None:
    """By email or username, in any case, with letters that only look different."""
    async with open_world(store, login_attempts=4) as world:
        names = [ANN["email"], ANN["email"].upper()]
        if existing:
            await register(world)
            names += ["ann", "ANN"]
        else:
            names += ["\uff41nn@example.org", "Ann@Example.org"]
        for name in names:
            assert (await log_in(world, "wrong password", email=name)).status == 401
        for name in (*names, names[0].title()):
            assert (await log_in(world, "wrong password", email=name)).status == 429


async def test_successful_logins_do_not_use_up_the_attempts_of_their_network(
    memory_store: Store,
) -> None:
    """Such as those of a school behind one address."""
    async with open_world(memory_store, login_attempts_per_address=3) as world:
        await register(world)
        for _ in range(20):
            assert (await log_in(world)).status == 200
        for name in ("a", "b"):
            assert (await log_in(world, email=name)).status == 401
        assert (await log_in(world)).status == 429


async def test_a_class_signs_up_and_in_at_once_from_one_address(memory_store: Store) -> None:
    """With the default settings. A login counts as an attempt until its password proves right."""
    async with open_world(memory_store) as world:
        statuses: list[list[int]] = []

        async def come(number: int) -> None:
            email = f"pupil{number}@example.org"
            made = await register(world, email=email, nickname=f"pupil{number}")
            entered = [await log_in(world, email=email) for _ in range(2)]
            statuses.append([each.status for each in (made, *entered)])

        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(come, number)
        assert statuses == [[201, 200, 200]] * 50


@asynccontextmanager
async def behind_proxy(store: Store) -> AsyncIterator[tuple[World, str]]:
    """A hub where every address may fail once, and the address of its proxy."""
    proxy = "198.51.100.1"
    async with open_world(store, login_attempts_per_address=1, trusted_proxies=(proxy,)) as world:
        yield world, proxy


async def guess(world: World, name: str, peer: str, headers: dict[str, str]) -> int:
    """The status of a login that fails."""
    body = {"email": name, "password": "x"}
    return (await world.call("POST", "/api/auth/login", body, headers, peer=peer)).status


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8:1:2:a::1", "2001:db8:1:2:ffff::2", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("not an address", "'", True),
    ],
)
async def test_addresses_of_one_network_are_counted_together(
    memory_store: Store, first: str, second: str, is_one: bool
) -> None:
    """Also those that a trusted proxy forwards; a text that is no address counts for the proxy."""
    async with behind_proxy(memory_store) as (world, proxy):
        for address, status in ((first, 401), (second, 429 if is_one else 401)):
            headers = {"X-Forwarded-For": address}
            assert await guess(world, address, proxy, headers) == status


class Held(argon2.PasswordHasher):
    """Verifies passwords only once `go_on` is set."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go_on = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.go_on.wait()
        return super().verify(hash, password)


async def test_waiting_logins_are_limited_and_a_client_that_disconnects_frees_its_place(
    memory_store: Store,
) -> None:
    """A login without a place gets 503 with Retry-After, and does not count as a guess."""
    held = Held()
    passwords = PasswordHasher(held)
    async with open_world(
        memory_store, passwords=passwords, login_attempts=MAX_WAITING_OF_ONE + 2
    ) as world:
        password_hash = await passwords.hash(ANN["password"])
        await world.store.accounts.create(NewUser("Ann", password_hash, "ann", ANN["email"]))
        replies: list[Reply] = []

        async def come_in() -> None:
            replies.append(await log_in(world))

        async with trio.open_nursery() as served:
            try:
                served.start_soon(come_in)
                await trio.testing.wait_all_tasks_blocked()
                async with trio.open_nursery() as waiting:
                    for _ in range(MAX_WAITING_OF_ONE + 1):
                        waiting.start_soon(come_in)
                    await trio.testing.wait_all_tasks_blocked()
                    (busy,) = replies
                    assert (busy.status, busy.json["code"]) == (503, "busy")
                    assert int(busy.headers["retry-after"]) > 0
                    waiting.cancel_scope.cancel()  # these clients disconnect
                served.start_soon(come_in)
                await trio.testing.wait_all_tasks_blocked()
                assert (len(replies), passwords.waiting) == (1, 1)
            finally:
                held.go_on.set()
        assert [reply.status for reply in replies] == [503, 200, 200]


async def test_many_logins_from_one_network_do_not_keep_other_networks_waiting(
    memory_store: Store,
) -> None:
    """Logins of one network wait for each other; one of another network waits for two at most."""
    held = Held()
    passwords = PasswordHasher(held)
    async with open_world(memory_store, passwords=passwords, login_attempts=1_000) as world:
        password_hash = await passwords.hash(ANN["password"])
        await world.store.accounts.create(NewUser("Ann", password_hash, "ann", ANN["email"]))
        done: list[tuple[str, int]] = []

        async def come_in(peer: str, password: str) -> None:
            body = {"email": ANN["email"], "password": password}
            reply = await world.call("POST", "/api/auth/login", body, peer=peer)
            done.append((peer, reply.status))

        async with trio.open_nursery() as served:
            try:
                for _ in range(2 * MAX_WAITING_OF_ONE):
                    served.start_soon(come_in, "198.51.100.1", "wrong password")
                await trio.testing.wait_all_tasks_blocked()
                served.start_soon(come_in, "192.0.2.1", ANN["password"])
                await trio.testing.wait_all_tasks_blocked()
                refused = [status for _, status in done]
                assert refused == [503] * (MAX_WAITING_OF_ONE - 1)
            finally:
                held.go_on.set()
        assert ("192.0.2.1", 200) in done[len(refused) :][:3]


async def test_a_successful_login_resets_the_guesses_of_the_account(memory_store: Store) -> None:
    async with open_world(memory_store, login_attempts=3) as world:
        await register(world)
        for _ in range(3):
            for _ in range(2):
                assert (await log_in(world, "wrong password")).status == 401
            assert (await log_in(world)).status == 200


async def test_logins_and_registrations_are_limited_per_address(memory_store: Store) -> None:
    async with open_world(memory_store, login_attempts_per_address=3) as world:
        await register(world)
        for name in ("a", "b"):
            assert (await log_in(world, email=name)).status == 401
        assert (await log_in(world)).status == 429
        assert (await register(world, email="x@example.org")).status == 429
        body = {"email": ANN["email"], "password": ANN["password"]}
        elsewhere = await world.call("POST", "/api/auth/login", body, peer="192.0.2.2")
        assert elsewhere.status == 200


async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(memory_store: Store) -> None:
    async with behind_proxy(memory_store) as (world, proxy):
        for name, peer, claimed, status in (
            ("a", proxy, "203.0.113.1", 401),
            ("b", proxy, "203.0.113.2", 401),
            ("c", proxy, "203.0.113.2", 429),
            ("d", "192.0.2.9", "203.0.113.3", 401),
            ("e", "192.0.2.9", "203.0.113.4", 429),
        ):
            assert await guess(world, name, peer, {"X-Forwarded-For": claimed}) == status


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "198.51.100.7, 203.0.113.1"},
        {"X-Forwarded-For": "198.51.100.7", "x-forwarded-for": "203.0.113.1"},  # HAProxy's way
    ],
)
async def test_an_address_that_the_client_itself_forwards_is_ignored(
    memory_store: Store, headers: dict[str, str]
) -> None:
    async with behind_proxy(memory_store) as (world, proxy):
        for name, status in (("a", 401), ("b", 429)):
            said = {each: value.replace(".7", f".{ord(name)}") for each, value in headers.items()}
            assert await guess(world, name, proxy, said) == status


async def test_failed_logins_are_counted_over_all_nodes(autojump_clock: MockClock) -> None:
    """For one account from one network, and for all accounts of a network."""
    async with open_nodes(2, login_attempts=3, login_attempts_per_address=5) as (north, south):
        await register(north.world)
        for node in (north, south, north):
            assert (await log_in(node.world, "wrong password")).status == 401
        for node in (south, north):
            limited = await log_in(node.world)
            assert (limited.status, limited.json["code"]) == (429, "too_many_attempts")
            assert 0 < int(limited.headers["retry-after"]) <= 301
        refused = await log_in(south.world, email="ben@example.org")
        assert refused.status == 429
        await trio.sleep(301)
        assert (await log_in(south.world)).status == 200
