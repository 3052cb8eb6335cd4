"""The file store that the settings name."""

import sys
from pathlib import Path

import pytest

from hub.files.folder import FolderStore
from hub.files.opening import open_files
from hub.settings.config import Config
from hub.settings.setting import ConfigError
from tests.support.files.s3_server import S3Server, fresh


async def test_the_file_store_is_the_data_folder_or_another_one(tmp_path: Path) -> None:
    async with open_files(Config(data_dir=tmp_path)) as files:
        assert isinstance(files.store, FolderStore)
        assert files.store.root == tmp_path
    async with open_files(Config(data_dir=tmp_path, uploads=tmp_path / "shared")) as files:
        assert files.store.name == str(tmp_path / "shared")
    assert not list(tmp_path.iterdir())


async def test_the_file_store_is_the_bucket_of_the_settings(s3: S3Server) -> None:
    bucket = fresh()
    async with open_files(Config(**s3.settings(bucket))) as files:
        assert files.store.name == f"s3://uploads/{bucket.prefix.removesuffix('/')}"
        await files.check()


async def test_a_client_that_is_not_installed_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hub.files.s3", raising=False)
    monkeypatch.setitem(sys.modules, "aiobotocore.config", None)
    says = r"uploads: s3://bucket needs parlour\[s3\], of which aiobotocore.config is not installed"
    with pytest.raises(ConfigError, match=says):
        async with open_files(Config(uploads="s3://bucket")):  # type: ignore[arg-type]
            pass
