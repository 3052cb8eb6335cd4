"""When the garbage collector runs, and on what.

Guarantees: one collection looks at some ten thousand objects, however many connections there are,
so it holds the loop for milliseconds. Must not know: what the objects are.

An object that survived two collections lives as long as a connection or the process, and is freed
with its last reference: ended connections leave no cycles behind. So it is not looked at again. To
look at all of ten thousand connections took a second, whenever their number had grown by a quarter.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

YOUNG: Final = 5_000  # net allocations between collections; messages are freed before they count
TRIES: Final = 2  # collections of the youngest, before their survivors are looked at once more
NEVER: Final = 1_000_000_000


@contextmanager
def collecting_little(collected: Callable[[float], None]) -> Iterator[None]:
    """Collect garbage among young objects only; those that exist now are not looked at.

    Args:
        collected: gets the seconds that a collection took.
    """
    began = 0.0

    def note(phase: str, info: Mapping[str, Any]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
            return
        if info["generation"]:
            gc.freeze()  # what has survived
        collected(time.perf_counter() - began)

    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, TRIES, NEVER)
    gc.callbacks.append(note)
    try:
        yield
    finally:
        gc.callbacks.remove(note)
        gc.set_threshold(*before)
        gc.unfreeze()
