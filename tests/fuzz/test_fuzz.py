"""A few thousand inputs for every decoder in the normal run."""

import pytest

from tests.fuzz.engine import fuzz
from tests.fuzz.targets import TARGETS

INPUTS = 500


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_input_breaks_what_is_promised(name: str) -> None:
    assert fuzz(name, INPUTS) >= INPUTS
