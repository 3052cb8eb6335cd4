"""Starting a server: what it takes first, and what it leaves alone when it cannot have that."""

from pathlib import Path

import pytest

from hub.app import Server, serve
from hub.settings.config import Config
from hub.settings.redaction import Secret
from hub.sockets.addresses import listening
from tests.support.stores.databases import Databases, execute


async def never(_: Server) -> None:
    pytest.fail("the port was taken")


async def test_a_hub_that_cannot_have_its_port_does_not_touch_the_database(
    databases: Databases, tmp_path: Path
) -> None:
    with listening("127.0.0.1", 0) as (taken,):
        port = taken.getsockname()[1]
        async with databases.empty() as dsn:
            config = Config(port=port, database_url=Secret(dsn), data_dir=tmp_path / "data")
            with pytest.raises(OSError, match="in use") as failed:
                await serve(config, never)
            tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert await execute(dsn, tables) == 0
        with pytest.raises(OSError, match="in use"):
            await serve(Config(port=port, data_dir=tmp_path / "data"), never)
        assert str(port) in str(failed.value)
        assert not (tmp_path / "data").exists()
