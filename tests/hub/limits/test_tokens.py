"""The log lines about guesses of the operators' token."""

from hub.limits.tokens import LINES, LINES_SECONDS, TokenGuesses
from tests.support.telemetry.logs import captured_lines


def test_the_log_gets_few_lines_and_counts_the_others() -> None:
    guesses = TokenGuesses(10, 60.0, now=0.0)
    with captured_lines() as lines:
        for number in range(1_000):
            guesses.was_wrong(f"192.0.2.{number}", 1.0)
        guesses.was_wrong("::/64", 2 + LINES_SECONDS)
        guesses.was_wrong("::/64", 3 + LINES_SECONDS)
    assert len(lines) == LINES + 2
    assert [each["unlogged"] for each in lines] == [*[0] * LINES, 1_000 - LINES, 0]
    assert lines[0]["network"] == "192.0.2.0"
