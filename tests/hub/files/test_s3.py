"""Files in a bucket whose server is away, slow, broken, or refuses."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial

import pytest
import structlog
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hub.files.store import FilesMisconfigured, FileStore, FilesUnavailable, NoSuchFile
from hub.settings.parsers import Bucket
from tests.support.files.s3_server import ADMIN, BUCKET, HUB, READER, S3Server
from tests.support.wire.gate import Gate, open_gate
from tests.support.wire.ports import unused_ports

KEY = "uploads/2026-11-28/a.bin"
LARGE = 12_000_000
log = structlog.get_logger(__name__)


async def put(store: FileStore, content: bytes, key: str = KEY) -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for first in range(0, len(content), 100_000):
            yield content[first : first + 100_000]

    async with aclosing(chunks()) as parts:
        await store.put(key, parts)


async def while_time_goes_by(work: Callable[[], Awaitable[object]], clock: MockClock) -> None:
    """Carry it out while the clock jumps ahead, so that every deadline comes soon."""
    async with trio.open_nursery() as nursery:

        async def end() -> None:
            await work()
            nursery.cancel_scope.cancel()

        nursery.start_soon(end)
        while True:
            await trio.testing.wait_all_tasks_blocked(0.01)
            clock.jump(0.5)


@pytest.mark.parametrize(
    ("bucket", "key", "says"),
    [
        (BUCKET, (HUB[0], "not the secret"), "s3_secret_key is not that of s3_access_key"),
        (BUCKET, ("NOKEY", "a secret of nobody"), "the server does not know s3_access_key"),
        ("nowhere", ADMIN, "there is no such bucket"),
        ("nowhere", HUB, "the key may not write files"),
        (BUCKET, READER, "the key may not write files"),
    ],
)
async def test_a_wrong_setting_or_a_missing_right_is_reported(
    s3: S3Server, bucket: str, key: tuple[str, str], says: str
) -> None:
    async with s3.store(Bucket(bucket, "x/"), key) as store:
        with pytest.raises(FilesMisconfigured) as refused:
            await store.check()
    assert str(refused.value) == f"s3://{bucket}/x: {says}"


async def test_an_unreachable_server_is_reported(s3: S3Server, mock_clock: MockClock) -> None:
    (port,) = unused_ports(1)
    async with s3.store(port=port) as store:

        async def fail() -> None:
            for work in (store.check, partial(put, store, b"x"), partial(store.stat, KEY)):
                with pytest.raises(FilesUnavailable, match="cannot be reached"):
                    await work()

        await while_time_goes_by(fail, mock_clock)


@pytest.mark.parametrize("status", [500, 503])
async def test_an_error_of_the_server_is_reported_until_it_recovers(
    s3: S3Server, mock_clock: MockClock, status: int
) -> None:
    async with open_gate(s3.port) as gate, s3.store(port=gate.port) as store:
        gate.status = status

        async def fail() -> None:
            for work in (partial(store.read, KEY, 0, 10), partial(put, store, b"x")):
                with pytest.raises(FilesUnavailable, match=rf"files cannot be .*{status}"):
                    await work()

        await while_time_goes_by(fail, mock_clock)
        gate.heal()
        await put(store, b"x")
        assert await store.read(KEY, 0, 10) == b"x"


async def test_the_wait_for_a_silent_server_is_limited(s3: S3Server, mock_clock: MockClock) -> None:
    async with open_gate(s3.port) as gate, s3.store(port=gate.port) as store:
        await put(store, b"x")
        gate.is_silent = True
        calls = (
            partial(store.read, KEY, 0, 10), partial(store.stat, KEY), partial(put, store, b"x"),
            partial(put, store, bytes(LARGE)), partial(store.remove, [KEY]),
            partial(store.remove_torn, 0.0),
        )  # fmt: skip

        async def fail() -> None:
            for work in calls:
                with pytest.raises(FilesUnavailable, match=r"did not answer|cannot be reached"):
                    await work()

        await while_time_goes_by(fail, mock_clock)


async def test_the_wait_for_a_response_without_end_is_limited(
    s3: S3Server, mock_clock: MockClock
) -> None:
    async with open_gate(s3.port) as gate, s3.store(port=gate.port) as store:
        await put(store, b"x")
        gate.pause = 1.0

        async def fail() -> None:
            with pytest.raises(FilesUnavailable, match="did not answer within 15 s"):
                await store.read(KEY, 0, 10)

        await while_time_goes_by(fail, mock_clock)


@pytest.mark.parametrize("passed", [2_000_000, 8_000_000])
async def test_a_put_that_breaks_off_leaves_no_file_but_a_torn_upload_that_can_be_removed(
    s3: S3Server, mock_clock: MockClock, passed: int
) -> None:
    async with open_gate(s3.port) as gate, s3.store(port=gate.port) as store:
        gate.up = passed

        async def fail() -> None:
            with pytest.raises(FilesUnavailable):
                await put(store, bytes(LARGE))

        await while_time_goes_by(fail, mock_clock)
        assert gate.passed_up >= passed
        gate.heal()
        assert await store.stat(KEY) is None
        assert await store.remove_torn(-60.0) == 1  # the hub could not abort it, either
        await put(store, bytes(LARGE))
        assert await store.read(KEY, LARGE - 3, 10) == bytes(3)


async def test_a_get_that_breaks_off_returns_nothing(s3: S3Server, mock_clock: MockClock) -> None:
    async with open_gate(s3.port) as gate, s3.store(port=gate.port) as store:
        await put(store, bytes(400_000))
        gate.down = 100_000

        async def fail() -> None:
            with pytest.raises(FilesUnavailable):
                await store.read(KEY, 0, 400_000)

        await while_time_goes_by(fail, mock_clock)
        gate.heal()
        assert await store.read(KEY, 0, 400_000) == bytes(400_000)


async def test_a_file_that_is_removed_while_it_is_read_is_an_error(s3: S3Server) -> None:
    async with s3.store() as store:
        await put(store, bytes(1_000_000))
        assert len(await store.read(KEY, 0, 500_000)) == 500_000
        await store.remove([KEY])
        with pytest.raises(NoSuchFile):
            await store.read(KEY, 500_000, 500_000)


async def test_no_secret_is_in_an_error_or_in_a_logged_store(s3: S3Server) -> None:
    wrong = (HUB[0], "this-is-very-secret")
    with capture_logs() as lines:
        async with s3.store(key=wrong) as store:
            with pytest.raises(FilesMisconfigured) as refused:
                await store.check()
            log.info("store", store=store)
    assert wrong[1] not in f"{refused.value!r} {lines}"
    assert wrong[0] not in f"{refused.value!r} {lines}"


async def test_other_files_of_the_bucket_are_left_alone(s3: S3Server) -> None:
    async with s3.store() as ours, s3.store() as theirs:
        await put(ours, b"x")
        await put(theirs, b"y")
        assert [len(page) async for page in ours.listed()] == [1, 0]
        await ours.remove([KEY])
        assert await theirs.read(KEY, 0, 10) == b"y"


async def test_a_gate_passes_everything_on(s3: S3Server) -> None:
    async with open_gate(s3.port) as gate, s3.store(port=gate.port) as store:
        assert isinstance(gate, Gate)
        await put(store, bytes(LARGE))
        assert await store.read(KEY, 0, 1) == bytes(1)
        assert gate.passed_up > LARGE
