"""Faults in what the command line prints, and in how commands end."""

from typing import Final

from tests.planted.fault import Fault

MAIN: Final = "tests/hub/cli/test_main.py"
FAILURES: Final = "tests/hub/cli/test_failures.py"
TERMINAL: Final = "tests/hub/cli/test_terminal.py"
CHAT: Final = "tests/hub/cli/test_chat.py"
UNIT: Final = "tests/hub/cli/test_systemd_unit.py"
DOCTOR: Final = "tests/hub/cli/upkeep/test_doctor.py"
SOURCES: Final = "tests/hub/settings/test_sources.py"
LOGS: Final = "tests/hub/settings/test_logs.py"
LINES: Final = "tests/hub/test_log_lines.py"
NAMES: Final = "tests/protocol/parsing/test_names.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "systemd restarts the hub endlessly when a setting is wrong",
        "hub/cli/failures.py",
        "WRONG_USE if isinstance(error, REFUSED) else FAILED",
        "FAILED",
        (MAIN, FAILURES),
    ),
    Fault(
        "an error message has several lines",
        "hub/cli/failures.py",
        """f"Error: {' '.join(text.split())}\"""",
        """f"Error: {text}\"""",
        (FAILURES,),
    ),
    Fault(
        "the error of a command omits the code of an HTTP error",
        "hub/cli/failures.py",
        "case HttpError(text=text, code=code) | WireError(text=text, code=code):",
        "case HttpError(text=text, code=code):",
        (FAILURES,),
    ),
    Fault(
        "an error does not name the file that could not be written",
        "hub/cli/failures.py",
        "        raise OSError(error.errno, error.strerror, str(what)) from None\n",
        "        raise\n",
        (FAILURES,),
    ),
    Fault(
        "an error names the hidden temporary file instead of the requested file",
        "hub/cli/failures.py",
        "and error.filename not in (part, str(part))",
        "",
        (FAILURES,),
    ),
    Fault(
        "an invalid URL is reported as a failure of the hub",
        "hub/cli/rest.py",
        'raise ConfigError(f"{url} is no http',
        'raise CallFailed(f"{url} is no http',
        ("tests/hub/cli/test_rest.py",),
    ),
    Fault(
        "an empty file name is accepted as the current folder",
        "hub/settings/sources.py",
        "if not isinstance(value, str) or not value:",
        "if not isinstance(value, str):",
        (MAIN,),
    ),
    Fault(
        "an error about a missing folder names only the file in it",
        "hub/settings/reasons.py",
        "if error.errno == errno.ENOENT and not folder.exists():",
        "if False:",
        (SOURCES,),
    ),
    Fault(
        "error numbers of OpenSSL are explained as errors of the system",
        "hub/settings/reasons.py",
        "is_of_tls = isinstance(error, ssl.SSLError)",
        "is_of_tls = False",
        (SOURCES,),
    ),
    Fault(
        "a closed standard output is reported as an error",
        "hub/cli/terminal.py",
        "    except BrokenPipeError:\n        give_up_stdout()\n",
        "",
        (TERMINAL, MAIN),
    ),
    Fault(
        "a trace goes on when its output is closed",
        "hub/cli/operators/desk.py",
        "if not is_read():",
        "if False:",
        ("tests/e2e/http/test_administration.py",),
    ),
    Fault(
        "tabs in a name shift the columns of a table",
        "hub/cli/terminal.py",
        'printable(cell).replace("\\t", " ")',
        "printable(cell)",
        (TERMINAL,),
    ),
    Fault(
        "a password is prompted for without a terminal",
        "hub/cli/questions.py",
        "if not (_opens_terminal() or sys.stdin.isatty()):",
        "if False:",
        (MAIN,),
    ),
    Fault(
        "a confirmation is prompted for without a terminal",
        "hub/cli/questions.py",
        "    if not sys.stdin.isatty():",
        "    if False:",
        (MAIN,),
    ),
    Fault(
        "the process takes seconds to exit after the hub has stopped",
        "hub/__main__.py",
        "    os._exit(code if isinstance(code, int) else int(code is not None))\n",
        "    sys.exit(code if isinstance(code, int) else 0)\n",
        (MAIN,),
    ),
    Fault(
        "an interrupt during the imports prints a traceback",
        "hub/__main__.py",
        "    signal.signal(signal.SIGINT, lambda *_: os._exit(130))\n",
        "    pass\n",
        (MAIN,),
    ),
    Fault(
        "the help of every command lists every setting",
        "hub/cli/running.py",
        "is_hidden = bool(shown) and setting.name not in shown",
        "is_hidden = False",
        (MAIN,),
    ),
    Fault(
        "the terminal client reconnects for ever after a sign-out",
        "hub/cli/chat.py",
        "ConnectionClosed(reason=CloseReason(code=4001))",
        "ConnectionClosed(reason=CloseReason(code=4999))",
        (CHAT,),
    ),
    Fault(
        "the terminal client does not show why the user was signed out",
        "hub/cli/chat.py",
        'return signed_out if error.code is None else f"{signed_out}: {error}"',
        "return signed_out",
        (CHAT,),
    ),
    Fault(
        "a systemd unit is created although the service cannot reach its files",
        "hub/cli/systemd_unit.py",
        "    _require_reachable(of)\n",
        "",
        (UNIT,),
    ),
    Fault(
        "a settings file below /tmp, which the service cannot see, is accepted",
        "hub/cli/systemd_unit.py",
        "for name, path in {**of.files(), **shared}.items():",
        "for name, path in shared.items():",
        (UNIT,),
    ),
    Fault(
        "a system folder is accepted as the data folder",
        "hub/cli/systemd_unit.py",
        "if {Path(os.path.normpath(of.data_dir)), of.data_dir.resolve()} & _SYSTEM:",
        "if False:",
        (UNIT,),
    ),
    Fault(
        "there is no warning that the data folder belongs to another account",
        "hub/cli/systemd_unit.py",
        "elif not is_made and not _may_own(of.user, of.data_dir):",
        "elif False:",
        (UNIT,),
    ),
    Fault(
        "a command creates a new database for an account without a notice",
        "hub/cli/operators/desk.py",
        "    if not _is_there(config):\n        say(",
        "    if False:\n        say(",
        ("tests/e2e/http/test_administration.py",),
    ),
    Fault(
        "there is no warning about a key that the service cannot read",
        "hub/cli/systemd_unit.py",
        "        if not _may_read(of.user, file):",
        "        if False:",
        (UNIT,),
    ),
    Fault(
        "a file counts as readable although the service may not enter its folder",
        "hub/cli/systemd_unit.py",
        "*((at.stat(), stat.S_IXOTH) for at in path.parents)",
        "",
        (UNIT,),
    ),
    Fault(
        "there is no warning about an installation that the service cannot see",
        "hub/cli/systemd_unit.py",
        "        if hidden is not None or not _may_read(of.user, part):",
        "        if False:",
        (UNIT,),
    ),
    Fault(
        "there is no warning about a path too long for the admin socket",
        "hub/cli/systemd_unit.py",
        "if (flaw := flaw_of_path(socket)) is not None:",
        "if (flaw := None) is not None:",
        (UNIT,),
    ),
    Fault(
        "the doctor command reports a drained hub as healthy",
        "hub/cli/upkeep/doctor.py",
        'if hub["draining"]:',
        "if False:",
        (DOCTOR,),
    ),
    Fault(
        "log files contain colour codes",
        "hub/settings/logs.py",
        'colors=stream.isatty() and not os.environ.get("NO_COLOR")',
        "colors=True",
        (LOGS,),
    ),
    Fault(
        "the response to a request refused early has no request id",
        "hub/http/server.py",
        "if headers is rules.headers:",
        "if False:",
        (LINES,),
    ),
    Fault(
        "a refused WebSocket is not logged",
        "hub/http/server.py",
        '        log.debug("request_refused", status=status, reason=text)\n',
        "",
        (LINES,),
    ),
    Fault(
        "a username may be the word that mentions everybody",
        "protocol/parsing/names.py",
        "        and text.lower() != CHANNEL\n",
        "",
        (NAMES,),
    ),
    Fault(
        "a user may take a name reserved for deleted users",
        "protocol/parsing/names.py",
        "        and _OF_THE_DELETED.fullmatch(text) is None\n",
        "",
        (NAMES,),
    ),
    Fault(
        "the error lacks the reason why the hub that holds the data cannot be reached",
        "hub/cli/operators/desk.py",
        "            _require_free(config)\n",
        "            pass\n",
        ("tests/e2e/http/test_administration.py",),
    ),
    Fault(
        "a count of one is printed with a plural noun",
        "hub/cli/terminal.py",
        "{'' if count == 1 else 's'}",
        "s",
        (TERMINAL,),
    ),
)
