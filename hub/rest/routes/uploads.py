"""Files: uploaded, kept, downloaded. See docs/dialects/README.md#files.

Guarantees: the kind of a file follows from its content, and only a few harmless kinds are taken; a
file is served to the user who stored it, to those who may see a message that carries it, and if it
is its owner's picture to all users, which is looked up at each request; it is served under a name
of its kind and with headers that keep a browser from running it.
"""

import errno
from contextlib import aclosing, suppress
from functools import partial
from typing import Annotated, Final, NotRequired, TypedDict, assert_never

import structlog
import trio
from attrs import evolve, frozen
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from hub.files.kinds import PICTURES, WEBP, essence, kind_of
from hub.files.names import disposition, plain_name, true_name
from hub.files.pictures import Picture, PictureTooLarge, PictureUnreadable, TooManyPictures
from hub.files.store import FilesUnavailable, NoRoom
from hub.files.uploads import NoSuchAddress, UploadFiles, key_of, thumbnail_key
from hub.http.files import StoredFile, as_asked
from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError, NotSignedIn
from hub.rest.parameters import Text
from hub.rest.replies import RETRY_SECONDS, ErrorWording, unavailable
from hub.settings.config import Config
from persistence.records import NoSuchUser, StorageFull, StoreError
from persistence.uploads import Upload
from protocol.dialects.learning_chat.rest import REST as LEARNING_PLATFORM
from protocol.dialects.private_messages.rest import REST as PRIVATE_MESSAGES
from protocol.schemas import Keywords

log = structlog.get_logger(__name__)

MULTIPART_BYTES: Final = 16_384  # the rest of a multipart body, beside the file
MAX_FIELDS: Final = 10
IN_MEMORY_BYTES: Final = 16 << 20  # of a file until it is checked; the disk gets a larger one twice
THUMBNAIL: Final = "thumb"
SIZE: Final = Text("size", f"`{THUMBNAIL}`: a picture's thumbnail, in WebP, if it has one")
_FORM_ESCAPES: Final = {"%22": '"', "%0D": "\r", "%0A": "\n"}  # of browsers, in names


@frozen
class UploadForm:
    """POST /api/upload: the fields of a multipart body."""

    file: Annotated[str, Keywords(contentMediaType="application/octet-stream")]


class UploadObject(TypedDict):
    """A stored file. `url`: its path. A picture also has its width and height in pixels, and the
    path of its thumbnail.
    """

    url: str
    name: str
    size: int
    mimeType: str
    width: NotRequired[int]
    height: NotRequired[int]
    thumbnailUrl: NotRequired[str]


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
    picture = await _picture(call, content, kind) if kind in PICTURES else None
    stored = await _store(call, true_name(name, kind), kind, picture or content)
    shown: UploadObject = {
        "url": stored.url,
        "name": stored.name,
        "size": stored.size,
        "mimeType": essence(kind),
    }
    if picture is not None:
        shown["width"], shown["height"] = picture.width, picture.height
        shown["thumbnailUrl"] = f"{stored.url}?{SIZE.name}={THUMBNAIL}"
    return JSON(shown)


async def _picture(call: Call, content: bytes, kind: str) -> Picture:
    pictures = call.services.pictures
    try:
        return await call.while_waited_for(lambda: pictures.encode(content, kind, call.owner))
    except PictureTooLarge:
        limit = call.services.config.max_image_pixels
        text = f"A picture has at most {limit} pixels, all frames together"
        raise HttpError(400, "image_too_large", text) from None
    except PictureUnreadable:
        raise HttpError(400, "image_unreadable", "This picture cannot be read") from None
    except TooManyPictures:
        raise unavailable() from None


async def _store(call: Call, name: str, kind: str, file: Picture | bytes) -> Upload:
    """Write the file, then record it in the store. A file that was written and could not be
    recorded is removed: here, or by the collector after a crash.
    """
    config, uploads = call.services.config, call.services.store.uploads
    files = call.services.upload_files
    thumbnail = file.thumbnail if isinstance(file, Picture) else None
    content = file.content if isinstance(file, Picture) else file
    try:
        url = await files.keep(plain_name(name), content, thumbnail)
    except FilesUnavailable as error:
        raise _not_written(error) from None
    stored = Upload(url, call.me, kind, name, len(content))
    if isinstance(file, Picture):
        stored = evolve(stored, width=file.width, height=file.height)
    quota, total = config.user_upload_bytes, config.uploads_total_bytes
    try:
        full = await uploads.add(stored, quota=quota, total=total, grace=config.upload_grace)
    except NoSuchUser:
        await _take_back(files, url)
        raise NotSignedIn from None
    if full is not None:
        await _take_back(files, url)
        raise _full(full, quota)
    call.services.metrics.uploads += 1
    call.services.metrics.uploaded_bytes += stored.size
    return stored


async def _take_back(files: UploadFiles, url: str) -> None:
    with suppress(FilesUnavailable):  # the collector removes it later
        await files.remove([url])


async def _file(call: Call) -> tuple[str, bytes]:
    missing = HttpError(400, "file_missing", "A multipart field `file` is required")
    if not call.request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise missing
    try:
        async with aclosing(call.request.stream()) as stream:
            parser = _Parser(call.request.headers, stream, max_files=1, max_fields=MAX_FIELDS)
            form = await parser.parse()
        try:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise missing
            return _unescaped(file.filename or ""), await file.read()
        finally:
            await form.close()
    except MultiPartException as error:
        raise HttpError(400, "form_malformed", error.message) from None
    except OSError as error:  # a larger file is written to the disk meanwhile
        raise _not_spooled(error) from None


class _Parser(MultiPartParser):
    """Keeps files in memory: while others write to the disk, Postgres waits."""

    spool_max_size = IN_MEMORY_BYTES


def _full(why: StorageFull, quota: int) -> HttpError:
    match why:
        case StorageFull.OF_OWNER:
            return HttpError(413, "storage_full", f"Your files may have {quota} bytes together")
        case StorageFull.OF_ALL:
            log.warning("uploads_full")
            return HttpError(507, "uploads_full", "This hub has no room for more files")
        case _:
            assert_never(why)


def _not_spooled(error: OSError) -> HttpError:
    """The response when a large body could not be written to the disk."""
    log.error("file_not_written", reason=str(error))
    return _NO_ROOM.error() if error.errno == errno.ENOSPC else unavailable()


def _not_written(error: FilesUnavailable) -> HttpError:
    """The response when a file is not kept. While the file store fails, that is logged once."""
    if isinstance(error, NoRoom):
        log.error("file_not_written", reason=str(error))
        return _NO_ROOM.error()
    return files_unavailable()


def files_unavailable() -> HttpError:
    """The error while files cannot be written and read, although the rest of the hub works."""
    text = "Files are not available at the moment, please try again"
    return HttpError(503, "files_unavailable", text, {"Retry-After": RETRY_SECONDS})


_NO_ROOM: Final = ErrorWording(507, "disk_full", "There is no room for files at the moment")


def _unescaped(name: str) -> str:
    """A name as it was before a browser put it into a form."""
    for escape, character in _FORM_ESCAPES.items():
        name = name.replace(escape, character)
    return name


async def download(call: Call) -> Response:
    """A stored file, or its thumbnail, if the caller may see it."""
    missing = HttpError(404, "file_not_found", "File not found")
    day, name = call.request.path_params["day"], call.request.path_params["name"]
    url = f"/uploads/{day}/{name}"
    files = call.services.upload_files
    try:
        key, small = key_of(url), thumbnail_key(url)
    except NoSuchAddress:
        raise missing from None
    found = await call.services.store.uploads.visible(call.me, url)
    if found is None:
        raise missing
    kind = found.mime_type
    try:
        stat = await files.stat(small) if call.text(SIZE) == THUMBNAIL else None
        if stat is not None:
            key, kind = small, WEBP
        else:
            stat = await files.stat(key)
        if stat is None:
            raise missing
        how = "inline" if kind in PICTURES else "attachment"
        file = StoredFile(
            partial(files.read, key),
            piece_bytes=files.store.piece_bytes,
            size=stat.size,
            modified=stat.modified,
            media_type=kind,
            headers={
                "Content-Disposition": disposition(how, true_name(found.name, kind)),
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cross-Origin-Resource-Policy": "same-site",
                "Cache-Control": "private, no-cache",  # kept by browsers, and revalidated each time
            },
        )
        return await as_asked(call.request, file)
    except FilesUnavailable:
        raise files_unavailable() from None
    except StoreError:  # it was removed in between
        raise missing from None


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
            200: "the address of the file",
            400: [
                "file_missing",
                "file_empty",
                "file_too_large",
                "file_type_refused",
                "image_too_large",
                "image_unreadable",
                "form_malformed",
            ],
            413: ["storage_full"],
            503: ["files_unavailable"],
            507: ["disk_full", "uploads_full"],
        },
        body=UploadForm,
        media="multipart/form-data",
        body_limit=_body_limit,
        costs=(Kind.UPLOADS,),
    ),
    Endpoint(
        "GET",
        "/uploads/{day}/{name}",
        "Download a file",
        download,
        {
            200: "the file",
            206: "a part of the file",
            304: "the client's copy is current",
            404: ["file_not_found"],
            412: ["precondition_failed"],
            416: ["range_not_satisfiable"],
            503: ["files_unavailable"],
        },
        parameters=(SIZE,),
    ),
)
