"""What a bus over Redis does when the server is killed, emptied, full, or another one."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
import trio

from persistence.bus import BusUnavailable, redis
from persistence.bus.redis import RedisBus, open_redis_bus
from persistence.bus.redis_server import server_of
from tests.support.buses.carriers import cut, until
from tests.support.buses.redis_process import HOST, PASSWORD, QUOTED, RedisProcess, redis_process
from tests.support.telemetry.logs import about, captured_lines

Heard: TypeAlias = AsyncIterator[bytes | None]
STREAM = "parlour:one:bulletins"


@pytest.fixture
def server() -> Iterator[RedisProcess]:
    with redis_process() as process:
        process.start()
        yield process


@asynccontextmanager
async def node(url: str) -> AsyncIterator[tuple[RedisBus, Heard]]:
    async with open_redis_bus(server_of(url), "one") as bus, bus.bulletins() as heard:
        assert await anext(heard) is None
        yield bus, heard


async def publish_until_it_works(bus: RedisBus, data: bytes) -> None:
    while (reason := await refusal(bus, data)) is not None:
        assert PASSWORD not in reason


async def refusal(bus: RedisBus, data: bytes = b"?") -> str | None:
    """Why a bulletin is not published; None: it is."""
    try:
        await bus.publish(data)
    except BusUnavailable as error:
        await trio.lowlevel.checkpoint()
        return str(error)
    return None


async def refused_with(bus: RedisBus, reason: str) -> None:
    """Publish until it is refused with this reason."""
    while reason not in (await refusal(bus) or ""):
        pass


async def goes_on(bus: RedisBus, heard: Heard, data: bytes) -> list[bytes | None]:
    await publish_until_it_works(bus, data)
    return await until(heard, data)


async def test_a_server_is_killed_and_starts_empty(server: RedisProcess) -> None:
    async with node(server.url) as (bus, heard):
        for number in range(3):
            await publish_until_it_works(bus, b"lost")
            server.kill()
            assert await refusal(bus) is not None
            server.start()
            found = await goes_on(bus, heard, b"%d" % number)
            assert None in found


async def test_a_server_that_stands_still_is_given_up_and_used_again_later(
    server: RedisProcess,
) -> None:
    async with node(server.url) as (bus, heard):
        await bus.publish(b"first")
        assert await anext(heard) == b"first"
        server.stand_still()
        began = trio.current_time()
        with captured_lines() as lines:
            await refused_with(bus, "no answer within 2 s")
            assert trio.current_time() < began + 20
            server.go_on()
            await publish_until_it_works(bus, b"last")
        assert b"last" in await until(heard, b"last")
        assert len(about(lines, "bus_back")) >= 1


async def test_a_reader_goes_on_after_its_position(server: RedisProcess) -> None:
    async with node(server.url) as (bus, heard):
        await bus.publish(b"before")
        assert await anext(heard) == b"before"
        cut(server, f"XADD {STREAM} * b meanwhile")
        assert await until(heard, b"meanwhile") == [None, b"meanwhile"]


async def test_a_reader_gets_a_none_where_a_stream_was_trimmed_before_it_was_read(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.bus.arrivals.MAX_WAITING", 200)
    async with node(server.url) as (_, heard):
        adds = [f"XADD {STREAM} * b {number}" for number in range(600)]
        server.ask(*adds, f"XTRIM {STREAM} MAXLEN 200")  # the reader has stopped before 200
        found = await until(heard, b"599")
        gap = found.index(None)
        assert found[:gap] == [b"%d" % number for number in range(gap)]
        assert found[gap + 1 :] == [b"%d" % number for number in range(400, 600)]


async def test_a_slow_reader_misses_nothing(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.bus.arrivals.MAX_WAITING", 200)
    async with node(server.url) as (_, heard):
        server.ask(*(f"XADD {STREAM} * b {number}" for number in range(1_000)))
        sent = [b"%d" % number for number in range(1_000)]
        assert await until(heard, sent[-1]) == sent


@pytest.mark.parametrize("command", [f"DEL {STREAM}", "FLUSHALL", f"XTRIM {STREAM} MAXLEN 0"])
async def test_a_reader_gets_a_none_when_its_stream_is_emptied(
    server: RedisProcess, command: str
) -> None:
    async with node(server.url) as (bus, heard):
        await bus.publish(b"first")
        assert await anext(heard) == b"first"
        server.ask(command)
        assert await anext(heard) is None
        await bus.publish(b"second")
        assert await anext(heard) == b"second"


async def test_a_stream_that_begins_again_with_older_ids_is_read(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a failover to a machine whose clock is behind. Bulletins that are published after
    the reader got its None arrive.
    """
    monkeypatch.setattr(redis, "BLOCK_SECONDS", 0.1)
    async with node(server.url) as (bus, heard):
        await bus.publish(b"first")
        assert await anext(heard) == b"first"
        for past in range(9, 0, -1):
            server.ask("MULTI", f"DEL {STREAM}", f"XADD {STREAM} {past}-1 b lost", "EXEC")
            assert await anext(heard) is None
            server.ask(f"XADD {STREAM} {past}-2 b next")
            assert await anext(heard) == b"next"


async def test_the_reason_of_a_refusal_is_logged_once_and_so_is_its_end(
    server: RedisProcess,
) -> None:
    full = ("CONFIG SET maxmemory 1mb", "CONFIG SET maxmemory 0", "is full")
    replica = (f"REPLICAOF {HOST} 1", "REPLICAOF NO ONE", "is a read-only replica")
    taken = (f"SET {STREAM} x", f"DEL {STREAM}", "holds something else")
    async with open_redis_bus(server_of(server.url), "one") as bus:
        for begin, end, words in (full, replica, taken):
            server.ask(begin)
            with captured_lines() as lines:
                for _ in range(3):
                    await refused_with(bus, words)
                server.ask(end)
                await publish_until_it_works(bus, b"again")
            events = [(each["event"], words in each.get("reason", words)) for each in lines]
            assert events == [("bus_lost", True), ("bus_back", True)]


@pytest.mark.parametrize(
    ("login", "words"),
    [
        (":wrong-one@", "refuses the user or the password"),
        ("", "wants a password"),
        ("weak:wrong-one@", "lacks a right on the server"),
    ],
)
async def test_a_refused_login_is_logged_once_without_its_password(
    server: RedisProcess, login: str, words: str
) -> None:
    server.ask("ACL SETUSER weak on >wrong-one ~other +@all")
    url = server.url.replace(f":{QUOTED}@", login)
    with captured_lines() as lines:
        async with open_redis_bus(server_of(url), "one") as bus:
            for _ in range(3):
                await refused_with(bus, words)
    assert [line["event"] for line in lines] == ["bus_lost"]
    assert "wrong-one" not in str(lines)


async def test_the_rights_that_the_docs_name_are_enough(server: RedisProcess) -> None:
    page = (Path(__file__).parents[3] / "docs/scaling.md").read_text()
    (command,) = re.findall("ACL SETUSER .*", page)
    server.ask(command.replace("PASSWORD", "pw"))
    async with node(server.url.replace(f":{QUOTED}", "parlour:pw")) as (bus, heard):
        await bus.publish(b"first")
        assert await anext(heard) == b"first"


async def test_a_bus_may_be_opened_before_its_server_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis, "BEGIN_SECONDS", 0.1)
    with redis_process(tls=True) as process:
        async with open_redis_bus(server_of(process.url), "one") as bus, bus.bulletins() as heard:
            await refused_with(bus, "Connection refused")
            process.start()
            await publish_until_it_works(bus, b"first")
            assert await anext(heard) is None
            await publish_until_it_works(bus, b"second")
            assert b"second" in await until(heard, b"second")


async def test_a_stream_does_not_grow_without_end(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_redis_bus(server_of(server.url), "one") as bus:
        server.ask(*(f"XADD {STREAM} * b {number}" for number in range(redis.KEPT + 1_000)))
        await bus.publish(b"one more")
    assert redis.KEPT <= int(server.ask(f"XLEN {STREAM}")) <= redis.KEPT + 200


async def test_a_primary_that_is_killed_is_replaced_by_the_sentinels(server: RedisProcess) -> None:
    async with AsyncExitStack() as stack:
        replica, sentinel = (stack.enter_context(redis_process()) for _ in range(2))
        replica.start("--replicaof", f"{HOST} {server.port}")
        while "master_link_status:up" not in replica.ask("INFO replication"):
            await trio.lowlevel.checkpoint()
        sentinel.start_sentinel(server)
        while f"port\n{replica.port}\n" not in sentinel.ask("SENTINEL REPLICAS main"):
            await trio.lowlevel.checkpoint()
        url = (
            f"redis+sentinel://:{QUOTED}@{HOST}:1,{HOST}:{sentinel.port}/main"
            f"?sentinel_password={QUOTED}"
        )
        bus, heard = await stack.enter_async_context(node(url))
        await goes_on(bus, heard, b"at the first")
        server.kill()
        found = await goes_on(bus, heard, b"at the second")
        assert None in found
        assert "master" in replica.ask("ROLE")


async def test_a_replaced_primary_that_still_runs_is_left(
    server: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "SENTINEL_CHECK_SECONDS", 0.1)
    async with AsyncExitStack() as stack:
        other, sentinel = (stack.enter_context(redis_process()) for _ in range(2))
        other.start()
        sentinel.start_sentinel(server)
        url = f"redis+sentinel://:{QUOTED}@{HOST}:{sentinel.port}/main?sentinel_password={QUOTED}"
        bus, heard = await stack.enter_async_context(node(url))
        sentinel.ask(
            "SENTINEL REMOVE main",
            f"SENTINEL MONITOR main {HOST} {other.port} 1",
            f"SENTINEL SET main auth-pass {PASSWORD}",
        )
        assert await anext(heard) is None
        while not int(other.ask(f"XLEN {STREAM}")):
            await publish_until_it_works(bus, b"there")
        assert b"there" in await until(heard, b"there")
