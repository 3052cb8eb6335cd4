"""Counting attempts in windows."""

from hub.limits.windows import FixedWindow, SlidingWindow


def test_a_new_window_begins_strictly_after_the_seconds_of_the_one_before() -> None:
    window = FixedWindow(2, 5.0, 0.0)
    assert [window.take(0.0), window.take(1.0), window.take(2.0)] == [True, True, False]
    assert not window.take(5.0)
    assert window.take(5.1)
    assert window.take(10.1)
    assert not window.take(10.1)  # exactly 5 s after the beginning at 5.1
    assert window.take(10.2)


def test_attempts_that_were_allowed_elsewhere_count_in_the_window() -> None:
    window = FixedWindow(4, 10.0, now=0.0)
    assert window.take(1.0)
    window.count(2, 2.0)
    assert window.left(2.0) == 1
    window.count(2, 3.0)
    assert not window.take(10.0)
    window.count(3, 11.0)  # the next window has begun
    assert window.take(21.0)
    assert not window.take(21.0)
    assert window.retry_after(20.0) == 1.0


def test_a_long_pause_saves_nothing_up() -> None:
    window = FixedWindow(2, 5.0, 0.0)
    assert [window.take(100.0) for _ in range(3)] == [True, True, False]


def test_refused_attempts_do_not_lengthen_the_wait() -> None:
    fixed, sliding = FixedWindow(1, 5.0, 0.0), SlidingWindow(1, 5.0)
    assert fixed.take(0.0)
    assert sliding.take("ann", 0.0)
    for now in (1.0, 2.0, 3.0, 4.0, 4.9):
        assert not fixed.take(now)
        assert not sliding.take("ann", now)
    assert fixed.take(5.1)
    assert sliding.take("ann", 5.1)


def test_attempts_are_allowed_again_as_they_leave_the_sliding_window() -> None:
    window = SlidingWindow(2, 10.0)
    assert window.take("ann", 0.0)
    assert window.take("ann", 4.0)
    assert not window.take("ann", 5.0)
    assert window.retry_after("ann", 5.0) == 5.0
    assert window.take("ann", 10.0)
    assert not window.take("ann", 11.0)
    assert window.retry_after("ann", 11.0) == 3.0


def test_keys_are_counted_apart() -> None:
    window = SlidingWindow(1, 10.0)
    assert window.take("ann", 0.0)
    assert window.take("ben", 0.0)
    assert not window.take("ann", 0.0)


def test_a_forgotten_key_starts_from_zero() -> None:
    window = SlidingWindow(1, 10.0)
    assert window.take("ann", 0.0)
    window.forget("ann")
    assert window.take("ann", 0.0)


def test_attempts_that_are_given_back_do_not_count() -> None:
    window = SlidingWindow(2, 10.0)
    assert window.take("ann", 0.0)
    assert window.take("ann", 4.0)
    window.give_back("ann")
    assert window.take("ann", 5.0)
    assert not window.take("ann", 6.0)
    assert window.retry_after("ann", 6.0) == 4.0
    for _ in range(3):
        window.give_back("ann")
    assert len(window) == 0


def test_filling_the_table_does_not_lock_out_new_keys_or_free_throttled_ones() -> None:
    window = SlidingWindow(2, 10.0, max_keys=3)
    assert window.take("ann", 0.0)
    assert window.take("ann", 0.0)
    assert all(window.take(f"made up {number}", 1.0) for number in range(100))
    assert not window.take("ann", 1.0)
    assert window.retry_after("ann", 1.0) == 9.0


def test_the_least_recent_key_is_dropped_for_a_new_one() -> None:
    window = SlidingWindow(2, 10.0, max_keys=2)
    assert all(window.take(key, 0.0) for key in ("ann", "ben", "eve"))  # eve takes ann's place
    assert window.take("ben", 1.0)
    assert not window.take("ben", 1.0)  # ben was remembered
    assert window.take("ann", 1.0)
    assert window.take("ann", 1.0)  # ann was not: this would be the third


def test_when_every_key_is_throttled_new_keys_wait() -> None:
    window = SlidingWindow(1, 10.0, max_keys=2)
    assert window.take("ann", 0.0)
    assert window.take("ben", 0.0)
    assert not window.take("eve", 5.0)
    assert window.retry_after("eve", 5.0) == 10.0
    assert window.take("eve", 10.0)


def test_expired_keys_are_dropped() -> None:
    window = SlidingWindow(1, 10.0)
    for number in range(1000):
        assert window.take(number, float(number))
    assert len(window) <= 11
