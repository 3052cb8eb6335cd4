"""The log lines of one user, as operators read them while they are written."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
import trio
from attrs import define
from trio.testing import MockClock

from hub.rest.routes.admin.trace import BEAT_SECONDS, MAX_TRACES
from hub.settings.choices import LogLevel
from hub.settings.log_tap import DROPPED, LINES, tap
from persistence.interface import AuditEntry, Store, Way
from tests.support.clients.operators import TOKEN, Operators, operated
from tests.support.quiet import until_quiet
from tests.support.telemetry.logs import written_log
from tests.support.world import World

log = structlog.get_logger()


@define
class Reader:
    """An operator's connection that follows a user over HTTP."""

    stream: trio.abc.Stream
    received: bytes = b""

    async def next(self) -> Any:
        """The next line; None: an empty one."""
        while b"\n\r\n" not in self.received:
            part = bytes(await self.stream.receive_some())
            assert part, self.received
            self.received += part
        size, _, rest = self.received.partition(b"\r\n")
        length = int(size, 16)
        line, self.received = rest[:length], rest[length + 2 :]
        return json.loads(line) if line.strip() else None

    async def end(self) -> bytes:
        """What comes until the end of the response."""
        while not self.received.endswith(b"0\r\n\r\n"):
            part = bytes(await self.stream.receive_some())
            assert part, self.received
            self.received += part
        return self.received


@asynccontextmanager
async def reading(world: World, name: str) -> AsyncIterator[Reader]:
    async with world.connect(peer="::1") as stream:
        path = f"GET /admin/trace?user={name} HTTP/1.1\r\nHost: parlour.test\r\n"
        await stream.send_all(f"{path}Authorization: Bearer {TOKEN}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += bytes(await stream.receive_some())
        assert head.startswith(b"HTTP/1.1 200"), head
        assert b"application/x-ndjson" in head
        yield Reader(stream, head.partition(b"\r\n\r\n")[2])


async def test_the_lines_of_one_user_come_as_they_are_written(memory_store: Store) -> None:
    with written_log(LogLevel.ERROR) as written:
        async with operated(memory_store) as (world, operators):
            ann, ben = await world.people("ann", "ben")
            async with reading(world, "ANN") as reader:
                bens, anns = await ben.open(), await ann.open()
                await anns.send_text("{")
                await anns.receive_type("error")
                lines = [await reader.next() for _ in range(2)]
                await operators.done("/admin/kick", {"user": "ann"})
                lines += [await reader.next() for _ in range(2)]
                await anns.closed()
            await until_quiet()
            assert not tap
            await bens.close_in_silence()
            (row, _) = await operators.audit()
            assert row.entry == AuditEntry(Way.HTTP, "::/64", "trace", {})
            assert row.user_id == ann.id
    assert {line["user"] for line in lines} == {ann.id}
    events = [line["event"] for line in lines]
    assert events[:2] == ["client_connected", "frame_refused"]
    assert "operator_acted" in events
    assert written.getvalue() == ""  # lines that are only traced are not logged


async def test_an_unknown_user_is_not_followed(memory_store: Store) -> None:
    async with operated(memory_store) as (_, operators):
        for query, status, code in (
            ("?user=eve", 404, "user_not_found"),
            ("", 404, "user_not_found"),
        ):
            reply = await operators.call("GET", f"/admin/trace{query}")
            assert (reply.status, reply.json["code"]) == (status, code)
        assert await operators.audit() == []
        assert not tap


async def test_the_number_of_traces_at_a_time_is_limited(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        await world.person("ann")
        async with trio.open_nursery() as nursery:

            async def follow() -> None:
                async with reading(world, "ann"):
                    await trio.sleep_forever()

            for _ in range(MAX_TRACES):
                nursery.start_soon(follow)
            await until_quiet()
            await is_busy(operators)
            nursery.cancel_scope.cancel()
        await until_quiet()
        async with reading(world, "ann"):
            pass


async def is_busy(operators: Operators) -> None:
    reply = await operators.call("GET", "/admin/trace?user=ann")
    assert (reply.status, reply.json["code"]) == (503, "busy")


async def test_a_reader_that_stands_still_gets_the_number_of_lines_it_missed(
    memory_store: Store,
) -> None:
    with written_log(LogLevel.ERROR):
        async with operated(memory_store) as (world, _):
            ann = await world.person("ann")
            async with reading(world, "ann") as reader:
                for number in range(3 * LINES):
                    log.info("line", user=ann.id, number=number)
                lines = [await reader.next() for _ in range(LINES + 2)]
    # the first line goes to the reader, which already waits for it
    assert [line["number"] for line in lines[:-1]] == [*range(LINES + 1)]
    assert (lines[-1]["event"], lines[-1]["count"]) == (DROPPED, 2 * LINES - 1)


async def test_an_empty_line_is_sent_at_intervals_while_a_user_is_quiet(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with operated(memory_store) as (world, _):
        await world.person("ann")
        async with reading(world, "ann") as reader:
            before = trio.current_time()
            assert await reader.next() is None
            assert trio.current_time() - before == BEAT_SECONDS


async def test_the_response_ends_when_the_hub_ends(memory_store: Store) -> None:
    async with operated(memory_store) as (world, _):
        ann = await world.person("ann")
        with written_log(LogLevel.ERROR):
            async with reading(world, "ann") as reader:
                log.info("last", user=ann.id)
                tap.end()
                assert b'"last"' in await reader.end()


async def test_a_head_request_follows_no_user(memory_store: Store) -> None:
    async with operated(memory_store) as (world, operators):
        await world.person("ann")
        async with world.connect(peer="::1") as stream:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            await stream.send_all(
                b"HEAD /admin/trace?user=ann HTTP/1.1\r\nHost: parlour.test\r\n"
                + f"Authorization: {headers['Authorization']}\r\n\r\n".encode()
            )
            assert bytes(await stream.receive_some()).startswith(b"HTTP/1.1 200")
            assert not tap
        assert (await operators.call("GET", "/admin/status")).status == 200
