"""The web client's files, as a browser asks for them."""

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import hub.web
from hub.rest.web import STYLE, page_of, with_one_sheet
from persistence.interface import Store
from tests.support.world import open_world

FOLDER = Path(hub.web.__file__).parent
FILES = [
    "/",
    *(
        f"/web/{path.relative_to(FOLDER).as_posix()}"
        for folder in ("app", "sdk")
        for path in sorted((FOLDER / folder).rglob("*.*"))
        if path.name not in {"package.json", "README.md"}  # of the SDK's package
    ),
]


@pytest.mark.parametrize("path", FILES)
async def test_every_file_is_served_with_its_type_and_policy(
    memory_store: Store, path: str
) -> None:
    async with open_world(memory_store) as world:
        reply = await world.call("GET", path)
        assert reply.status == 200
        expected = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
        suffix = path.rpartition(".")[2]
        wanted = expected.get(suffix, "text/plain" if suffix == "ts" else "text/html")
        assert reply.headers["content-type"].partition(";")[0] == wanted
        if wanted not in ("text/html", "image/svg+xml"):
            return  # no document: the policy of the page that uses it applies
        policy = reply.headers["content-security-policy"].split("; ")
        assert dict(each.split(" ", 1) for each in policy) == {
            "default-src": "'none'",
            **dict.fromkeys(("script-src", "style-src", "img-src", "connect-src"), "'self'"),
            **dict.fromkeys(("base-uri", "form-action", "frame-ancestors"), "'none'"),
        }


async def test_a_known_file_is_not_sent_again(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        for path in ("/", "/web/sdk/parlour.js", "/openapi.json"):
            reply = await world.call("GET", path)
            assert reply.headers["cache-control"] == "no-cache"
            again = await world.call("GET", path, headers={"If-None-Match": reply.headers["etag"]})
            assert (again.status, again.text) == (304, "")
            other = await world.call("GET", path, headers={"If-Match": '"x"'})
            assert (other.status, other.json["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip"])
async def test_files_and_the_description_of_rest_are_sent_compressed(
    memory_store: Store, encoding: str
) -> None:
    async with open_world(memory_store) as world:
        for path in ("/", "/web/sdk/client.js", "/web/app/style/shell.css", "/openapi.json"):
            plain = await world.call("GET", path)
            reply = await world.call("GET", path, headers={"Accept-Encoding": encoding})
            assert reply.headers["content-encoding"] == encoding
            assert len(reply.body) < len(plain.body) * 0.6
            assert reply.content == plain.content
            for each in (plain, reply):
                assert each.headers["vary"] == "Accept-Encoding, Origin"


async def test_the_page_links_to_files_that_browsers_cache_for_ever(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        page = (await world.call("GET", "/")).text
        addresses = re.findall(r'(?:href|src)="([^"]+)"', page)
        assert len(addresses) == 4  # a picture, a sheet, and two scripts
        (version,) = {each.split("/")[1] for each in addresses}
        assert re.fullmatch("[0-9a-f]{16}", version)
        for address in addresses:
            kept = await world.call("GET", f"/{address}")
            assert kept.status == 200
            assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
            plain = await world.call("GET", f"/{address.replace(f'{version}/', '')}")
            assert plain.headers["cache-control"] == "no-cache"
            assert len(plain.text.splitlines()) == len(kept.text.splitlines())


def test_the_versioned_path_changes_with_every_file() -> None:
    def version(files: Mapping[str, bytes]) -> str:
        found = re.search("web/([0-9a-f]+)/x", page_of('"web/x"', files))
        assert found is not None
        return found[1]

    files = {"app/main.js": b"1", "a.css": b"2"}
    others = [files | {"a.css": b"3"}, files | {"b.css": b""}, {"app/main.js": b"1", "b.css": b"2"}]
    assert len({version(each) for each in (files, *others)}) == 4


def test_the_style_sheets_of_the_page_are_joined_into_one() -> None:
    sheets = "".join(f'  <link rel="stylesheet" href="web/{name}">\n' for name in ("b", "a"))
    page, joined = with_one_sheet(f"<head>\n{sheets}</head>", {"a": b"1", "b": b"2", "c": b"3"})
    assert joined == b"21"
    assert page == f'<head>\n    <link rel="stylesheet" href="web/{STYLE}">\n</head>'


@pytest.mark.parametrize(
    "path",
    [
        "/web/../config.py",
        "/web/__init__.py",
        "/web/app/",
        "/web/sdk/x.js",
        "/web/index.html",
        "/web/0123456789abcdef/app/main.js",
        "/web/",
    ],
)
async def test_a_path_that_names_no_file_of_the_client_is_404(
    memory_store: Store, path: str
) -> None:
    async with open_world(memory_store) as world:
        assert (await world.call("GET", path)).status == 404


async def test_the_web_client_can_be_turned_off(memory_store: Store) -> None:
    async with open_world(memory_store, web_client="no") as world:
        assert (await world.call("GET", "/")).status == 404


async def test_the_page_names_no_other_host_and_has_no_inline_code(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        page = (await world.call("GET", "/")).text
        assert not re.search(r"https?://|style=|\son\w+=|<script>", page)


@pytest.mark.parametrize(
    ("name", "shown"), [(None, "id.example.org"), ('"our" school', '"our" school')]
)
async def test_the_page_contains_the_settings_of_the_hub(
    memory_store: Store, name: str | None, shown: str
) -> None:
    async with open_world(
        memory_store,
        max_content_chars=7,
        max_upload_bytes=70,
        registration="closed",
        assistant_model="a",
        public_url="https://parlour.test/",
        oidc_issuer="https://id.example.org/realm",
        oidc_client_id="hub",
        oidc_name=name,
    ) as world:
        page = (await world.call("GET", "/")).text
        found = re.search(r'<meta name="hub" content="(.*)">', page)
        assert found is not None
        assert json.loads(html.unescape(found[1])) == {
            "maxContentChars": 7,
            "maxUploadBytes": 70,
            "isRegistrationOpen": False,
            "provider": shown,
            "hasAssistant": True,
            "isDemo": False,
        }
