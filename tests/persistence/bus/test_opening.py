"""Which engine a URL selects."""

import importlib

import pytest

from persistence.bus.opening import UnusableBus, open_bus
from persistence.bus.redis import RedisBus
from persistence.postgres.bus import PostgresBus
from persistence.postgres.database.bridge import open_asyncio


async def test_the_scheme_selects_the_engine() -> None:
    async with open_asyncio():
        for url, engine in (
            ("postgres", PostgresBus),
            ("redis://127.0.0.1:1", RedisBus),
            ("redis+sentinel://127.0.0.1:1/main", RedisBus),
        ):
            async with open_bus(url, "one", "postgresql://127.0.0.1:1/parlour") as bus:
                assert isinstance(bus, engine)


@pytest.mark.parametrize("url", ["", "nats://u:secret@h", "postgresql://u:secret@h", "u:secret"])
def test_another_scheme_is_refused_without_repeating_secrets(url: str) -> None:
    with pytest.raises(UnusableBus, match="a bus is 'postgres', or the URL of a Redis") as refused:
        open_bus(url, "one", "")
    assert "secret" not in str(refused.value)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError(name="coredis")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UnusableBus, match=r"parlour\[redis\], of which coredis is not installed"):
        open_bus("redis://h", "one", "")


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(UnusableBus, match="cannot be used"):
        open_bus("rediss://h?ca_certs=/no/such/file", "one", "")
