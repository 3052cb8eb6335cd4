"""How stock HTTP clients handle the hub's responses, over real sockets."""

import http.client
import json
import shutil
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import httpx2
import pytest
import trio
import trustme

from persistence.interface import Store
from tests.support.programs.node import require_node, run_node
from tests.support.programs.server import serve

PATH = "/api/auth/login"
TOO_LARGE = (413, "body_too_large")
SIZES = (70_000, 1_000_000, 20_000_000)
CHUNK = 65_536
JSON = {"Content-Type": "application/json"}
Answer: TypeAlias = tuple[int, str]
Post: TypeAlias = Callable[[str, int, bool], Awaitable[Answer]]


def chunks(size: int) -> Iterator[bytes]:
    for start in range(0, size, CHUNK):
        yield b"x" * min(CHUNK, size - start)


async def by_curl(url: str, size: int, is_chunked: bool) -> Answer:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    framing = "Transfer-Encoding: chunked" if is_chunked else "Expect:"
    command = ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}"]
    command += [
        "--header",
        "Content-Type: application/json",
        "--header",
        framing,
        "--data-binary",
        "@-",
        url,
    ]
    done = await trio.run_process(
        command, stdin=b"x" * size, capture_stdout=True, stderr=subprocess.STDOUT, check=False
    )
    body, _, status = done.stdout.decode().rpartition("\n")
    return int(status), json.loads(body)["code"] if body else body


async def by_httpx(url: str, size: int, is_chunked: bool) -> Answer:
    def post() -> Answer:
        body = chunks(size) if is_chunked else b"x" * size
        reply = httpx2.post(url, content=body, headers=JSON)
        return reply.status_code, reply.json()["code"]

    return await trio.to_thread.run_sync(post)


async def by_http_client(url: str, size: int, is_chunked: bool) -> Answer:
    """The client of the standard library, which reads nothing before it has sent everything."""

    def post() -> Answer:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        body = chunks(size) if is_chunked else b"x" * size
        connection.request("POST", parts.path, body, JSON, encode_chunked=is_chunked)
        return answer_of(connection)

    return await trio.to_thread.run_sync(post)


async def by_node(url: str, size: int, is_chunked: bool) -> Answer:
    require_node()
    framing = "chunked" if is_chunked else "length"
    async with run_node("post_body.mjs", url, str(size), framing) as program:
        answer = await program.happened()
        return answer["status"], answer["code"]


def answer_of(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())["code"]
    connection.close()
    return answer


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("post", [by_curl, by_httpx, by_http_client, by_node])
async def test_a_body_that_is_too_large_gets_a_413_response(
    memory_store: Store, post: Post, size: int, is_chunked: bool
) -> None:
    async with serve(memory_store) as server:
        assert await post(server.url + PATH, size, is_chunked) == TOO_LARGE


async def test_a_body_that_is_too_large_gets_a_413_response_over_tls(
    memory_store: Store, tmp_path: Path
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(chain)
    context = ssl.create_default_context()
    authority.configure_trust(context)

    def post(port: int) -> Answer:
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        connection.request("POST", PATH, b"x" * 20_000_000, JSON)
        return answer_of(connection)

    async with serve(memory_store, tls_cert=chain, tls_key=key) as server:
        port = urlsplit(server.url).port
        assert port is not None
        assert await trio.to_thread.run_sync(post, port) == TOO_LARGE
