"""The followers of a user: which lines they get, and what lines cost while there are none."""

import json
from typing import Any

import structlog
import trio
import trio.testing

from hub.settings.choices import LogLevel
from hub.settings.log_ids import begin_connection, know_user
from hub.settings.log_tap import DROPPED, Follower, LogTap, tap
from tests.support.telemetry.logs import written_log

log = structlog.get_logger()


def fail() -> None:
    raise RuntimeError("cannot reach postgresql://me:hunter2@db/x")


async def read(follower: Follower, count: int) -> list[Any]:
    return [await anext(follower) for _ in range(count)]


async def test_a_follower_sees_the_lines_of_one_user_at_every_level() -> None:
    with written_log(LogLevel.WARNING) as written, tap.follow(7) as follower:
        for user_id in (7, 8):
            begin_connection()
            log.debug("arrived")  # no user is known yet
            know_user(user_id)
            log.debug("did something", name=f"of {user_id}")
            log.warning("went wrong")
        log.info("of a task that serves several", user=7)
        lines = await read(follower, 3)
    assert [line["event"] for line in lines] == [
        "did something", "went wrong", "of a task that serves several",
    ]  # fmt: skip
    assert lines[0]["name"] == "of 7"
    assert lines[0]["level"] == "debug"
    assert lines[0]["timestamp"].endswith("Z")
    assert lines[0]["connection"] == lines[1]["connection"]
    events = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert events == ["went wrong", "went wrong"]


async def test_a_follower_sees_no_secrets_and_tracebacks_as_text() -> None:
    with written_log(LogLevel.ERROR), tap.follow(7) as follower:
        know_user(7)
        log.info("said", content="hunter2", reason="postgresql://me:hunter2@db/x")
        try:
            fail()
        except RuntimeError:
            log.exception("failed")
        lines = await read(follower, 2)
    assert "hunter2" not in json.dumps(lines)
    assert "RuntimeError: cannot reach postgresql://***@db/x" in lines[1]["exception"]


async def test_a_slow_follower_loses_lines_and_gets_their_number_in_their_place() -> None:
    with written_log(LogLevel.ERROR), tap.follow(7, room=2) as slow, tap.follow(7) as quick:
        know_user(7)
        for number in range(5):
            log.info("line", number=number)
        first, *missing = await read(slow, 3)
        assert first["number"] == 0
        assert (missing[0]["number"], missing[1]["event"]) == (1, DROPPED)
        assert (missing[1]["count"], missing[1]["level"]) == (3, "warning")
        assert [line["number"] for line in await read(quick, 5)] == [*range(5)]
        for number in range(5, 8):
            log.info("line", number=number)
        await read(slow, 1)
        log.info("line", number=8)  # the notice has no place beside it yet
        await read(slow, 1)
        assert (await read(slow, 1))[0]["count"] == 2
        log.info("line", number=9)
        assert (await read(slow, 1))[0]["number"] == 9


async def test_a_follower_gets_the_waiting_lines_and_then_the_end() -> None:
    own = LogTap()
    with own.follow(7) as follower:
        follower.offer({"event": "last"})
        own.end()
        follower.offer({"event": "too late"})
        assert [line["event"] async for line in follower] == ["last"]


async def test_lines_of_threads_are_followed_too() -> None:
    seen: list[Any] = []

    async def wait(follower: Follower) -> None:
        seen.extend(await read(follower, 1))

    with written_log(LogLevel.ERROR), tap.follow(7) as follower:
        know_user(7)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, follower)
            await trio.testing.wait_all_tasks_blocked()
            await trio.to_thread.run_sync(log.info, "from a thread")
    assert [line["event"] for line in seen] == ["from a thread"]


async def test_a_line_below_the_level_is_not_rendered_without_a_follower() -> None:
    class Costly:
        def __repr__(self) -> str:
            raise AssertionError("it was looked at")

    with written_log(LogLevel.INFO) as written:
        with tap.follow(7), tap.follow(7):
            assert tap
        assert not tap
        know_user(7)
        log.debug("line", value=Costly())
    assert written.getvalue() == ""


async def test_a_line_without_a_user_has_no_followers() -> None:
    own = LogTap()
    with own.follow(7) as follower:
        assert own.followers_of({"event": "started"}) == ()
        assert own.followers_of({"event": "odd", "user": "7"}) == ()
        assert own.followers_of({"event": "theirs", "user": 7}) == [follower]
