"""The requests of a worker to the other workers."""

from itertools import islice
from pathlib import Path

import trio
from trio.testing import MockClock

from hub.cluster.siblings import ALONE, SUFFIX, Siblings
from tests.support.cluster.sibling import worker


async def test_a_request_goes_to_all_other_workers(tmp_path: Path) -> None:
    ok = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"n": 2}'
    no = b'HTTP/1.1 404 Not Found\r\n\r\n{"n": 3}'
    (tmp_path / f"ended{SUFFIX}").touch()
    async with (
        worker(tmp_path, "n-1", ok) as own,
        worker(tmp_path, "n-2", ok) as other,
        worker(tmp_path, "n-3", no),
    ):
        assert await Siblings(tmp_path, "n-1").ask("POST", "/a?b=c", {"d": 1}) == [{"n": 2}]
        assert own == []
        assert other[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
        assert other[0].endswith(b'\r\n\r\n{"d": 1}')
    assert await ALONE.ask("GET", "/") == []


async def test_a_worker_that_does_not_respond_is_left_out(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    async with worker(tmp_path, "n-2", None) as asked, trio.open_nursery() as nursery:
        answers: list[object] = []

        async def ask() -> None:
            answers.append(await Siblings(tmp_path, "n-1").ask("GET", "/"))

        nursery.start_soon(ask)
        while not asked:
            await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(60)
        while not answers:
            await trio.testing.wait_all_tasks_blocked()
        assert answers == [[]]


def test_no_two_workers_have_the_same_numbers() -> None:
    first, other = [list(islice(Siblings(Path(), "", n).numbers(), 100)) for n in (1, 64)]
    assert first == sorted(first)
    assert not set(first) & set(other)
    assert list(islice(ALONE.numbers(), 3)) == [1, 2, 3]
