"""Files are sent in parts, as fast as the client reads them."""

import os
import tracemalloc
from pathlib import Path

import trio
from starlette.requests import Request
from starlette.types import Message, Scope

from hub.http.files import PART_BYTES, StoredFile, as_asked
from hub.http.responses import HttpError
from hub.limits.quotas import RESPONSES_AT_ONCE
from persistence.interface import Store
from persistence.uploads import Upload
from tests.support.quiet import until_quiet
from tests.support.world import open_world

READERS = RESPONSES_AT_ONCE
MEBIBYTE = 1_048_576


def scope_of(**headers: str) -> Scope:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    return {"type": "http", "method": "GET", "headers": raw, "asgi": {"spec_version": "2.4"}}


async def nothing() -> Message:
    await trio.sleep_forever()
    raise AssertionError


def stored(path: Path, content: bytes) -> StoredFile:
    path.write_bytes(content)

    async def read(start: int, size: int) -> bytes:
        await trio.lowlevel.checkpoint()
        return path.read_bytes()[start : start + size]

    return StoredFile(
        read, piece_bytes=PART_BYTES, size=len(content), modified=1.5, media_type="image/png"
    )


async def parts_of(file: StoredFile, **headers: str) -> tuple[int, list[bytes]]:
    """The status, and the parts of the body."""
    scope = scope_of(**headers)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    response = await as_asked(Request(scope), file)
    await response(scope, nothing, send)
    return sent[0]["status"], [each["body"] for each in sent[1:] if each["body"]]


async def test_a_file_is_sent_in_parts(tmp_path: Path) -> None:
    content = os.urandom(3 * PART_BYTES + 5)
    file = stored(tmp_path / "a", content)
    status, parts = await parts_of(file)
    assert (status, b"".join(parts)) == (200, content)
    assert [len(part) for part in parts] == [PART_BYTES, PART_BYTES, PART_BYTES, 5]


async def test_a_range_is_sent_in_parts(tmp_path: Path) -> None:
    content = os.urandom(3 * PART_BYTES)
    file = stored(tmp_path / "a", content)
    status, parts = await parts_of(file, Range=f"bytes=5-{2 * PART_BYTES + 9}")
    assert (status, b"".join(parts)) == (206, content[5 : 2 * PART_BYTES + 10])
    assert max(map(len, parts)) == PART_BYTES
    status, parts = await parts_of(file, Range=f"bytes=0-{2 * PART_BYTES}, -3")
    assert status == 206
    assert max(map(len, parts)) == PART_BYTES


async def test_a_known_file_is_a_304_and_failed_preconditions_are_refused(
    tmp_path: Path,
) -> None:
    file = stored(tmp_path / "a", b"text")
    scope = scope_of(If_None_Match=file.headers["etag"])
    assert (await as_asked(Request(scope), file)).status_code == 304
    codes = []
    for headers in ({"If_Match": '"x"'}, {"Range": "bytes=9-"}):
        try:
            await as_asked(Request(scope_of(**headers)), file)
        except HttpError as error:
            codes.append(error.status)
    assert codes == [412, 416]


async def test_a_part_is_read_only_after_the_part_before_it_was_sent(tmp_path: Path) -> None:
    path = tmp_path / "a"
    file = stored(path, b"a" * 3 * PART_BYTES)
    parts: list[bytes] = []
    scope = scope_of()

    async def take(message: Message) -> None:
        if message.get("body"):
            parts.append(message["body"][:1])
            await until_quiet()  # any read ahead would be done by now
            path.write_bytes(bytes([message["body"][0] + 1]) * 3 * PART_BYTES)

    await file(scope, nothing, take)
    assert parts == [b"a", b"b", b"c"]


async def test_clients_that_do_not_read_cost_one_part_of_memory_each(
    memory_store: Store, tmp_path: Path
) -> None:
    content = os.urandom(10 * MEBIBYTE)
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        url = "/uploads/2026-01-01/large.png"
        path = tmp_path / url[1:]
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        await world.store.uploads.add(Upload(url, ann.id, "image/png", "large.png", len(content)))
        request = f"GET {url} HTTP/1.1\r\nHost: parlour.test\r\nCookie: {ann.cookie}\r\n\r\n"
        streams = [world.connect_lockstep() for _ in range(READERS)]
        tracemalloc.start()
        try:
            for stream in streams:
                await stream.send_all(request.encode())
                assert (await stream.receive_some(12)) == b"HTTP/1.1 200"
            await until_quiet()
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        for stream in streams:
            await stream.aclose()
    assert READERS * PART_BYTES // 2 < used < READERS * 4 * PART_BYTES
