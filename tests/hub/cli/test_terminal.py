"""What others wrote does not drive the terminal of who reads it."""

import pytest

from hub.cli.terminal import printable, printable_text, say


def test_control_characters_are_not_printed() -> None:
    assert printable("a\x1b[2J\nb\u202ec\x9b \xe9\t1") == "a [2J b c  \xe9\t1"


def test_a_text_keeps_its_lines() -> None:
    assert printable_text("a\x1b[2J\n\tb\r\nc") == "a [2J\n\tb \nc"


def test_a_line_is_printed_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    say("7\tann\x1b]0;OWNED\x07")
    assert capsys.readouterr().out == "7\tann ]0;OWNED \n"
