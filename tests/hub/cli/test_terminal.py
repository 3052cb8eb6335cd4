"""Text that others wrote does not control the terminal of its reader."""

import os
import sys
from pathlib import Path

import pytest

from hub.cli.terminal import aligned, counted, printable, printable_text, say


def test_control_characters_are_not_printed() -> None:
    assert printable("a\x1b[2J\nb\u202ec\x9b \xe9\t1") == "a [2J b c  \xe9\t1"


def test_a_text_keeps_its_lines() -> None:
    assert printable_text("a\x1b[2J\n\tb\r\nc") == "a [2J\n\tb \nc"


def test_a_line_is_printed_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    say("7\tann\x1b]0;OWNED\x07")
    assert capsys.readouterr().out == "7\tann ]0;OWNED \n"


def test_columns_are_aligned_whatever_they_contain() -> None:
    rows = [("1", "ann", "-", ""), ("10", "b\tn\x1b", "b@example.org", "x")]
    assert aligned(rows) == ["1   ann   -", "10  b n   b@example.org  x"]
    assert aligned([]) == []


def test_a_line_for_a_closed_pipe_is_dropped_and_the_command_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        say("one")
        say("two")


def test_a_line_for_a_full_disk_raises_an_error_that_names_the_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Path("/dev/full").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(OSError, match="standard output"):
            say("one")


def test_a_count_of_one_is_singular() -> None:
    assert [counted(count, "file") for count in (0, 1, 1_200)] == [
        "0 files", "1 file", "1,200 files",
    ]  # fmt: skip
