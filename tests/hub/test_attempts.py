"""Counting attempts."""

from hub.attempts import AttemptLimiter


def test_attempts_are_allowed_again_as_they_leave_the_window() -> None:
    limiter = AttemptLimiter(2, 10.0)
    assert limiter.allow("ann", 0.0) == 0.0
    assert limiter.allow("ann", 4.0) == 0.0
    assert limiter.allow("ann", 5.0) == 5.0
    assert limiter.allow("ann", 10.0) == 0.0
    assert limiter.allow("ann", 11.0) == 3.0


def test_keys_are_counted_apart() -> None:
    limiter = AttemptLimiter(1, 10.0)
    assert limiter.allow("ann", 0.0) == 0.0
    assert limiter.allow("ben", 0.0) == 0.0
    assert limiter.allow("ann", 0.0) > 0.0


def test_who_has_proven_themself_starts_anew() -> None:
    limiter = AttemptLimiter(1, 10.0)
    limiter.allow("ann", 0.0)
    limiter.forget("ann")
    assert limiter.allow("ann", 0.0) == 0.0


def test_filling_the_table_locks_nobody_out_and_frees_nobody() -> None:
    limiter = AttemptLimiter(2, 10.0, max_keys=3)
    limiter.allow("ann", 0.0)
    limiter.allow("ann", 0.0)
    for number in range(100):
        assert limiter.allow(f"made up {number}", 1.0) == 0.0
    assert limiter.allow("ann", 1.0) == 9.0


def test_when_every_place_is_throttled_new_keys_wait() -> None:
    limiter = AttemptLimiter(1, 10.0, max_keys=2)
    limiter.allow("ann", 0.0)
    limiter.allow("ben", 0.0)
    assert limiter.allow("eve", 5.0) == 10.0
    assert limiter.allow("eve", 10.0) == 0.0


def test_what_is_over_is_forgotten() -> None:
    limiter = AttemptLimiter(1, 10.0)
    for number in range(1000):
        limiter.allow(number, float(number))
    assert len(limiter._throttled) + len(limiter._trying) <= 11
