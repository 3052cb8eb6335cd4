"""Debian's libfaketime: a program that reads another time of day. Its monotonic clock is the real
one.
"""

from pathlib import Path

import pytest

FOUND = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))

needs_faketime = pytest.mark.skipif(not FOUND, reason="Debian's libfaketime is not installed")


def other_clock(clock: str) -> dict[str, str]:
    """The environment of a program with such a clock, as `+1d` or, a thousand times as fast,
    `+0 x1000`.
    """
    return {"LD_PRELOAD": str(FOUND[0]), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
