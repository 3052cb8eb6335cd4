"""How a failed command ends."""

import errno
from pathlib import Path

import pytest

from hub.cli.failures import FAILED, WRONG_USE, Failure, naming
from hub.cli.rest import CallFailed
from hub.http.responses import HttpError
from hub.settings.setting import ConfigError
from persistence.records import StoreError
from protocol.errors import ErrorCode, WireError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("port: x"), "Error: port: x"),
        (StoreError("several\nlines\n"), "Error: several lines"),
        (CallFailed("refused", "busy"), "Error: refused (busy)"),
        (CallFailed("not there"), "Error: not there"),
        (
            HttpError(404, "user_not_found", "There is no user x"),
            "Error: There is no user x (user_not_found)",
        ),
        (WireError(ErrorCode.INVALID_FIELD, "role is none"), "Error: role is none (invalid_field)"),
        (StoreError("postgresql://me:hunter2@db/x"), "Error: postgresql://***@db/x"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/tmp"), "Error: /tmp: it is a folder"),
    ],
)
def test_a_failure_is_one_line_with_its_code(error: Exception, text: str) -> None:
    assert str(Failure(error)) == text


def test_only_errors_that_a_restart_cannot_solve_keep_the_service_down() -> None:
    assert Failure(ConfigError("port: x")).ends_with == WRONG_USE
    assert Failure(StoreError("away")).ends_with == FAILED
    assert Failure(OSError("Cannot listen on a:1")).ends_with == FAILED


def test_a_system_error_gets_the_name_of_the_file_that_the_user_knows() -> None:
    with pytest.raises(OSError, match="No space") as full, naming("the archive"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert full.value.filename == "the archive"
    with pytest.raises(FileNotFoundError) as missing, naming("the archive"):
        Path("/none/a").read_text()
    assert missing.value.filename == "/none/a"
    part = Path("/none/.a.part")
    with pytest.raises(FileNotFoundError) as hidden, naming("/none/a", part):
        part.read_text()
    assert hidden.value.filename == "/none/a"
