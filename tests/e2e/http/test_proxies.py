"""A hub behind the proxies of docs/proxies: below a path, over TLS, as its operator runs it."""

import json
import ssl
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
import trio

from hub.cli.chat import Chat, sign_in, why_signed_out
from hub.cli.demo import make_demo_people
from persistence.interface import Store
from tests.support.accounts import ANN
from tests.support.browser.chromium import require_chromium, run_in_chromium
from tests.support.browser.page import FLOWS
from tests.support.clients.websocket import open_websocket
from tests.support.pictures import drawn, saved
from tests.support.programs.documented_proxies import (
    PROXIES,
    Certificate,
    Ports,
    certificate,
    run_proxy,
)
from tests.support.programs.hub_process import open_folder, run_hub
from tests.support.programs.proxies import require
from tests.support.programs.server import demo_passwords, serve
from tests.support.wire.ports import unused_port

PROXY = ("127.0.0.1",)
PROXY_ID_CHARS = 32  # the hub's own has 16


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def cert(folder: Path) -> Certificate:
    return certificate(folder)


def trusting(cert: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context()
    cert.authority.configure_trust(context)
    return context


@pytest.mark.parametrize("name", PROXIES)
async def test_everything_works_behind_a_proxy_below_a_path(
    memory_store: Store, folder: Path, cert: Certificate, name: str, tmp_path: Path
) -> None:
    require(name)
    ports = Ports(unused_port(), unused_port())
    async with (
        serve(
            memory_store,
            port=ports.hub,
            public_url=ports.url,
            trusted_proxies=PROXY,
            data_dir=tmp_path,
        ),
        run_proxy(name, folder, cert, ports),
        httpx2.AsyncClient(base_url=ports.url, verify=trusting(cert)) as client,
    ):
        await check_page(client, ports)
        await check_ids(client)
        await check_account(client, ports)
        await check_files(client)
        await check_sockets(client, ports, cert)


async def check_page(client: httpx2.AsyncClient, ports: Ports) -> None:
    away = await client.get(ports.url.removesuffix("/"))
    assert (away.status_code, str(away.next_request and away.next_request.url)) == (308, ports.url)
    page = await client.get("")
    assert (page.status_code, page.headers["content-encoding"]) == (200, "br")
    known = {"If-None-Match": f"W/{page.headers['etag'].removeprefix('W/')}"}
    assert (await client.get("", headers=known)).status_code == 304
    script = page.text.partition('type="module" src="')[2].partition('"')[0]
    main = await client.get(script)
    assert (main.status_code, "immutable" in main.headers["cache-control"]) == (200, True)
    described = (await client.get("openapi.json")).json()
    assert described["servers"] == [{"url": ports.url.removesuffix("/")}]


async def check_ids(client: httpx2.AsyncClient) -> None:
    """An id that a client sends is not passed on."""
    found = await client.get("", headers={"X-Request-Id": "mine"})
    assert (await client.get("")).headers["x-request-id"] != found.headers["x-request-id"] != "mine"
    assert len(found.headers["x-request-id"]) >= PROXY_ID_CHARS


async def check_account(client: httpx2.AsyncClient, ports: Ports) -> None:
    origin = {"Origin": f"https://127.0.0.1:{ports.proxy}"}
    made = await client.post("api/auth/register", json=ANN, headers=origin)
    assert made.status_code == 201, made.text
    foreign = {"Origin": "https://evil.example"}
    refused = await client.post("api/auth/login", json=ANN, headers=foreign)
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_refused")
    entered = await client.post("api/auth/login", json=ANN, headers=origin)
    assert entered.status_code == 200
    assert "; Path=/chat/;" in entered.headers["set-cookie"]
    assert entered.headers["set-cookie"].endswith("; Secure")
    assert (await client.get("api/auth/session")).json()["email"] == ANN["email"]


async def check_files(client: httpx2.AsyncClient) -> None:
    stored = await client.post("api/upload", files={"file": ("a.png", saved(drawn()))})
    assert stored.status_code == 200, stored.text
    address = stored.json()["url"].removeprefix("/")
    assert len((await client.get(address)).content) == stored.json()["size"]
    part = await client.get(address, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")


async def check_sockets(client: httpx2.AsyncClient, ports: Ports, cert: Certificate) -> None:
    opened = await client.get("socket.io/?EIO=4&transport=polling")
    assert json.loads(opened.text[1:])["upgrades"] == ["websocket"]
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    host = f"127.0.0.1:{ports.proxy}"
    stream = await trio.open_ssl_over_tcp_stream(
        "127.0.0.1", ports.proxy, ssl_context=trusting(cert), https_compatible=True
    )
    async with stream:
        socket = await open_websocket(
            stream, "/chat/ws", Cookie=cookies, Host=host, Origin=f"https://{host}"
        )
        await socket.receive_type("system")
        await socket.close_in_silence()


async def test_the_terminal_client_works_behind_a_proxy_below_a_path(
    memory_store: Store, folder: Path, cert: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("haproxy")
    ports = Ports(unused_port(), unused_port())
    trusted = folder / "trusted.pem"
    cert.authority.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with (
        serve(memory_store, port=ports.hub, public_url=ports.url, trusted_proxies=PROXY) as server,
        run_proxy("haproxy", folder, cert, ports),
    ):
        text = await make_demo_people(server)
        assert f"{ports.url}#enter=ann:" in text
        cookie, ann, ben = await sign_in(ports.url, "ann", demo_passwords(text)["ann"], "ben")
        typed, lines = trio.open_memory_channel[str](1)
        show, shown = trio.open_memory_channel[str](10)
        signed_out = partial(why_signed_out, ports.url, "ann", "")
        async with trio.open_nursery() as nursery:
            chat = Chat(ports.url, cookie, ann, ben, show.send_nowait, signed_out)
            nursery.start_soon(chat.run, lines)
            await typed.send("hello")
            assert await shown.receive() == "* connected, talking to Ben"
            assert await shown.receive() == "you: hello"
            await typed.aclose()


async def test_the_page_works_behind_a_proxy_below_a_path(folder: Path, cert: Certificate) -> None:
    """In Chromium, with every script under the path that browsers cache."""
    require("nginx")
    require_chromium()
    ports = Ports(unused_port(), unused_port())
    flags = ("--public-url", ports.url, "--trusted-proxies", "127.0.0.1")
    with run_hub(folder / "data", *flags, port=ports.hub) as hub:
        async with run_proxy("nginx", folder, cert, ports):
            (ann_id, ann), (ben_id, ben) = [await hub.sign_up(name) for name in ("ann", "ben")]
            # so Ann's message is no message request
            await hub.call("POST", f"/api/users/{ann_id}/follow", cookie=ben)
            found = (await hub.call("GET", f"/api/users/{ben_id}", cookie=ann)).json
            given = {"ann": ann, "ben": ben, "username": found["username"], "name": found["name"]}
            async with run_in_chromium(FLOWS, "below", ports.url, json.dumps(given)) as page:
                assert await page.end() == 0
