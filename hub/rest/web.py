"""The web client: the page at `/`, and the files it is made of.

Guarantees: only files of this package are served, each with its type; the page may load and connect
to nothing but this host, and no page may frame it. Must not know: sessions, messages.
"""

import hashlib
import html
import json
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.settings.choices import Registration
from hub.settings.config import Config

PAGE: Final = "index.html"
_FACTS: Final = b'content="{}"'  # in the page, where what it must know of this hub goes
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # revalidated each time, mostly with 304
}


@frozen
class _File:
    content: bytes
    media_type: str
    tag: str

    async def answer(self, request: Request) -> Response:
        """The file, or 304 when the browser has it."""
        headers = {**_HEADERS, "ETag": self.tag}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.media_type, headers=headers)


def web_routes(config: Config) -> list[Route]:
    """One route for each file, so that no other path can be requested.

    Args:
        config: what the page must know of it is written into the page.
    """
    routes: list[Route] = []
    for path, found in _files(resources.files("hub.web"), ""):
        content = found.read_bytes()
        if path == f"/{PAGE}":
            content = content.replace(_FACTS, _facts(config))
        suffix = path[path.rindex(".") :]
        file = _File(content, _TYPES[suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
        shown = "/" if path == f"/{PAGE}" else f"/web{path}"
        routes.append(Route(shown, file.answer, methods=["GET"]))
    return routes


def _facts(config: Config) -> bytes:
    facts = {
        "maxContentChars": config.max_content_chars,
        "maxUploadBytes": config.max_upload_bytes,
        "isRegistrationOpen": config.registration is Registration.OPEN,
        "hasAssistant": config.assistant_model is not None,
    }
    return f'content="{html.escape(json.dumps(facts))}"'.encode()


def _files(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        here = f"{path}/{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            found += _files(entry, here)
        elif entry.is_file() and here[here.rindex(".") :] in _TYPES:
            found.append((here, entry))
    return found
