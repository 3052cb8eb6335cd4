"""Files: downloads that are not read, and uploads that are expensive to check."""

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import trio

from tests.abuse.field import BROKEN, Attack, Field, Refused, Run, Who, at_once, requests
from tests.abuse.wire import CHUNK, Statuses, request, upload
from tests.support.pictures import drawn, saved

UNREAD: Final = 150
SMALL_BUFFER: Final = 4_096
LARGE: Final = 10_000_000
ENTRIES: Final = 60_000
PIXELS: Final = (7_000, 7_000)  # just allowed
_URL: Final = re.compile(rb'"url":"([^"]+)"')


def _unread(path: Callable[[Field, str], bytes], *, is_stored: bool) -> Run:
    """Connections that request and do not read."""

    async def run(field: Field) -> None:
        url = await _stored(field) if is_stored else ""

        async def one() -> None:
            try:
                async with await field.connect(SMALL_BUFFER) as stream:
                    await stream.send_all(path(field, url))
                    field.answers["asked"] += 1
                    await trio.sleep_forever()
            except BROKEN:
                field.answers["cut"] += 1

        await at_once(UNREAD, one)

    return run


async def _stored(field: Field) -> str:
    async with await field.connect() as stream:
        await stream.send_all(upload(field.me.cookie, "large.txt", b"x" * LARGE, "text/plain"))
        data = b""
        while (found := _URL.search(data)) is None:
            part = bytes(await stream.receive_some(CHUNK))
            if not part:
                Statuses(field.answers).take(data)
                raise Refused
            data += part
        return found[1].decode()


@cache
def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(ENTRIES):
            archive.writestr(str(number), b"")
    return file.getvalue()


@cache
def _picture() -> bytes:
    return saved(drawn(PIXELS))


@cache
def _broken_picture() -> bytes:
    content = bytearray(saved(drawn((3_000, 3_000))))
    content[len(content) // 2] ^= 0xFF
    return bytes(content)


ATTACKS: Final[Sequence[Attack]] = (
    Attack(
        "150 downloads that are not read",
        Who.MANY,
        "download",
        _unread(lambda field, url: request("GET", url, field.me.cookie), is_stored=True),
    ),
    Attack(
        "openapi.json, 150 times and not read",
        Who.STRANGER,
        "download",
        _unread(lambda _, __: request("GET", "/openapi.json") * 16, is_stored=False),
    ),
    Attack(
        "uploads of 10 MB",
        Who.MANY,
        "upload",
        requests(lambda field: upload(field.me.cookie, "a.txt", b"x" * LARGE, "text/plain"), 4, 1),
    ),
    Attack(
        "broken pictures",
        Who.MANY,
        "upload",
        requests(
            lambda field: upload(field.me.cookie, "a.png", _broken_picture(), "image/png"), 8, 1
        ),
    ),
    Attack(
        "pictures of 49 megapixels",
        Who.MANY,
        "upload",
        requests(lambda field: upload(field.me.cookie, "a.png", _picture(), "image/png"), 8, 1),
    ),
    Attack(
        "zips of 60,000 entries",
        Who.MANY,
        "upload",
        requests(lambda field: upload(field.me.cookie, "a.zip", _zip(), "application/zip"), 8, 1),
    ),
)
