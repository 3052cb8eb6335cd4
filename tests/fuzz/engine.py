"""Runs a target with many inputs that hypothesis makes."""

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS

EXAMPLES_PER_RUN = 5_000


def fuzz(name: str, inputs: int, start: int = 0) -> int:
    """Give a target at least so many inputs; returns how many it was given.

    Raises what the target raises, for the smallest input that causes it.
    """
    target, count, run = TARGETS[name], 0, start
    examples = min(inputs, EXAMPLES_PER_RUN)
    while count < inputs:

        @seed(run)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @given(target.inputs)
        def check(value: object) -> None:
            nonlocal count
            count += 1
            target.check(value)

        check()
        run += 1
    return count
