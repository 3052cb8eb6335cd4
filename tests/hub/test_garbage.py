"""A collection looks at few objects, and young unreachable objects are collected."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import ref

from hub.garbage import TRIES, YOUNG, collecting_little

LIVING = 50 * YOUNG


class Thing:
    """An object that may refer to itself."""

    def __init__(self) -> None:
        self.me: Thing | None = None


@contextmanager
def watched() -> Iterator[list[int]]:
    """Yields the numbers of objects that the collections look at."""
    looked_at: list[int] = []

    def count(phase: str, info: Mapping[str, Any]) -> None:
        if phase == "start":
            generations = range(info["generation"] + 1)
            looked_at.append(sum(len(gc.get_objects(generation=each)) for each in generations))

    gc.callbacks.append(count)
    try:
        yield looked_at
    finally:
        gc.callbacks.remove(count)


def test_a_collection_looks_at_few_objects_however_many_there_are() -> None:
    with collecting_little(lambda _: None), watched() as looked_at:
        living = [[number] for number in range(LIVING)]
    assert len(living) == LIVING
    assert len(looked_at) > LIVING / YOUNG / 2
    assert max(looked_at) < (TRIES + 3) * YOUNG


def test_young_garbage_is_collected() -> None:
    with collecting_little(lambda _: None):
        things = []
        for _ in range(YOUNG):
            thing = Thing()
            thing.me = thing
            things.append(ref(thing))
        living = [[number] for number in range(2 * YOUNG)]
        assert sum(thing() is not None for thing in things) <= 1
    assert living


def test_the_settings_of_the_collector_are_restored_afterwards() -> None:
    before = gc.get_threshold(), list(gc.callbacks)
    with collecting_little(lambda _: None):
        assert gc.get_threshold() != before[0]
    assert (gc.get_threshold(), list(gc.callbacks)) == before


def test_the_duration_of_each_collection_is_recorded() -> None:
    noted: list[float] = []
    with collecting_little(noted.append):
        gc.collect(0)
        gc.collect(1)
    assert len(noted) == 2
    assert all(seconds > 0 for seconds in noted)
