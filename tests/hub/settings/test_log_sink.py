"""Log lines whose reader hangs, has gone, or is a full disk."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TextIO

import pytest

from hub.settings.log_sink import CHUNK_CHARS, LogSink
from tests.support.machine.disks import small_disk

PIPE_BYTES = 1 << 16  # that a pipe of Linux holds


def told(count: int) -> str:
    return f"{count} were dropped\n"


@contextmanager
def piped() -> Iterator[tuple[TextIO, TextIO]]:
    """Both ends of a pipe: that of a reader, and that of the hub."""
    outlet, inlet = os.pipe()
    with os.fdopen(outlet) as reader, os.fdopen(inlet, "w") as stream:
        yield reader, stream


def test_lines_are_written_in_their_order() -> None:
    lines = [f"{n}\n" for n in range(1_000)]
    with piped() as (reader, stream):
        with LogSink(stream) as sink:
            for line in lines:
                sink.write(line)
        stream.close()
        assert reader.readlines() == lines
    assert sink.dropped == 0


def test_a_reader_that_hangs_delays_no_writer_and_gets_the_count_of_dropped_lines() -> None:
    """The lines in the pipe and in the queue are read later; the others are counted."""
    line = "x" * 99 + "\n"
    with piped() as (reader, stream):
        sink = LogSink(stream, max_chars=PIPE_BYTES + CHUNK_CHARS)
        sink.drop_notice = told
        for _ in range(10_000):
            sink.write(line)
        assert sink.dropped > 0
        kept = 10_000 - sink.dropped
        heard = [reader.readline() for _ in range(kept)]
        sink.write("last\n")
        while heard[-1] != "last\n":
            heard.append(reader.readline())
        sink.close()
    missing = [each for each in heard if "dropped" in each]
    assert sum(int(each.split()[0]) for each in missing) == sink.dropped
    assert heard.count(line) == kept


def test_a_reader_that_has_gone_is_no_error() -> None:
    with piped() as (reader, stream), LogSink(stream) as sink:
        reader.close()
        for _ in range(3):
            sink.write("a\nb\n")
        sink.close()
        assert sink.dropped == 6


def test_a_file_on_a_full_disk_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path, 1 << 20) as folder:
        filler = folder / "filler"
        filler.write_bytes(b"x" * (1_016 << 10))
        path = folder / "log"
        with path.open("a") as stream, LogSink(stream, max_chars=100_000) as sink:
            sink.drop_notice = told
            while not sink.dropped:
                sink.write("y" * 999 + "\n")
            filler.unlink()
            while "there is room\n" not in path.read_text():
                sink.write("there is room\n")
        lines = path.read_text().splitlines()
    missing = [int(line.split()[0]) for line in lines if "dropped" in line]
    assert 0 < sum(missing) <= sink.dropped
    whole = [line for line in lines if line.strip("y") == "" and len(line) == 999]
    torn = [line for line in lines if line.strip("y") == "" and len(line) < 999]
    assert whole
    assert len(torn) <= 1, "what comes next begins a line"


def test_a_stream_that_another_process_made_non_blocking_loses_nothing() -> None:
    lines = ["x" * 999 + "\n"] * 500  # more than a pipe holds
    with piped() as (reader, stream):
        os.set_blocking(stream.fileno(), False)
        with LogSink(stream) as sink:
            for line in lines:
                sink.write(line)
            assert [reader.readline() for _ in lines] == lines
    assert sink.dropped == 0


def test_closing_does_not_wait_for_a_reader_that_hangs() -> None:
    with piped() as (reader, stream):
        sink = LogSink(stream)
        sink.write("x" * (4 * PIPE_BYTES) + "\n")
        sink.close(seconds=0.01)
        sink.write("too late\n")
        assert sink.dropped == 1
        reader.close()  # which ends the write that was left behind


def test_a_stream_that_is_no_file_is_written_too() -> None:
    stream = StringIO()
    with LogSink(stream) as sink:
        sink.write("hello\n")
    assert stream.getvalue() == "hello\n"
    assert not sink.isatty()


class Failing(StringIO):
    """A stream that cannot be written."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, text)


def test_an_error_of_a_write_is_not_raised() -> None:
    with LogSink(Failing()) as sink:
        sink.write("hello\n")
    assert sink.dropped == 1


@pytest.mark.parametrize("text", ["\udcff\n", "é\n"])
def test_any_text_can_be_written(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w", encoding="utf-8") as stream, LogSink(stream) as sink:
        sink.write(text)
        sink.close()
    assert path.read_bytes() == text.encode(errors="backslashreplace")
