"""Debian's libfaketime: a program whose clock of the day is another one. Time that only passes is
as it is.
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
