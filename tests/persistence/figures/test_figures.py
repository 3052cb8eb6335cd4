"""How values are counted."""

from persistence.figures import Spread


def test_a_value_is_counted_up_to_the_bound_that_it_reaches() -> None:
    spread = Spread((1, 2, 5))
    for value in (0, 1, 1.5, 2, 5, 6, 100):
        spread.add(value)
    assert spread.counts == [2, 2, 1, 2]
    assert spread.total == 115.5
    assert len(spread) == 7
