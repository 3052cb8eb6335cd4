"""A store in memory whose times are today's."""

from datetime import UTC, datetime

from persistence.interface import Store
from persistence.memory import open_memory_store


def new_memory_store() -> Store:
    return open_memory_store(now=lambda: datetime.now(UTC))
