"""How long a device waited while its node was well."""

import pytest

from tests.cluster.health import RECOVERY_SECONDS, Health, Spell

HEALTH = Health({"ash": [Spell(100, 110), Spell(200, 210), Spell(300)]})


@pytest.mark.parametrize(
    ("since", "until", "waits"),
    [
        (50, 57, (7, 0)),
        (98, 105, (2, 0)),  # until the spell began
        (98, 113, (2, 3)),  # and after it had ended
        (103, 108, (0, 0)),
        (103, 118, (0, 8)),
        (111, 118, (0, 7)),  # the spell had just ended
        (110 + RECOVERY_SECONDS, 120, (5, 0)),
        (190, 290, (10, 80)),
        (90, 310, (10, 90)),
        (290, 400, (10, 0)),  # it has not ended
    ],
)
def test_a_wait_counts_as_long_as_the_node_is_well(
    since: float, until: float, waits: tuple[float, float]
) -> None:
    assert HEALTH.waits("ash", since, until) == waits
    assert HEALTH.waits("birch", since, until) == (until - since, 0)
