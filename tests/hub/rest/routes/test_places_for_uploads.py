"""Uploads over HTTP whose files are in a folder that hubs share, or in a bucket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from hub.files.uploads import key_of
from hub.services.people.deletion import delete_account
from persistence.interface import Store
from persistence.records import Draft
from protocol.model import MessageFate
from tests.support.clients.uploads import send
from tests.support.files.s3_server import S3Server, fresh
from tests.support.pictures import drawn, opened, saved
from tests.support.school import open_school
from tests.support.wire.gate import Gate, open_gate
from tests.support.world import Person, World, open_world


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The settings of a file store."""
    if request.param == "folder":
        (tmp_path / "shared").mkdir()
        return {"uploads": tmp_path / "shared", "data_dir": tmp_path / "data"}
    server: S3Server = request.getfixturevalue("s3")
    return {**server.settings(fresh()), "data_dir": tmp_path / "data"}


@asynccontextmanager
async def behind_a_gate(
    s3: S3Server, store: Store, tmp_path: Path
) -> AsyncIterator[tuple[World, Gate]]:
    async with open_gate(s3.port) as gate:
        settings = s3.settings(fresh(), gate.port)
        async with open_world(store, data_dir=tmp_path, **settings) as world:
            yield world, gate


async def keys(world: World) -> list[str]:
    return [each.key async for page in world.services.upload_files.listed() for each in page]


async def text_of(person: Person, text: bytes = b"text") -> str:
    stored = await send(person, text, "a.txt")
    assert stored.status == 200, stored.text
    return str(stored.json["url"])


async def test_a_picture_is_stored_served_and_removed(
    memory_store: Store, place: dict[str, Any]
) -> None:
    async with open_world(memory_store, **place) as world:
        school = await open_school(world)
        stored = (await send(school.ann, saved(drawn((2_000, 1_000))), "big.png")).json
        got = await school.ann.ask("GET", stored["thumbnailUrl"])
        assert opened(got.body).size == (480, 240)
        assert got.headers["content-type"] == "image/webp"
        assert got.headers["content-disposition"].startswith('inline; filename="big.webp"')
        known = {"If-None-Match": got.headers["etag"]}
        assert (await school.ann.ask("GET", stored["thumbnailUrl"], headers=known)).status == 304
        assert (await school.ben.ask("GET", stored["url"])).status == 404
        body = {"channelId": school.dm.id, "content": "see", "type": "image"}
        body["fileUrl"] = stored["url"]
        sent = (await school.ann.ask("POST", "/api/messages", body)).json
        whole = await school.ben.ask("GET", stored["url"])
        assert opened(whole.body).size == (2_000, 1_000)
        assert len(await keys(world)) == 2
        assert (await school.ann.ask("DELETE", f"/api/messages/{sent['id']}")).status == 200
        assert await keys(world) == []


async def test_parts_of_a_file_are_served(memory_store: Store, place: dict[str, Any]) -> None:
    async with open_world(memory_store, **place) as world:
        ann = await world.person("ann")
        content = b"0123456789abcdef" * 100_000
        url = await text_of(ann, content)
        assert (await ann.ask("GET", url)).body == content
        for given, start, end in (("5-900000", 5, 900_001), ("-7", 1_599_993, 1_600_000)):
            part = await ann.ask("GET", url, headers={"Range": f"bytes={given}"})
            assert (part.status, part.body) == (206, content[start:end])
            assert part.headers["content-range"] == f"bytes {start}-{end - 1}/1600000"
        several = await ann.ask("GET", url, headers={"Range": "bytes=0-1, 5-6"})
        assert several.status == 206
        assert int(several.headers["content-length"]) == len(several.body)
        assert several.body.count(b"Content-Range: bytes ") == 2
        assert (await ann.ask("HEAD", url)).headers["content-length"] == "1600000"
        refused = await ann.ask("GET", url, headers={"Range": "bytes=1600000-"})
        assert refused.status == 416


async def test_files_are_removed_with_their_account(
    memory_store: Store, place: dict[str, Any]
) -> None:
    async with open_world(memory_store, **place) as world:
        ann, ben = await world.people("ann", "ben")
        urls = [await text_of(ann), await text_of(ben)]
        assert sorted(await keys(world)) == sorted(map(key_of, urls))
        await delete_account(world.store, ann.id, MessageFate.REMOVE)
        while await world.services.files.collect():
            pass
        assert await keys(world) == [key_of(urls[1])]
        assert (await ben.ask("GET", urls[1])).body == b"text"


async def test_without_the_bucket_uploads_get_503_and_everything_else_goes_on(
    s3: S3Server, memory_store: Store, tmp_path: Path
) -> None:
    async with behind_a_gate(s3, memory_store, tmp_path) as (world, gate):
        ann, ben = await world.people("ann", "ben")
        url = await text_of(ann)
        gate.is_shut = True
        with capture_logs() as lines:
            for refused in (
                await send(ann, b"text", "b.txt"),
                await ann.ask("GET", url),
                await ann.ask("GET", url, headers={"Range": "bytes=0-1"}),
            ):
                assert (refused.status, refused.json["code"]) == (503, "files_unavailable")
                assert refused.headers["retry-after"] == "2"
            assert (await world.call("GET", "/readyz")).status == 200
            (posted,) = await memory_store.messages.post([Draft(ann.id, ben.id, "hi")])
            assert posted is not None
        assert [line["event"] for line in lines].count("files_unavailable") == 1
        assert not world.services.upload_files.availability.is_available
        gate.heal()
        assert (await ann.ask("GET", url)).body == b"text"
        assert (await send(ann, b"text", "b.txt")).status == 200


async def test_a_response_breaks_off_when_the_rest_of_its_file_cannot_be_read(
    s3: S3Server, memory_store: Store, tmp_path: Path
) -> None:
    async with behind_a_gate(s3, memory_store, tmp_path) as (world, gate):
        ann = await world.person("ann")
        url = await text_of(ann, b"x" * 2_000_000)
        gate.down = 700_000
        stream = world.connect_lockstep()
        request = f"GET {url} HTTP/1.1\r\nHost: parlour.test\r\nCookie: {ann.cookie}\r\n\r\n"
        await stream.send_all(request.encode())
        received = b""
        while data := await stream.receive_some(1 << 20):
            received += data
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"content-length: 2000000" in head.lower()
        assert 0 < len(body) < 2_000_000


async def test_two_hubs_share_a_file_store(memory_store: Store, place: dict[str, Any]) -> None:
    async with (
        open_world(memory_store, **place) as one,
        open_world(memory_store, **place) as other,
    ):
        ann = await one.person("ann")
        url = await text_of(ann)
        got = await other.call("GET", url, headers={"Cookie": ann.cookie})
        assert (got.status, got.body) == (200, b"text")
        async with trio.open_nursery() as nursery:
            for world in (one, other):
                nursery.start_soon(world.services.files.remove_unknown)
        assert await keys(one) == [key_of(url)]
        await delete_account(memory_store, ann.id, MessageFate.REMOVE)
        async with trio.open_nursery() as nursery:
            for world in (one, other):
                nursery.start_soon(world.services.files.collect)
        assert await keys(other) == []
        assert await memory_store.uploads.collect(limit=9) == {}
