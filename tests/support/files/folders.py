"""Uploaded files in a folder, for tests that look at the disk."""

from pathlib import Path

from hub.files.folder import FolderStore
from hub.files.uploads import UploadFiles, key_of, thumbnail_key


def files_in(root: Path) -> UploadFiles:
    """Uploaded files in a folder."""
    return UploadFiles(FolderStore(root))


def path_of(root: Path, url: str) -> Path:
    """The path of the file with this address."""
    return root / key_of(url)


def thumbnail_of(root: Path, url: str) -> Path:
    """The path of its thumbnail."""
    return root / thumbnail_key(url)
