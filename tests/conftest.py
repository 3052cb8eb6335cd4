"""The fixtures of most tests: a store, and a server with users on it."""

import gc
from collections.abc import AsyncIterator, Generator, Iterator

import pytest
import structlog
import trio

from persistence.interface import Store
from tests.support.files.s3_server import S3Server, s3_server
from tests.support.programs.bytecode import keep_bytecode
from tests.support.stores.databases import (
    Databases,
    database_server,
    migrate_divided,
    quick_folder,
)
from tests.support.stores.memory import new_memory_store
from tests.support.world import World, open_world

pytest_plugins = ("tests.support.timing.clock", "tests.support.timing.time_limit")
OBJECTS_BETWEEN_COLLECTIONS = 10_000
keep_bytecode()

# Where rich is installed, structlog would print every local variable of every frame.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
LOGGING = structlog.get_config()


@pytest.fixture(autouse=True)
def _logging_as_configured() -> Iterator[None]:
    """Undo what a test changes in the configuration of the log."""
    yield
    assert structlog.get_config() == LOGGING


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exempt what was collected from garbage collection: thousands of tests and modules stay to the
    end of the run, and the collector need not look through them again and again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--partitions", action="store_true",
        help="every database of a test has its log in hash partitions, and none is in memory",
    )  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each of its stores, one after the other."""
    if "store" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("--partitions"):
        stores = ["partitions"]
    elif metafunc.definition.get_closest_marker("partitions"):
        stores = ["memory", "postgres", "partitions"]
    else:
        stores = ["memory", "postgres"]
    metafunc.parametrize("store", stores, indirect=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Databases]:
    """One Postgres for the whole run."""
    with quick_folder() as folder, database_server(folder) as server:
        yield server


@pytest.fixture(scope="session")
def partitions(server: Databases) -> Iterator[Databases]:
    """Databases on that server with the log in hash partitions."""
    divided = Databases(server.dsn, migrate_divided, "parlour_divided")
    yield divided
    trio.run(divided.drop_all)


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, server: Databases) -> Databases:
    """Databases on that server, as they are made for a hub."""
    if request.config.getoption("--partitions"):
        divided: Databases = request.getfixturevalue("partitions")
        return divided
    return server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """One S3 server for the whole run."""
    with quick_folder() as folder, s3_server(folder) as server:
        yield server


@pytest.fixture
def memory_store() -> Store:
    return new_memory_store()


@pytest.fixture
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Every implementation of the store, one after the other: see `pytest_generate_tests`."""
    if request.param == "memory":
        yield new_memory_store()
        return
    name = "partitions" if request.param == "partitions" else "databases"
    databases: Databases = request.getfixturevalue(name)
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
