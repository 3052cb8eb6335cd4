"""Faults in what the command line says, and how it ends."""

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
        "a wrong setting has systemd start the hub for ever",
        "hub/cli/failures.py",
        "WRONG_USE if isinstance(error, REFUSED) else FAILED",
        "FAILED",
        (MAIN, FAILURES),
    ),
    Fault(
        "a failure has several lines",
        "hub/cli/failures.py",
        """f"Error: {' '.join(text.split())}\"""",
        """f"Error: {text}\"""",
        (FAILURES,),
    ),
    Fault(
        "the code of what is malformed is not said",
        "hub/cli/failures.py",
        "case HttpError(text=text, code=code) | WireError(text=text, code=code):",
        "case HttpError(text=text, code=code):",
        (FAILURES,),
    ),
    Fault(
        "what could not be written is not named",
        "hub/cli/failures.py",
        "        raise OSError(error.errno, error.strerror, str(what)) from None\n",
        "        raise\n",
        (FAILURES,),
    ),
    Fault(
        "a hidden file is named that nobody asked for",
        "hub/cli/failures.py",
        "and error.filename not in (part, str(part))",
        "",
        (FAILURES,),
    ),
    Fault(
        "an address that is none is the hub's failure",
        "hub/cli/rest.py",
        'raise ConfigError(f"{url} is no http',
        'raise CallFailed(f"{url} is no http',
        ("tests/hub/cli/test_rest.py",),
    ),
    Fault(
        "a file without a name is a folder",
        "hub/settings/sources.py",
        "if not isinstance(value, str) or not value:",
        "if not isinstance(value, str):",
        (MAIN,),
    ),
    Fault(
        "a folder that is missing is said of the file in it",
        "hub/settings/reasons.py",
        "if error.errno == errno.ENOENT and not folder.exists():",
        "if False:",
        (SOURCES,),
    ),
    Fault(
        "numbers of OpenSSL are read as those of the system",
        "hub/settings/reasons.py",
        "is_of_tls = isinstance(error, ssl.SSLError)",
        "is_of_tls = False",
        (SOURCES,),
    ),
    Fault(
        "an output that nobody reads is an error",
        "hub/cli/terminal.py",
        "    except BrokenPipeError:\n        give_up_stdout()\n",
        "",
        (TERMINAL, MAIN),
    ),
    Fault(
        "a trace goes on when nobody reads it",
        "hub/cli/operators/desk.py",
        "if not is_read():",
        "if False:",
        ("tests/e2e/http/test_administration.py",),
    ),
    Fault(
        "tabs in a name move the columns",
        "hub/cli/terminal.py",
        'printable(cell).replace("\\t", " ")',
        "printable(cell)",
        (TERMINAL,),
    ),
    Fault(
        "a password is asked for where nobody can be asked",
        "hub/cli/questions.py",
        "if not (_opens_terminal() or sys.stdin.isatty()):",
        "if False:",
        (MAIN,),
    ),
    Fault(
        "a question is asked where nobody can be asked",
        "hub/cli/questions.py",
        "    if not sys.stdin.isatty():",
        "    if False:",
        (MAIN,),
    ),
    Fault(
        "Python tidies up for seconds after a hub",
        "hub/__main__.py",
        "    os._exit(code if isinstance(code, int) else int(code is not None))\n",
        "    sys.exit(code if isinstance(code, int) else 0)\n",
        (MAIN,),
    ),
    Fault(
        "an interrupt among the imports shows where it was",
        "hub/__main__.py",
        "    signal.signal(signal.SIGINT, lambda *_: os._exit(130))\n",
        "    pass\n",
        (MAIN,),
    ),
    Fault(
        "every help has every setting",
        "hub/cli/running.py",
        "is_hidden = bool(shown) and setting.name not in shown",
        "is_hidden = False",
        (MAIN,),
    ),
    Fault(
        "whoever is signed out tries for ever",
        "hub/cli/chat.py",
        "ConnectionClosed(reason=CloseReason(code=4001))",
        "ConnectionClosed(reason=CloseReason(code=4999))",
        (CHAT,),
    ),
    Fault(
        "why somebody is signed out is not asked",
        "hub/cli/chat.py",
        'return signed_out if error.code is None else f"{signed_out}: {error}"',
        "return signed_out",
        (CHAT,),
    ),
    Fault(
        "data are where nobody but the service sees them",
        "hub/cli/systemd_unit.py",
        "    _require_reachable(of)\n",
        "",
        (UNIT,),
    ),
    Fault(
        "the service has no settings file below /tmp",
        "hub/cli/systemd_unit.py",
        "for name, path in {**of.files(), **shared}.items():",
        "for name, path in shared.items():",
        (UNIT,),
    ),
    Fault(
        "the whole system is the data folder",
        "hub/cli/systemd_unit.py",
        "if {Path(os.path.normpath(of.data_dir)), of.data_dir.resolve()} & _SYSTEM:",
        "if False:",
        (UNIT,),
    ),
    Fault(
        "a data folder of another account is not said",
        "hub/cli/systemd_unit.py",
        "elif not is_made and not _may_own(of.user, of.data_dir):",
        "elif False:",
        (UNIT,),
    ),
    Fault(
        "that an account is in a new database is not said",
        "hub/cli/operators/desk.py",
        "    if not _is_there(config):\n        say(",
        "    if False:\n        say(",
        ("tests/e2e/http/test_administration.py",),
    ),
    Fault(
        "a key that the service cannot read is not said",
        "hub/cli/systemd_unit.py",
        "        if not _may_read(of.user, file):",
        "        if False:",
        (UNIT,),
    ),
    Fault(
        "a folder that the service may not enter hides nothing",
        "hub/cli/systemd_unit.py",
        "*((at.stat(), stat.S_IXOTH) for at in path.parents)",
        "",
        (UNIT,),
    ),
    Fault(
        "an installation that the service does not see is not said",
        "hub/cli/systemd_unit.py",
        "        if hidden is not None or not _may_read(of.user, part):",
        "        if False:",
        (UNIT,),
    ),
    Fault(
        "a path that is too long for the admin socket is not said",
        "hub/cli/systemd_unit.py",
        "if (flaw := flaw_of_path(socket)) is not None:",
        "if (flaw := None) is not None:",
        (UNIT,),
    ),
    Fault(
        "a hub that was drained seems to be well",
        "hub/cli/upkeep/doctor.py",
        'if hub["draining"]:',
        "if False:",
        (DOCTOR,),
    ),
    Fault(
        "files have colours in them",
        "hub/settings/logs.py",
        'colors=stream.isatty() and not os.environ.get("NO_COLOR")',
        "colors=True",
        (LOGS,),
    ),
    Fault(
        "an early refusal has no id",
        "hub/http/server.py",
        "if headers is rules.headers:",
        "if False:",
        (LINES,),
    ),
    Fault(
        "a WebSocket is turned away without a line",
        "hub/http/server.py",
        '        log.debug("request_refused", status=status, reason=text)\n',
        "",
        (LINES,),
    ),
    Fault(
        "somebody is called what mentions everybody",
        "protocol/parsing/names.py",
        "        and text.lower() != CHANNEL\n",
        "",
        (NAMES,),
    ),
    Fault(
        "the living are called as the deleted",
        "protocol/parsing/names.py",
        "        and _OF_THE_DELETED.fullmatch(text) is None\n",
        "",
        (NAMES,),
    ),
    Fault(
        "a hub that cannot be asked is named without the reason",
        "hub/cli/operators/desk.py",
        "            _require_free(config)\n",
        "            pass\n",
        ("tests/e2e/http/test_administration.py",),
    ),
    Fault(
        "one is several",
        "hub/cli/terminal.py",
        "{'' if count == 1 else 's'}",
        "s",
        (TERMINAL,),
    ),
)
