"""Which encoding a client gets, its headers and sizes, and which requests get none."""

import pytest
from starlette.datastructures import Headers

from hub.http.compression import EACH_TIME, LEAST_BYTES, ONCE, THREAD_BYTES, accepted
from persistence.interface import Store
from tests.support.posting import write
from tests.support.world import Person, World, open_world

CHROME = "gzip, deflate, br, zstd"
APP = "https://app.example"


@pytest.mark.parametrize(
    ("header", "once", "each_time"),
    [
        (CHROME, "br", "zstd"),
        ("gzip, deflate, br", "br", "br"),
        ("gzip", "gzip", "gzip"),
        ("GZIP", "gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip", "gzip"),
        ("br;q=0.5, gzip; q=0.5", "br", "br"),
        ("br;q=0, gzip;q=0.001", "gzip", "gzip"),
        ("gzip;q=0", None, None),
        ("br;q=0, zstd;q=0.0, gzip;q=0", None, None),
        ("gzip;q=0.000, *", "br", "zstd"),
        ("*;q=0, gzip", "gzip", "gzip"),
        ("*", "br", "zstd"),
        ("*;q=0", None, None),
        ("identity", None, None),
        ("deflate, compress", None, None),
        ("", None, None),
        ("gzip;q=nonsense", None, None),
        ("gzip;q=2", None, None),
        ("gzip;level=9", None, None),
        (",,;;=,gzip", "gzip", "gzip"),
    ],
)
def test_which_encoding_a_client_gets(header: str, once: str | None, each_time: str | None) -> None:
    for offered, expected in ((ONCE, once), (EACH_TIME, each_time)):
        found = accepted(Headers({"Accept-Encoding": header}), offered)
        assert (found and found.name) == expected


def test_without_the_header_nothing_is_compressed() -> None:
    assert accepted(Headers({}), ONCE) is None


async def conversation(world: World, count: int, chars: int = 100) -> tuple[Person, str]:
    """A user with a conversation, and the path of its history."""
    ann, ben = await world.people("ann", "ben")
    await write(world, ben.user, ann.user, *(f"{n} " + "x" * chars for n in range(count)))
    return ann, f"/api/messages/{ben.id}?mark_read=false&limit=100"


@pytest.mark.parametrize(("accept", "name"), [(CHROME, "zstd"), ("br", "br"), ("gzip", "gzip")])
@pytest.mark.parametrize("chars", [100, 3_900])
async def test_json_is_compressed_whatever_its_size(
    memory_store: Store, accept: str, name: str, chars: int
) -> None:
    async with open_world(memory_store) as world:
        ann, path = await conversation(world, 50, chars)
        plain = await ann.call("GET", path)
        assert (len(plain.body) > THREAD_BYTES) == (chars > 100)
        assert "content-encoding" not in plain.headers
        reply = await ann.call("GET", path, headers={"Accept-Encoding": accept})
        assert reply.headers["content-encoding"] == name
        assert reply.headers["cache-control"] == "no-store"
        assert len(reply.body) < len(plain.body) / 3
        assert reply.content == plain.content
        head = await ann.call("HEAD", path, headers={"Accept-Encoding": accept})
        assert head.headers["content-length"] == str(len(reply.body))
        for each in (plain, reply):
            assert each.headers["vary"] == "Origin, Accept-Encoding"


async def test_a_response_that_fits_into_a_packet_is_not_compressed(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann = await world.person("ann")
        reply = await ann.call("GET", "/api/auth/session", headers={"Accept-Encoding": CHROME})
        assert len(reply.body) < LEAST_BYTES
        assert "content-encoding" not in reply.headers


@pytest.mark.parametrize(
    ("site", "origin", "is_compressed"),
    [
        (None, None, True),
        ("none", None, True),
        ("same-origin", None, True),
        ("cross-site", None, False),
        ("same-site", None, False),
        ("cross-site", APP, True),
        ("same-site", APP, True),
        ("cross-site", "https://evil.example", False),
        ("nonsense", None, False),
    ],
)
async def test_responses_to_pages_of_other_sites_are_not_compressed(
    memory_store: Store, site: str | None, origin: str | None, is_compressed: bool
) -> None:
    async with open_world(memory_store, allowed_origins=(APP,)) as world:
        ann, path = await conversation(world, 50)
        named = {"Accept-Encoding": CHROME, "Sec-Fetch-Site": site, "Origin": origin}
        headers = {name: value for name, value in named.items() if value is not None}
        reply = await ann.call("GET", path, headers=headers)
        assert reply.status == 200
        assert ("content-encoding" in reply.headers) == is_compressed


@pytest.mark.parametrize("path", ["/uploads/2024-01-01/x.png", "/api/messages/x"])
async def test_errors_keep_their_codes_for_clients_that_accept_compression(
    memory_store: Store, path: str
) -> None:
    async with open_world(memory_store) as world:
        ann = await world.person("ann")
        reply = await ann.call("GET", path, headers={"Accept-Encoding": CHROME})
        assert reply.json["code"] in ("file_not_found", "invalid_field")
