"""Static content is compressed once, and sent to a client once."""

import threading
from functools import partial

import pytest
import trio
import trio.testing
from attrs import define
from starlette.requests import Request

from hub.http.compression import ONCE, Encoding
from hub.http.static import LEAST_BYTES, Lazy, Static


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": raw})


@define
class Counted:
    """An encoding that counts how often it is used."""

    encoding: Encoding
    uses: int = 0

    def compress(self, content: bytes) -> bytes:
        self.uses += 1
        return self.encoding.compress(content)

    def counted(self) -> Encoding:
        return Encoding(self.encoding.name, self.compress)


async def test_each_encoding_is_made_once_and_only_when_it_is_asked_for() -> None:
    counters = {each.name: Counted(each) for each in ONCE}
    encodings = [each.counted() for each in counters.values()]
    file = Static(b"words and " * 100, "text/plain", encodings=encodings)
    for _ in range(3):
        for accepted in ("br, gzip", "gzip", ""):
            response = await file.answer(request(accept_encoding=accepted))
            assert response.status_code == 200
    assert {name: each.uses for name, each in counters.items()} == {"br": 1, "zstd": 0, "gzip": 1}


async def test_simultaneous_requests_compress_the_content_once() -> None:
    counters = {each.name: Counted(each) for each in ONCE}
    encodings = [each.counted() for each in counters.values()]
    file = Static(b"words and " * 100, "text/plain", encodings=encodings)
    bodies: list[bytes] = []

    async def ask() -> None:
        bodies.append(bytes((await file.answer(request(accept_encoding="gzip"))).body))

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(ask)
    assert len(bodies) == 50
    assert len(set(bodies)) == 1
    assert counters["gzip"].uses == 1


async def test_a_lazy_value_that_failed_is_made_at_the_next_get() -> None:
    tries = iter((OSError("no"), "made"))

    def make() -> str:
        made = next(tries)
        if isinstance(made, Exception):
            raise made
        return made

    lazy = Lazy(make)
    with pytest.raises(OSError, match="no"):
        await lazy.get()
    assert await lazy.get() == "made"
    assert await lazy.get() == "made"


async def test_each_encoding_is_another_version_with_a_tag_of_its_own() -> None:
    file = Static(b"words and " * 100, "text/plain")
    answers = [await file.answer(request(accept_encoding=name)) for name in ("br", "gzip", "")]
    tags = [answer.headers["etag"] for answer in answers]
    assert len(set(tags)) == 3
    for name, tag in zip(("br", "gzip", ""), tags, strict=True):
        known = await file.answer(request(accept_encoding=name, if_none_match=f"W/{tag}"))
        assert (known.status_code, known.body, known.headers["etag"]) == (304, b"", tag)
        assert known.headers["vary"] == "Accept-Encoding"
    other = await file.answer(request(accept_encoding="gzip", if_none_match=tags[0]))
    assert other.status_code == 200


@pytest.mark.parametrize(("size", "is_compressed"), [(LEAST_BYTES, True), (LEAST_BYTES - 1, False)])
async def test_tiny_content_is_not_compressed(size: int, is_compressed: bool) -> None:
    response = await Static(b"x" * size, "text/plain").answer(request(accept_encoding="br"))
    assert ("content-encoding" in response.headers) == is_compressed


async def test_others_are_served_while_a_file_is_compressed() -> None:
    others_were_served = threading.Event()

    def compress(content: bytes) -> bytes:
        return b"yes" if others_were_served.wait(timeout=20) else b"no"

    file = Static(b"x" * LEAST_BYTES, "text/plain", encodings=[Encoding("br", compress)])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(file.answer, request(accept_encoding="br")))
        await trio.testing.wait_all_tasks_blocked()
        others_were_served.set()
    assert (await file.answer(request(accept_encoding="br"))).body == b"yes"
