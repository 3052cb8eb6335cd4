"""A few thousand inputs for every decoder in the normal run."""

import pytest

from tests.fuzz.engine import fuzz
from tests.fuzz.logins import fuzz_logins
from tests.fuzz.targets import TARGETS

INPUTS = 500


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_input_breaks_what_is_promised(name: str) -> None:
    assert fuzz(name, INPUTS) >= INPUTS


async def test_no_request_breaks_what_signs_people_in() -> None:
    statuses = await fuzz_logins(300)
    assert statuses.total() >= 300
    assert {200, 201, 400, 401} <= statuses.keys()
