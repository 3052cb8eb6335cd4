"""Which log lines have which ids."""

import structlog
import trio

from hub.settings.log_ids import (
    begin_connection,
    begin_request,
    connection_id,
    end_request,
    know_user,
)
from tests.support.telemetry.logs import captured_lines

log = structlog.get_logger()


async def test_the_ids_of_a_task_are_in_its_lines_and_in_those_of_its_child_tasks() -> None:
    async def serve(user_id: int) -> None:
        begin_connection()
        know_user(user_id)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
        log.info("end")

    async def write() -> None:
        await trio.lowlevel.checkpoint()
        log.info("inner")

    with captured_lines() as lines:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, 1)
            nursery.start_soon(serve, 2)
        log.info("outside")
    *theirs, outside = lines
    by_user = {user: {x["connection"] for x in theirs if x["user"] == user} for user in (1, 2)}
    assert [len(ids) for ids in by_user.values()] == [1, 1]
    assert by_user[1].isdisjoint(by_user[2])
    assert outside == {"event": "outside", "log_level": "info"}


async def test_the_next_request_of_a_connection_has_no_user_yet() -> None:
    with captured_lines() as lines:
        name = begin_connection()
        begin_request("one")
        know_user(7)
        log.info("first")
        end_request()
        log.info("between")
        begin_request("two")
        log.info("second")
    first, between, second = lines
    assert (first["connection"], first["request"], first["user"]) == (name, "one", 7)
    assert (between.get("request"), between.get("user")) == (None, None)
    assert (second["connection"], second["request"], second.get("user")) == (name, "two", None)


async def test_a_new_connection_has_no_ids_of_the_task_that_opened_it() -> None:
    before = begin_connection()
    begin_request("one")
    know_user(7)
    assert begin_connection() != before
    with captured_lines() as lines:
        log.info("new")
    (line,) = lines
    assert line == {"event": "new", "log_level": "info", "connection": connection_id()}
