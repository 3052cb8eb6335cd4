"""Opens the file store that the settings name.

Guarantees: nothing of an S3 client is imported unless a bucket is named. Must not know: what files
there are.
"""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from hub.files.folder import FolderStore
from hub.files.uploads import UploadFiles
from hub.settings.config import Config
from hub.settings.parsers import Bucket
from hub.settings.redaction import revealed
from hub.settings.setting import ConfigError


@asynccontextmanager
async def open_files(config: Config) -> AsyncIterator[UploadFiles]:
    """Uploaded files, until the context is left. Whether their store can be reached is not checked.

    Raises:
        ConfigError: a bucket is named, and the client for it is not installed.
    """
    match config.uploads:
        case None:
            yield UploadFiles(FolderStore(config.data_dir))
        case Bucket() as bucket:
            try:
                s3 = await trio.to_thread.run_sync(importlib.import_module, "hub.files.s3")
            except ModuleNotFoundError as missing:
                raise ConfigError(
                    f"uploads: {bucket} needs parlour[s3], of which {missing.name} is not installed"
                ) from None
            access, secret = revealed(config.s3_access_key), revealed(config.s3_secret_key)
            async with s3.open_bucket(
                bucket,
                endpoint=revealed(config.s3_endpoint),
                region=config.s3_region,
                key=None if access is None or secret is None else (access, secret),
                path_style=config.s3_path_style,
            ) as store:
                yield UploadFiles(store)
        case folder:
            yield UploadFiles(FolderStore(folder))
