"""The web client: the page at `/`, and the files it is made of.

Guarantees: only files of this package are served, each with its type; the page and its pictures may
load and connect to nothing but this host, and no page may frame them. The page names its files by a
path with the hash of all of them, so that browsers keep them for ever; its modules are one script,
its style sheets one sheet. It works below any path. Must not know: sessions, messages.
"""

import hashlib
import html
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.http.static import FOR_EVER, Static
from hub.rest.bundle import bundle, compact
from hub.settings.choices import Registration
from hub.settings.config import Config

PAGE: Final = "index.html"
MAIN: Final = "app/main.js"
SCRIPT: Final = "app/page.js"  # what its modules are joined to
STYLE: Final = "app/style/page.css"  # what its style sheets are joined to
_MAP: Final = "page.js.map"
_FACTS: Final = 'content="{}"'  # in the page, replaced by the facts of this hub
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".map": "application/json",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DOCUMENT_HEADERS: Final = {"Content-Security-Policy": _POLICY}
_DOCUMENTS: Final = frozenset({".html", ".svg"})
_SHEETS: Final = re.compile(r'(?:[ \t]*<link rel="stylesheet" href="web/[^"]+">\n)+')
_ADDRESS: Final = re.compile(r'href="web/([^"]+)"')


@frozen
class _Assets:
    """What the page consists of. `page` lacks the facts; `plain` has the files by path; `kept` has
    those served below `version`, which are compacted.
    """

    page: str
    version: str
    plain: Mapping[str, Static]
    kept: Mapping[str, Static]


def web_routes(config: Config, *, is_demo: bool) -> list[Route]:
    """The page, its files, and the same files under a path that changes when any of them does.

    Args:
        config: the settings that the page needs are written into it.
        is_demo: whether a link may sign a browser in.
    """
    assets = _assets()
    start = _static(PAGE, assets.page.replace(_FACTS, _facts(config, is_demo=is_demo)).encode())

    async def show_page(request: Request) -> Response:
        return await start.answer(request)

    async def show_file(request: Request) -> Response:
        path: str = request.path_params["path"]
        below = path.removeprefix(f"{assets.version}/")
        if below not in assets.plain:
            raise HTTPException(404)
        if below == path:
            return await assets.plain[path].answer(request)
        return await assets.kept[below].answer(request, FOR_EVER)

    return [
        Route("/", show_page, methods=["GET"]),
        Route("/web/{path:path}", show_file, methods=["GET"]),
    ]


@cache
def _assets() -> _Assets:
    """Made once: the files of a package do not change while it runs."""
    files = dict(_files(resources.files("hub.web"), ""))
    page, files[STYLE] = with_one_sheet(files.pop(PAGE).decode(), files)
    page = page.replace(f'"web/{MAIN}"', f'"web/{SCRIPT}"')
    script = bundle(MAIN, files, "../")
    files[SCRIPT] = f"{script.script}//# sourceMappingURL={_MAP}\n".encode()
    files[f"app/{_MAP}"] = script.source_map.encode()
    sent = {path: _for_page(path, content) for path, content in files.items()}
    return _Assets(
        page_of(page, sent),
        _version(sent),
        {path: _static(path, content) for path, content in files.items()},
        {path: _static(path, content) for path, content in sent.items()},
    )


def _version(files: Mapping[str, bytes]) -> str:
    together = hashlib.sha256()
    for path, content in sorted(files.items()):
        together.update(f"{path} {len(content)} ".encode() + content)
    return together.hexdigest()[:16]


def with_one_sheet(page: str, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """The page with one link in place of those to all style sheets, and the joined style sheet."""
    links = _SHEETS.search(page)
    assert links is not None  # noqa: S101  the page is part of this package
    joined = b"".join(files[path] for path in _ADDRESS.findall(links[0]))
    return page.replace(links[0], f'    <link rel="stylesheet" href="web/{STYLE}">\n'), joined


def page_of(page: str, files: Mapping[str, bytes]) -> str:
    """The page with addresses of its files that browsers may keep."""
    return page.replace('"web/', f'"web/{_version(files)}/')


def _facts(config: Config, *, is_demo: bool) -> str:
    facts = {
        "maxContentChars": config.max_content_chars,
        "maxUploadBytes": config.max_upload_bytes,
        "isRegistrationOpen": config.registration is Registration.OPEN,
        "provider": config.provider_name,
        "hasAssistant": config.assistant_model is not None,
        "isDemo": is_demo,
    }
    return f'content="{html.escape(json.dumps(facts))}"'


def _for_page(path: str, content: bytes) -> bytes:
    is_text = path.endswith((".js", ".css"))
    return compact(content.decode()).encode() if is_text else content


def _static(path: str, content: bytes) -> Static:
    suffix = posixpath.splitext(path)[1]
    headers = _DOCUMENT_HEADERS if suffix in _DOCUMENTS else {}
    return Static(content, _TYPES[suffix], headers)


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        here = posixpath.join(path, entry.name)
        if entry.is_dir():
            yield from _files(entry, here)
        elif posixpath.splitext(here)[1] in _TYPES:
            yield here, entry.read_bytes()
