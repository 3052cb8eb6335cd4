"""What a log line shows, and what it never shows."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import structlog

from hub.settings.choices import LogFormat, LogLevel
from hub.settings.log_sink import LogSink
from hub.settings.logs import REDACTED, configure_logging, set_level
from hub.settings.redaction import Secret
from tests.support.telemetry.logs import restored_logging


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with restored_logging():
        yield


def logged(style: str = "json", level: str = "info", **values: Any) -> str:
    stream = io.StringIO()
    configure_logging(LogLevel(level), LogFormat(style), stream)
    structlog.get_logger().info("something", **values)
    return stream.getvalue()


def test_a_line_is_one_json_object_with_time_level_and_values() -> None:
    line = json.loads(logged(user_id=7))
    assert (line["event"], line["level"], line["user_id"]) == ("something", "info", 7)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize(
    "values",
    [
        {"token": "hunter2"},
        {"session_token": "hunter2"},
        {"Set_Cookie": "hunter2"},
        {"new_password": "hunter2"},
        {"headers": {"Authorization": "hunter2"}},
        {"people": [{"password_hash": "hunter2"}]},
        {"message_content": "hunter2"},
    ],
)
def test_secrets_and_content_are_redacted_however_deep(style: str, values: Any) -> None:
    text = logged(style, **values)
    assert "hunter2" not in text
    assert REDACTED in text


URL = "postgresql://me:hunter2@db/x"


def fail(error: Exception) -> NoReturn:
    raise error


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize(
    "values",
    [
        {"url": URL},
        {"reason": f"cannot connect to {URL}"},
        {"urls": [{"first": URL}]},
        {"error": ValueError(URL)},
        {"errors": [ValueError("host=db password=hunter2")]},
        {"key": Secret("hunter2")},
    ],
)
def test_a_password_in_a_text_is_masked_however_deep(style: str, values: Any) -> None:
    text = logged(style, **values)
    assert "hunter2" not in text
    assert "***" in text or "(set)" in text


@pytest.mark.parametrize("style", LogFormat)
def test_a_password_in_a_traceback_or_of_a_library_is_masked(style: LogFormat) -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.INFO, style, stream)
    try:
        fail(ConnectionError(URL))
    except ConnectionError as error:
        structlog.get_logger().error("failed", exc_info=error)
        structlog.get_logger().exception("failed again")
        logging.getLogger("somebody.elses").exception("cannot reach %s", URL)
    text = stream.getvalue()
    assert text.count("ConnectionError: ") == 3
    assert text.count("postgresql://***@db/x") == 4
    assert "hunter2" not in text


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_value_cannot_start_a_line_or_control_a_terminal(style: str) -> None:
    text = logged(style, name="a\nERROR forged\x1b[2J\u202e")
    assert text.count("\n") == 1
    assert "\x1b[2J" not in text
    assert "\u202e" not in text


def test_a_traceback_on_a_terminal_cannot_pass_for_another_line() -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.INFO, LogFormat.CONSOLE, stream)
    error = ValueError("oops\n2026-01-01 [error] forged\x1b[2J")
    structlog.get_logger().error("failed", exc_info=error)
    lines = stream.getvalue().splitlines()
    assert "\x1b[2J" not in stream.getvalue()
    assert all(line.startswith("  | ") for line in lines[1:])
    assert any("forged" in line for line in lines)


def test_below_the_level_nothing_is_written() -> None:
    assert logged(level="warning") == ""


def test_the_level_can_be_changed_while_a_logger_is_in_use() -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.WARNING, LogFormat.JSON, stream)
    log = structlog.get_logger()
    log.info("not heard")
    set_level(LogLevel.DEBUG)
    log.debug("heard")
    set_level(LogLevel.ERROR)
    log.warning("not heard")
    log.error("heard")
    logging.getLogger("somebody.elses").warning("not heard")
    assert stream.getvalue().count('"heard"') == 2
    assert "not heard" not in stream.getvalue()


@pytest.mark.parametrize("style", LogFormat)
def test_the_number_of_dropped_lines_is_a_line_like_others(style: LogFormat) -> None:
    stream = io.StringIO()
    with LogSink(stream, max_chars=300) as sink:
        configure_logging(LogLevel.INFO, style, sink)
        structlog.get_logger().info("too long for what waits", text="x" * 300)
        structlog.get_logger().info("short")
    dropped, line = stream.getvalue().splitlines()
    assert ("log_lines_dropped" in dropped, "1" in dropped, "short" in line) == (True,) * 3
    if style is not LogFormat.CONSOLE:
        assert json.loads(dropped)["count"] == 1


def test_the_warnings_of_a_library_are_lines_in_the_same_format() -> None:
    stream = io.StringIO()
    configure_logging(LogLevel.INFO, LogFormat.JSON, stream)
    logging.getLogger("somebody.elses").warning("careful")
    logging.getLogger("somebody.elses").info("chatter")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["level"]) == ("careful", "warning")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "is_coloured"),
    [
        (io.StringIO(), {}, False),
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
    ],
)
def test_colours_are_used_on_terminals_unless_no_color_is_set(
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO,
    variables: dict[str, str],
    *,
    is_coloured: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    configure_logging(LogLevel.INFO, LogFormat.CONSOLE, stream)
    structlog.get_logger().info("something")
    assert "something" in stream.getvalue()
    assert ("\x1b[" in stream.getvalue()) == is_coloured
