"""A running reader for the sockets of a test."""

import pytest
import trio
import trio.testing

from hub.sockets.shared_reader import SharedReader


@pytest.fixture
def reader(nursery: trio.Nursery) -> SharedReader:
    """A running shared reader."""
    reader = SharedReader()
    nursery.start_soon(reader.run)
    return reader
