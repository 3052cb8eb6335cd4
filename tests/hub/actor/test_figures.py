"""The close codes of connections that ended are counted."""

import pytest

from hub.actor.figures import BROKEN, NO_CODE, OTHER_CODE, HubFigures
from protocol.errors import TOO_SLOW


@pytest.mark.parametrize(
    ("code", "counted"),
    [
        (1000, 1000),
        (TOO_SLOW.code, 4008),
        (NO_CODE, 1005),
        (BROKEN, 1006),
        (3000, OTHER_CODE),
        (4999, OTHER_CODE),
        (65_535, OTHER_CODE),
    ],
)
def test_close_codes_are_counted_each_and_unknown_ones_together(code: int, counted: int) -> None:
    figures = HubFigures()
    figures.ended("a dialect", code)
    assert figures.closed == {("a dialect", counted): 1}
