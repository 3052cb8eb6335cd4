"""Password hashes."""

import os
import threading
from typing import Literal

import argon2
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from hub.identity.passwords import (
    MAX_WAITING_OF_ONE,
    NICENESS,
    NO_PASSWORD,
    WAIT_SECONDS,
    Busy,
    PasswordHasher,
    check_password,
)

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LEAST = 19  # the lowest priority
CHEAPER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=16)


async def test_one_core_computes_a_hash() -> None:
    assert ",p=1$" in await PasswordHasher().hash("a long one")


async def test_a_password_verifies_against_its_own_hash_alone() -> None:
    passwords = PasswordHasher(CHEAP)
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$")
    assert hashed != await passwords.hash("correct horse")  # salted
    assert await passwords.verify(hashed, "correct horse")
    assert not await passwords.verify(hashed, "wrong horse")


@pytest.mark.parametrize("kept", [None, "", "none", "$argon2id$nonsense"])
async def test_no_account_and_an_unusable_hash_never_verify(kept: str | None) -> None:
    assert not await PasswordHasher(CHEAP).verify(kept, "anything")


async def test_an_unknown_account_costs_a_verification_like_a_known_one() -> None:
    verified: list[tuple[str, str]] = []

    class Counting(argon2.PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            verified.append((str(hash)[:9], str(password)))
            return super().verify(hash, password)

    passwords = PasswordHasher(Counting(time_cost=1, memory_cost=8, parallelism=1))
    for nothing in (None, NO_PASSWORD):
        verified.clear()
        await passwords.verify(nothing, "guess")
        assert verified == [("$argon2id", "guess")]


async def test_hashes_are_computed_in_a_thread_of_lower_priority() -> None:
    """No other work gets that thread afterwards."""
    found: list[int] = []

    class Looking(argon2.PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            found.append(priority())
            return super().hash(password, salt=salt)

    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    passwords = PasswordHasher(Looking(time_cost=1, memory_cost=8, parallelism=1))
    await passwords.hash("correct horse")
    found.append(await trio.to_thread.run_sync(priority))
    assert found == [min(LEAST, priority() + NICENESS), priority()]


async def test_one_hash_is_computed_at_a_time() -> None:
    running, most = 0, 0
    lock = trio.Lock()
    token = trio.lowlevel.current_trio_token()

    class Watching(argon2.PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            nonlocal most
            trio.from_thread.run(enter, trio_token=token)
            try:
                return super().hash(password, salt=salt)
            finally:
                trio.from_thread.run(leave, trio_token=token)

    async def enter() -> None:
        nonlocal running, most
        async with lock:
            running += 1
            most = max(most, running)
        await trio.testing.wait_all_tasks_blocked()  # every hash that could begin has begun

    async def leave() -> None:
        nonlocal running
        async with lock:
            running -= 1

    passwords = PasswordHasher(Watching(time_cost=1, memory_cost=8, parallelism=1))
    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(passwords.hash, "correct horse")
    assert most == 1


class Slow(argon2.PasswordHasher):
    """Hashes passwords only once `go_on` is set."""

    go_on = threading.Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.go_on.wait()
        return super().hash(password, salt=salt)


async def test_the_hashes_that_wait_are_limited_in_number_and_time(mock_clock: MockClock) -> None:
    """A task that is cancelled frees its place; one that has waited for too long gets `Busy`."""
    slow = Slow(time_cost=1, memory_cost=8, parallelism=1)
    slow.go_on = threading.Event()
    passwords = PasswordHasher(slow)
    busy: list[str] = []

    async def hash_it() -> None:
        try:
            await passwords.hash("correct horse")
        except Busy:
            busy.append("in the queue")

    async with trio.open_nursery() as nursery:
        try:
            nursery.start_soon(hash_it)
            await trio.testing.wait_all_tasks_blocked()
            async with trio.open_nursery() as waiting:
                for _ in range(MAX_WAITING_OF_ONE + 1):
                    waiting.start_soon(hash_it)
                await trio.testing.wait_all_tasks_blocked()
                assert busy == ["in the queue"]
                waiting.cancel_scope.cancel()
            nursery.start_soon(hash_it)
            await trio.testing.wait_all_tasks_blocked()
            assert (len(busy), passwords.waiting) == (1, 1)
            mock_clock.jump(WAIT_SECONDS)
            await trio.testing.wait_all_tasks_blocked()
            assert (len(busy), passwords.waiting) == (2, 0)
        finally:
            slow.go_on.set()


async def test_many_hashes_of_one_owner_do_not_keep_others_waiting() -> None:
    slow = Slow(time_cost=1, memory_cost=8, parallelism=1)
    slow.go_on = threading.Event()
    passwords = PasswordHasher(slow)
    done: list[str] = []

    async def hash_it(owner: str) -> None:
        try:
            await passwords.hash("correct horse", owner)
        except Busy:
            return
        done.append(owner)

    async with trio.open_nursery() as nursery:
        try:
            for owner in [*("a" * 2 * MAX_WAITING_OF_ONE), "b", "b"]:
                nursery.start_soon(hash_it, owner)
                await trio.testing.wait_all_tasks_blocked()
        finally:
            slow.go_on.set()
    assert len(done) == 1 + MAX_WAITING_OF_ONE + 2
    assert "".join(done[:5]) == "ababa"


async def test_a_hash_of_another_cost_needs_a_rehash() -> None:
    old = await PasswordHasher(CHEAPER).hash("correct horse")
    passwords = PasswordHasher(CHEAP)
    assert passwords.needs_rehash(old)
    assert not passwords.needs_rehash(await passwords.hash("correct horse"))


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("1234567", "password_too_short"),
        ("12345678", None),
        ("x" * 1024, None),
        ("x" * 1025, "password_too_long"),
    ],
)
def test_a_new_password_has_8_to_1024_characters(password: str, flaw: str | None) -> None:
    assert check_password(password) == flaw
