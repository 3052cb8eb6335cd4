"""How long the pauses before restarts are."""

from hub.supervision.backoff import FIRST_SECONDS, LONGEST_SECONDS, STEADY_SECONDS, Backoff


def test_pauses_grow_to_a_bound() -> None:
    backoff = Backoff()
    pauses = [backoff.after(0.0) for _ in range(12)]
    assert pauses[:4] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS, 8 * FIRST_SECONDS]
    assert pauses == sorted(pauses)
    assert pauses[-2:] == [LONGEST_SECONDS, LONGEST_SECONDS]


def test_a_steady_process_is_restarted_soon() -> None:
    backoff = Backoff()
    for _ in range(12):
        backoff.after(STEADY_SECONDS / 2)
    assert backoff.after(STEADY_SECONDS) == FIRST_SECONDS
    assert backoff.after(0.0) == 2 * FIRST_SECONDS
