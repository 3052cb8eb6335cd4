"""What others wrote does not drive the terminal of who reads it."""

import os
import sys
from pathlib import Path

import pytest

from hub.cli.terminal import aligned, counted, printable, printable_text, say


def test_control_characters_are_not_printed() -> None:
    assert printable("a\x1b[2J\nb\u202ec\x9b \xe9\t1") == "a [2J b c  \xe9\t1"


def test_a_text_keeps_its_lines() -> None:
    assert printable_text("a\x1b[2J\n\tb\r\nc") == "a [2J\n\tb \nc"


def test_a_line_is_printed_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    say("7\tann\x1b]0;OWNED\x07")
    assert capsys.readouterr().out == "7\tann ]0;OWNED \n"


def test_columns_stand_below_each_other_whatever_is_in_them() -> None:
    rows = [("1", "ann", "-", ""), ("10", "b\tn\x1b", "b@example.org", "x")]
    assert aligned(rows) == ["1   ann   -", "10  b n   b@example.org  x"]
    assert aligned([]) == []


def test_a_line_that_nobody_reads_is_dropped_and_the_command_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        say("one")
        say("two")


def test_a_line_for_which_there_is_no_room_is_an_error_that_names_the_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Path("/dev/full").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(OSError, match="standard output"):
            say("one")


def test_one_is_not_several() -> None:
    assert [counted(count, "file") for count in (0, 1, 1_200)] == [
        "0 files", "1 file", "1,200 files",
    ]  # fmt: skip
