"""Files: uploaded, kept below the data folder, downloaded. See docs/dialects/README.md#files.

Guarantees: a file is what its content says, of a few harmless kinds; it is served to the user who
stored it and to those who may see a message that carries it, with headers that keep a browser from
running it.
"""

import io
import re
import secrets
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypedDict

import trio
from attrs import frozen
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from hub.http.conditional import unless_known, wanted_ranges
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.settings.config import Config
from persistence.records import Upload
from protocol.dialects.learning_chat.rest import REST as LEARNING_PLATFORM
from protocol.dialects.private_messages.rest import REST as PRIVATE_MESSAGES
from protocol.schemas import Keywords

MULTIPART_BYTES: Final = 16_384  # the rest of a multipart body, beside the file
MAX_FIELDS: Final = 10
MAX_NAME_CHARS: Final = 100
NAME_BYTES: Final = 16  # of a name that nobody can guess
_FOLDER: Final = "uploads"

_JPEG, _PNG, _GIF, _WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
_SHOWN: Final = frozenset({_JPEG, _PNG, _GIF, _WEBP})  # the others are downloaded
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_OLD_OFFICE: Final = {".doc": "application/msword", ".xls": "application/vnd.ms-excel"}
_TEXT_CONTROLS: Final = frozenset("\t\n\r\f")
_RANGE_HEADERS: Final = (b"range", b"if-range")


@frozen
class UploadForm:
    """POST /api/upload: the fields of a multipart body."""

    file: Annotated[str, Keywords(contentMediaType="application/octet-stream")]


class UploadObject(TypedDict):
    """A stored file. `url`: its path."""

    url: str
    name: str
    size: int
    mimeType: str


def kind_of(content: bytes, name: str) -> str | None:
    """The media type of a file by its content, or None if it is not of an allowed kind.

    Args:
        content: the whole file.
        name: distinguishes Word from Excel in their old common container, and nothing else.
    """
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind(content, name)
    return "text/plain" if _is_text(content) else None


def _webp(content: bytes, _: str) -> str | None:
    return _WEBP if content[8:12] == b"WEBP" else None


def _office(content: bytes, _: str) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if "[Content_Types].xml" not in names or any("vbaProject" in name for name in names):
        return None
    if "word/document.xml" in names:
        return f"{_OFFICE}.wordprocessingml.document"
    return f"{_OFFICE}.spreadsheetml.sheet" if "xl/workbook.xml" in names else None


def _old_office(_: bytes, name: str) -> str | None:
    return _OLD_OFFICE.get(Path(name).suffix.lower())


def _always(kind: str) -> Callable[[bytes, str], str | None]:
    return lambda _, __: kind


_MAGIC: Final = (
    (b"\xff\xd8\xff", _always(_JPEG)),
    (b"\x89PNG\r\n\x1a\n", _always(_PNG)),
    (b"GIF87a", _always(_GIF)),
    (b"GIF89a", _always(_GIF)),
    (b"RIFF", _webp),
    (b"%PDF-", _always("application/pdf")),
    (b"PK\x03\x04", _office),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _old_office),
)


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return all(c >= " " or c in _TEXT_CONTROLS for c in text)


def safe_name(name: str) -> str:
    """A file name that is valid everywhere: letters, digits, dots, dashes, underscores."""
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-MAX_NAME_CHARS:]
    return kept.lstrip(".") or "file"


async def upload(call: Call) -> JSON[UploadObject]:
    """Store the file in the multipart field `file`."""
    name, content = await _file(call)
    limit = call.services.config.max_upload_bytes
    if not content:
        raise HttpError(400, "file_empty", "The file is empty")
    if len(content) > limit:
        raise HttpError(400, "file_too_large", f"A file has at most {limit} bytes")
    kind = await trio.to_thread.run_sync(kind_of, content, name)
    if kind is None:
        raise HttpError(
            400,
            "file_type_refused",
            "Only jpeg, png, gif, webp, pdf, doc, docx, xls, xlsx and txt files are allowed",
        )
    folder = call.services.config.data_dir / _FOLDER
    url = await trio.to_thread.run_sync(_store, folder, safe_name(name), content)
    await call.services.store.uploads.add(Upload(url, call.me, kind))
    return JSON({"url": url, "name": name, "size": len(content), "mimeType": kind})


async def _file(call: Call) -> tuple[str, bytes]:
    missing = HttpError(400, "file_missing", "A multipart field `file` is required")
    if not call.request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise missing
    try:
        async with call.request.form(max_files=1, max_fields=MAX_FIELDS) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise missing
            return file.filename or "file", await file.read()
    except HTTPException as error:  # raised by Starlette for a malformed form
        raise HttpError(400, "form_malformed", error.detail) from None


def _store(folder: Path, name: str, content: bytes) -> str:
    """Write a file under a name that no other has and nobody can guess; returns its address."""
    day = folder / f"{datetime.now(UTC):%Y-%m-%d}"
    day.mkdir(mode=0o750, parents=True, exist_ok=True)
    path = day / f"{secrets.token_hex(NAME_BYTES)}_{name}"
    with path.open("xb") as file:
        file.write(content)
    return f"/{_FOLDER}/{day.name}/{path.name}"


async def download(call: Call) -> Response:
    """A stored file, if the caller may see it."""
    day, name = call.request.path_params["day"], call.request.path_params["name"]
    url = f"/{_FOLDER}/{day}/{name}"
    found = await call.services.store.uploads.visible(call.me, url) if "\x00" not in url else None
    if found is None:
        raise HttpError(404, "file_not_found", "File not found")
    path = trio.Path(call.services.config.data_dir) / _FOLDER / day / name
    try:
        stat = await path.stat()
    except FileNotFoundError:
        raise HttpError(404, "file_not_found", "File not found") from None
    disposition = "inline" if found.mime_type in _SHOWN else "attachment"
    file = _StoredFile(
        path,
        media_type=found.mime_type,
        stat_result=stat,
        headers={
            "Content-Disposition": disposition,  # without a name: a link's `download` may give one
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-site",
            "Cache-Control": "private, max-age=86400, immutable",
        },
    )
    response = unless_known(call.request, file)
    if response is file:
        file.ranges = wanted_ranges(call.request, file, stat.st_size)
    return response


class _StoredFile(FileResponse):
    """A file, or what is wanted of it: `ranges` stands for the request's header Range, which
    Starlette would answer with 400 where RFC 9110 wants it to be ignored.
    """

    ranges: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [header for header in scope["headers"] if header[0] not in _RANGE_HEADERS]
        if self.ranges is not None:
            headers.append((b"range", self.ranges.encode()))
        await super().__call__({**scope, "headers": headers}, receive, send)


def _body_limit(config: Config) -> int:
    return config.max_upload_bytes + MULTIPART_BYTES


SURFACE: Final = LEARNING_PLATFORM
ALSO_FOR: Final = (PRIVATE_MESSAGES,)
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/upload",
        "Store a file",
        upload,
        {
            200: "its address",
            400: [
                "file_missing",
                "file_empty",
                "file_too_large",
                "file_type_refused",
                "form_malformed",
            ],
        },
        body=UploadForm,
        media="multipart/form-data",
        body_limit=_body_limit,
    ),
    Endpoint(
        "GET",
        "/uploads/{day}/{name}",
        "A stored file",
        download,
        {
            200: "it",
            206: "a part of it",
            304: "the client has it",
            404: ["file_not_found"],
            412: ["precondition_failed"],
            416: ["range_not_satisfiable"],
        },
    ),
)
