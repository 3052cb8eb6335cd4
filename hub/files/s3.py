"""Files in a bucket of a server that speaks the S3 protocol.

Guarantees: a file is one object, which such a server shows as a whole or not at all; a large one is
sent in parts, and the parts of an upload that fails are removed. Each request has a deadline, and
no more than `REQUESTS` are open at a time; a file is read in pieces, one request each, so a slow
reader holds none open. The text of an error is this module's and never the server's, which may
contain a key. Must not know: who may see a file.
"""

import secrets
import ssl
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

import httpx2
import structlog
import trio
from aiobotocore.config import AioConfig
from aiobotocore.httpxsession import HttpxSession
from aiobotocore.session import get_session
from attrs import field, frozen
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from hub.files.store import (
    FOLDERS,
    FilesMisconfigured,
    FilesUnavailable,
    Listed,
    NoRoom,
    NoSuchFile,
    Space,
    Stat,
)
from hub.settings.parsers import Bucket
from hub.settings.redaction import redact

log = structlog.get_logger(__name__)

T = TypeVar("T")
Answer: TypeAlias = Mapping[str, Any]
"""A response as the client library returns it."""

REQUEST_SECONDS: Final = 15.0
TRANSFER_SECONDS: Final = 60.0  # for a part
CLEAN_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 10.0
ATTEMPTS: Final = 2  # of a request that the server could not carry out
REQUESTS: Final = 16
PUTS: Final = 4  # files that are sent at a time, each with a part in memory
PART_BYTES: Final = 5 << 20  # the smallest that the protocol allows
READ_BYTES: Final = 512 << 10
_CHECKS: Final = "check"

_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchUpload"})
_FULL: Final = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "507"})
_SETTINGS: Final[Mapping[str, str]] = {
    "NoSuchBucket": "there is no such bucket",
    "InvalidBucketName": "no bucket may have this name",
    "InvalidAccessKeyId": "the server does not know s3_access_key",
    "SignatureDoesNotMatch": "s3_secret_key is not that of s3_access_key",
    "InvalidToken": "the server refuses the key",
    "ExpiredToken": "the key has expired",
    "AuthorizationHeaderMalformed": "s3_region is not that of the bucket",
    "IllegalLocationConstraintException": "s3_region is not that of the bucket",
    "PermanentRedirect": "s3_region or s3_endpoint is not that of the bucket",
    "301": "s3_region or s3_endpoint is not that of the bucket",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
}
_FORBIDDEN: Final = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})

_OF_ASYNCIO: Final = (
    "assume-role", "assume-role-with-web-identity", "sso", "login", "custom-process",
    "container-role", "iam-role",
)  # fmt: skip
"""Credential providers of the client library that need an event loop of asyncio."""


class _BehindItsEnd(Exception):
    """A range that begins after the end of the file."""


StoreErrors: TypeAlias = FilesUnavailable | NoSuchFile | _BehindItsEnd


@asynccontextmanager
async def open_bucket(
    bucket: Bucket,
    *,
    endpoint: str | None,
    region: str,
    key: tuple[str, str] | None,
    path_style: bool,
) -> AsyncIterator["S3Store"]:
    """A bucket, until the context is left. No request is sent yet.

    Args:
        bucket: which one.
        endpoint: the server's URL; None: Amazon's of the region.
        region: of the bucket.
        key: access key and secret key; None: those in the environment, or in the files of Amazon's
            programs.
        path_style: whether the bucket stands in the path, or in the host name.
    """
    config = AioConfig(
        http_session_cls=HttpxSession,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=SILENT_SECONDS,
        max_pool_connections=REQUESTS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        s3={"addressing_style": "path" if path_style else "virtual"},
        connector_args={"ssl_context": ssl.create_default_context()},  # the system's authorities
        # checksums that other servers than Amazon's refuse
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    access, secret = key or (None, None)
    session = get_session()
    providers = session.get_component("credential_provider")
    for name in _OF_ASYNCIO:
        providers.remove(name)
    async with session.create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=config,
    ) as client:
        yield S3Store(client, bucket)


@frozen
class S3Store:
    """See `FileStore`."""

    client: Any = field(repr=False)  # its methods are made from a description of the protocol
    bucket: Bucket
    piece_bytes: int = field(default=READ_BYTES, init=False)
    _requests: trio.CapacityLimiter = field(
        factory=lambda: trio.CapacityLimiter(REQUESTS), init=False
    )
    _puts: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(PUTS), init=False)

    @property
    def name(self) -> str:
        """`s3://bucket/prefix`."""
        return str(self.bucket)

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        """Store a file. See `FileStore`."""
        async with self._puts:
            part, upload = bytearray(), None
            try:
                async for chunk in chunks:
                    if len(part) + len(chunk) > PART_BYTES and len(part) >= PART_BYTES:
                        upload = upload or await self._begin(key)
                        await upload.send(bytes(part))
                        part.clear()
                    part += chunk
                if upload is None:
                    await self._put(key, bytes(part))
                else:
                    await upload.send(bytes(part))
                    await upload.end()
            except BaseException:
                if upload is not None:
                    with trio.move_on_after(CLEAN_SECONDS, shield=True):
                        await upload.abort()
                raise

    async def stat(self, key: str) -> Stat | None:
        """What is known of a file. See `FileStore`."""
        try:
            found = await self._ask("look up", self.client.head_object, key)
        except NoSuchFile:
            return None
        return Stat(found["ContentLength"], found["LastModified"].timestamp())

    async def read(self, key: str, start: int, size: int) -> bytes:
        """A part of a file. See `FileStore`."""
        get = partial(self._get, key, f"bytes={start}-{start + size - 1}")
        try:
            return await self.within(REQUEST_SECONDS, "read", get)
        except _BehindItsEnd:
            return b""

    async def remove(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Remove files. See `FileStore`."""
        failed: dict[str, str] = {}
        for first in range(0, len(keys), 1_000):  # as many as a request may name
            some = {self._object(key): key for key in keys[first : first + 1_000]}
            named = {"Objects": [{"Key": each} for each in some], "Quiet": True}
            answer = await self._ask("remove", self.client.delete_objects, Delete=named)
            for error in answer.get("Errors", ()):
                code = str(error.get("Code"))
                if code not in _MISSING:
                    failed[some[error["Key"]]] = f"{self.name}: {_reason(code, 'remove')}"
        return failed

    async def listed(self) -> AsyncGenerator[Sequence[Listed], None]:
        """All files. See `FileStore`."""
        for folder in FOLDERS:
            async with aclosing(self._pages(f"{self.bucket.prefix}{folder}/")) as answers:
                async for answer in answers:
                    now = _date_of(answer)
                    yield [
                        Listed(
                            each["Key"].removeprefix(self.bucket.prefix),
                            (now - each["LastModified"]).total_seconds(),
                        )
                        for each in answer.get("Contents", ())
                    ]

    async def remove_torn(self, seconds: float) -> int:
        """Remove the parts that interrupted puts have left. See `FileStore`."""
        lookup = self.client.list_multipart_uploads
        answer = await self._ask("list", lookup, Prefix=self.bucket.prefix)
        removed = 0
        for each in answer.get("Uploads", ()):
            if (_date_of(answer) - each["Initiated"]).total_seconds() > seconds:
                abort = partial(self.client.abort_multipart_upload, Key=each["Key"])
                with suppress(NoSuchFile):  # another hub has removed it
                    await self._ask("remove", abort, UploadId=each["UploadId"])
                    removed += 1
        return removed

    async def check(self) -> None:
        """Write, read, list and remove a small file. See `FileStore`."""
        key = f"{_CHECKS}/{secrets.token_hex(8)}"
        await self._put(key, b"parlour")
        if await self.read(key, 0, 100) != b"parlour":
            raise FilesUnavailable(f"{self.name}: what was written is not what is read")
        listing = self.client.list_objects_v2
        await self._ask("list", listing, Prefix=self.bucket.prefix, MaxKeys=1)
        await self._ask("remove", self.client.delete_object, key)

    async def space(self) -> Space | None:
        """A bucket has no size. See `FileStore`."""
        return None

    async def _begin(self, key: str) -> "_Upload":
        answer = await self._ask("write", self.client.create_multipart_upload, key)
        return _Upload(self, key, answer["UploadId"])

    async def _put(self, key: str, content: bytes) -> None:
        put = partial(self.client.put_object, Body=content)
        await self._ask("write", put, key, seconds=TRANSFER_SECONDS)

    async def _get(self, key: str, span: str) -> bytes:
        answer = await self.client.get_object(
            Bucket=self.bucket.name, Key=self._object(key), Range=span
        )
        async with answer["Body"] as body:
            content: bytes = await body.read()
        if len(content) != answer["ContentLength"]:
            raise FilesUnavailable(f"{self.name} has sent only a part of a file")
        return content

    async def _pages(self, prefix: str) -> AsyncGenerator[Answer, None]:
        lookup = partial(self.client.list_objects_v2, Prefix=prefix)
        while True:
            answer = await self._ask("list", lookup)
            yield answer
            if not answer.get("IsTruncated"):
                return
            lookup = partial(lookup, ContinuationToken=answer["NextContinuationToken"])

    def _object(self, key: str) -> str:
        return f"{self.bucket.prefix}{key}"

    async def _ask(
        self,
        what: str,
        call: Callable[..., Awaitable[Answer]],
        key: str | None = None,
        seconds: float = REQUEST_SECONDS,
        **parameters: object,
    ) -> Answer:
        """Send a request, and return the response.

        Args:
            what: the operation, for error texts.
            call: the client's method.
            key: of the file concerned.
            seconds: how long it may take.
            parameters: further parameters of `call`.

        Raises:
            FilesUnavailable, NoRoom, NoSuchFile: the request failed.
        """
        named = {} if key is None else {"Key": self._object(key)}
        return await self.within(
            seconds, what, partial(call, Bucket=self.bucket.name, **named, **parameters)
        )

    async def within(self, seconds: float, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, one request, within so many seconds. Raises as `_ask`."""
        try:
            with trio.fail_after(seconds):
                async with self._requests:
                    return await work()
        except trio.TooSlowError:
            text = f"{self.name} did not answer within {seconds:g} s"
            raise FilesUnavailable(text) from None
        except ClientError as error:
            raise self._refused(error, what) from None
        except NoCredentialsError:
            text = f"{self.name}: there is no key; see s3_access_key"
            raise FilesMisconfigured(text) from None
        except (BotoCoreError, httpx2.HTTPError, OSError) as error:
            cause = redact(str(getattr(error, "kwargs", {}).get("error") or type(error).__name__))
            raise FilesUnavailable(f"{self.name} cannot be reached: {cause}") from None

    def _refused(self, error: ClientError, what: str) -> StoreErrors:
        code = str(error.response.get("Error", {}).get("Code"))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code == "InvalidRange":
            return _BehindItsEnd()
        if code in _MISSING:
            return NoSuchFile(f"There is no such file in {self.name}")
        text = f"{self.name}: {_reason(code, what)}"
        if code in _FULL:
            return NoRoom(text)
        if code in _SETTINGS or code in _FORBIDDEN:
            return FilesMisconfigured(text)
        return FilesUnavailable(f"{text} (HTTP status {status})")


@frozen
class _Upload:
    """A file that is sent in parts, and cannot be read before `end`."""

    store: S3Store
    key: str
    upload_id: str
    parts: list[Mapping[str, object]] = field(factory=list)

    async def send(self, content: bytes) -> None:
        number = len(self.parts) + 1
        send = partial(self.store.client.upload_part, PartNumber=number, Body=content)
        answer = await self._ask(send, TRANSFER_SECONDS)
        self.parts.append({"ETag": answer["ETag"], "PartNumber": number})

    async def end(self) -> None:
        end = self.store.client.complete_multipart_upload
        await self._ask(partial(end, MultipartUpload={"Parts": self.parts}), TRANSFER_SECONDS)

    async def abort(self) -> None:
        try:
            await self._ask(self.store.client.abort_multipart_upload, CLEAN_SECONDS)
        except (FilesUnavailable, NoSuchFile) as error:  # `remove_torn` removes them later
            log.warning("parts_not_removed", store=self.store.name, reason=str(error))

    async def _ask(self, call: Callable[..., Awaitable[Answer]], seconds: float) -> Answer:
        named = {"Key": f"{self.store.bucket.prefix}{self.key}", "UploadId": self.upload_id}
        bucket = self.store.bucket.name
        work = partial(call, Bucket=bucket, **named)
        answer: Answer = await self.store.within(seconds, "write", work)
        return answer


def _reason(code: str, what: str) -> str:
    if code in _FORBIDDEN:
        return f"the key may not {what} files"
    if code in _FULL:
        return "there is no room"
    return _SETTINGS.get(code) or f"files cannot be {_DONE.get(what, what)}: {code}"


_DONE: Final = {"write": "written", "remove": "removed", "list": "listed", "look up": "looked up"}


def _date_of(answer: Answer) -> datetime:
    """The server's time at the response."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
