"""The web client's files, as a browser asks for them."""

import html
import json
import re
from pathlib import Path

import pytest

import hub.web
from persistence.interface import Store
from tests.support.world import open_world

FOLDER = Path(hub.web.__file__).parent
FILES = [
    "/",
    *(
        f"/web/{path.relative_to(FOLDER).as_posix()}"
        for folder in ("app", "sdk")
        for path in sorted((FOLDER / folder).rglob("*.*"))
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
        policy = reply.headers["content-security-policy"].split("; ")
        assert dict(each.split(" ", 1) for each in policy) == {
            "default-src": "'none'",
            **dict.fromkeys(("script-src", "style-src", "img-src", "connect-src"), "'self'"),
            **dict.fromkeys(("base-uri", "form-action", "frame-ancestors"), "'none'"),
        }
        assert reply.headers["x-content-type-options"] == "nosniff"


async def test_a_known_file_is_not_sent_again(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        tag = (await world.call("GET", "/")).headers["etag"]
        again = await world.call("GET", "/", headers={"If-None-Match": tag})
        assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize(
    "path", ["/web/../config.py", "/web/__init__.py", "/web/app/", "/web/sdk/x.js"]
)
async def test_nothing_else_is_served(memory_store: Store, path: str) -> None:
    async with open_world(memory_store) as world:
        assert (await world.call("GET", path)).status == 404


async def test_it_can_be_turned_off(memory_store: Store) -> None:
    async with open_world(memory_store, web_client="no") as world:
        assert (await world.call("GET", "/")).status == 404


async def test_the_page_names_no_other_host_and_has_no_inline_code(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        page = (await world.call("GET", "/")).text
        assert not re.search(r"https?://|style=|\son\w+=|<script>", page)


async def test_the_page_knows_what_this_hub_is_like(memory_store: Store) -> None:
    async with open_world(
        memory_store,
        max_content_chars=7,
        max_upload_bytes=70,
        registration="closed",
        assistant_model="a",
    ) as world:
        page = (await world.call("GET", "/")).text
        found = re.search(r'<meta name="hub" content="(.*)">', page)
        assert found is not None
        assert json.loads(html.unescape(found[1])) == {
            "maxContentChars": 7,
            "maxUploadBytes": 70,
            "isRegistrationOpen": False,
            "hasAssistant": True,
        }
