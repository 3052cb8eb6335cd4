"""A few thousand inputs for every decoder in the normal run."""

import pytest

from tests.fuzz.engine import fuzz
from tests.fuzz.logins import fuzz_logins
from tests.fuzz.targets import TARGETS

INPUTS = 500


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_input_breaks_a_guarantee_of_its_decoder(name: str) -> None:
    assert fuzz(name, INPUTS) >= INPUTS


async def test_no_request_to_the_login_endpoints_gets_a_5xx() -> None:
    statuses = await fuzz_logins(300)
    assert statuses.total() >= 300
    assert {200, 201, 400, 401} <= statuses.keys()
