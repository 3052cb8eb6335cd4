"""A database with users, messages and files, and an empty one to restore them to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.settings.config import Config
from persistence.records import Draft
from persistence.uploads import Upload
from tests.support.files.folders import files_in
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.stores.records import make_users


def settings(dsn: str, data_dir: Path) -> Config:
    given = {"database_url": dsn, "data_dir": data_dir}
    return Config(**given)  # type: ignore[arg-type]  # a Config takes text as well


@pytest.fixture
async def places(databases: Databases, tmp_path: Path) -> AsyncIterator[tuple[Config, Config]]:
    """One with two users, a message, a file, a picture, and a file without a row; an empty one."""
    root = tmp_path / "filled"
    root.mkdir(mode=0o700)
    files = files_in(root)
    async with databases.empty() as empty, databases.migrated() as filled:
        async with open_store(filled) as store:
            ann, ben = await make_users(store, "ann", "ben")
            await store.messages.post([Draft(ann.id, ben.id, "hi")])
            urls = [
                await files.keep("a.txt", b"text"),
                await files.keep("b.png", b"picture", b"small"),
            ]
            for url in urls:
                await store.uploads.add(Upload(url, ann.id, "text/plain", "a", 4))
        await files.keep("c.txt", b"nobody's")
        session = "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ('x', $1, now())"
        await execute(filled, session, ann.id)
        yield settings(filled, root), settings(empty, tmp_path / "empty")


@pytest.fixture
def filled(places: tuple[Config, Config]) -> Config:
    return places[0]


@pytest.fixture
def empty(places: tuple[Config, Config]) -> Config:
    return places[1]
