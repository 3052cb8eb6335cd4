"""What most tests start from: a store, and a server with people over it."""

import gc
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
import structlog

from persistence.interface import Store
from tests.support.programs.bytecode import keep_bytecode
from tests.support.stores.databases import Databases, database_server, quick_folder
from tests.support.stores.memory import new_memory_store
from tests.support.world import World, open_world

pytest_plugins = ("tests.support.time_limit",)
OBJECTS_BETWEEN_COLLECTIONS = 10_000
keep_bytecode()

# Where rich is installed, structlog would print every local variable of every frame.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end of the run: there is no garbage in thousands of tests
    and modules, and the collector need not look through them again and again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """One Postgres for the whole run."""
    with quick_folder() as folder, database_server(folder) as server:
        yield server


@pytest.fixture
def memory_store() -> Store:
    return new_memory_store()


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Every implementation of the store, one after the other."""
    if request.param == "memory":
        yield new_memory_store()
        return
    databases: Databases = request.getfixturevalue("databases")
    async with databases.store() as postgres:
        yield postgres


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    """A server over every kind of store. Presence changes without grace."""
    async with open_world(store, presence_grace=0.0) as world:
        yield world


@pytest.fixture
async def timed_world(memory_store: Store) -> AsyncIterator[World]:
    """A server whose timers a mock clock can drive."""
    async with open_world(memory_store) as world:
        yield world
