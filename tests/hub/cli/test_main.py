"""The `parlour` command: its flags, its output, and what it never shows."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import click
import pytest
import trio
from attrs import frozen

from hub.cli.main import main, parlour
from hub.settings.config import SETTINGS
from hub.settings.setting import Setting
from tests.support.telemetry.logs import restored_logging

PASSWORD = "hunter2-hunter2-hunter2"
GIVEN = {
    "database_url": f"postgresql://me:{PASSWORD}@db.example/x?sslpassword={PASSWORD}",
    "express_sessions_url": f"postgresql://db.example/x?user=me&password={PASSWORD}",
    "assistant_url": f"https://me:{PASSWORD}@llm.example/v1",
    "session_secrets": PASSWORD,
    "jwt_secret": PASSWORD,
    "assistant_key": PASSWORD,
    "oidc_client_secret": PASSWORD,
    "metrics_token": PASSWORD,
    "admin_token": PASSWORD,
    "bus": f"redis://me:{PASSWORD}@redis.example/0",
    "s3_endpoint": f"https://me:{PASSWORD}@127.0.0.1:1",
    "s3_access_key": PASSWORD,
    "s3_secret_key": PASSWORD,
}
ENDPOINT = {"PARLOUR_S3_ENDPOINT": "https://127.0.0.1:1"}
ACCESS_KEY = {"PARLOUR_S3_ACCESS_KEY": PASSWORD}
SECRET_KEY = {"PARLOUR_S3_SECRET_KEY": PASSWORD}
BUCKET = {"PARLOUR_UPLOADS": "s3://bucket", "PARLOUR_S3_PATH_STYLE": "yes"}
BESIDE = {
    "express_sessions_url": {"PARLOUR_SESSION_SECRETS": PASSWORD},
    "s3_endpoint": {**BUCKET, **ACCESS_KEY, **SECRET_KEY},
    "s3_access_key": {**BUCKET, **ENDPOINT, **SECRET_KEY},
    "s3_secret_key": {**BUCKET, **ENDPOINT, **ACCESS_KEY},
}
REFUSED = [
    f"host=db.example user=me password={PASSWORD}",
    f"mysql://me:{PASSWORD}@db.example/x",
    f"postgresql://me:{PASSWORD}@[db.example/x",
    f"postgresql://me:pass/{PASSWORD}@db.example/x",
    f"postgresql://me:{PASSWORD}@a@db.example/x",
    f"postgresql://db.example/x?{PASSWORD}",
    f"https://me:{PASSWORD}@llm.example:port/v1",
]
SECRETS = [setting for setting in SETTINGS if setting.parser.is_secret]
URLS = [setting for setting in SECRETS if setting.parser.kind == "URL"]
SOURCES = ["flag", "variable", "file"]
GROUPS = [each for each in parlour.commands.values() if isinstance(each, click.Group)]
COMMANDS = [
    *((name,) for name, each in parlour.commands.items() if name != "serve" and each not in GROUPS),
    *((str(group.name), name) for group in GROUPS for name in group.commands),
]


@frozen
class Result:
    code: int | str | None
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


Run: TypeAlias = Callable[..., Result]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """Runs the command in this process; a folder of its own is the current one."""
    umask = os.umask(0o022)
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str, **variables: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["parlour", *arguments])
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        code: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        return Result(code, *capsys.readouterr())

    with restored_logging():
        yield run_command
    os.umask(umask)


def name_of(setting: Setting) -> str:
    return setting.name


def check(run: Run, source: str, name: str, value: str) -> Result:
    """`check-config` with one setting from one source, and the others that it needs."""
    (setting,) = (each for each in SETTINGS if each.name == name)
    beside = BESIDE.get(name, {})
    match source:
        case "flag":
            return run("check-config", setting.flag, value, **beside)
        case "variable":
            return run("check-config", **{setting.variable: value}, **beside)
        case _:
            file = Path("settings.toml")
            written = f'["{value}"]' if setting.parser.is_list else f'"{value}"'
            file.write_text(f"{name} = {written}\n")
            return run("check-config", "--config", str(file), **beside)


NOT_SECRET = {"tls_key", "jwt_public_key", "public_url", "token_lifetime"}
"""Two paths, and two public settings."""


def test_the_table_of_secrets_is_complete() -> None:
    assert {setting.name for setting in SECRETS} == set(GIVEN)
    words = ("secret", "url", "key", "password", "token", "dsn")
    named_so = {s.name for s in SETTINGS if any(word in s.name.split("_") for word in words)}
    assert named_so - NOT_SECRET <= set(GIVEN)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("setting", SECRETS, ids=name_of)
def test_check_config_shows_no_secret(run: Run, setting: Setting, source: str) -> None:
    result = check(run, source, setting.name, GIVEN[setting.name])
    assert "hunter2" not in result.text
    if setting.name.startswith("s3_"):  # the bucket is looked up, and not reached
        assert result.code == 1
        assert result.err.startswith("Error: ")
        return
    assert (result.code, result.err) == (0, "")
    lines = dict(line.split(" = ", 1) for line in result.out.splitlines())
    assert list(lines) == [each.name for each in SETTINGS]
    shown = lines[setting.name]
    if setting.parser.kind == "URL" or setting.name == "bus":
        assert ".example/" in shown
        assert "***" in shown
    else:
        assert shown == "(set)"


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("setting", SECRETS, ids=name_of)
def test_a_secret_that_is_refused_is_not_shown(run: Run, setting: Setting, source: str) -> None:
    values = REFUSED if setting in URLS else ["  "]
    if setting.name in ("session_secrets", "jwt_secret", "metrics_token", "admin_token"):
        values = ["hunter2"]  # too short
    for value in values:
        result = check(run, source, setting.name, value)
        assert result.code == 2
        assert setting.name.replace("_", "-") in result.err.lower().replace("_", "-")
        assert "it takes" in result.err
        assert "hunter2" not in result.text


@pytest.mark.parametrize("setting", SETTINGS, ids=name_of)
def test_a_url_in_the_wrong_setting_shows_no_password(run: Run, setting: Setting) -> None:
    assert "hunter2" not in run("check-config", setting.flag, GIVEN["database_url"]).text


def test_a_database_that_cannot_be_reached_is_one_line_without_its_password(run: Run) -> None:
    url = f"postgresql://me:{PASSWORD}@127.0.0.1:1/x"
    result = run("migrate", "--database-url", url)
    assert result.code == 1
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    assert "hunter2" not in result.err


def test_an_unexpected_error_is_a_traceback_without_passwords(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> NoReturn:
        raise LookupError(GIVEN["database_url"])

    monkeypatch.setattr(trio, "run", fail)
    result = run("migrate", "--database-url", GIVEN["database_url"])
    assert result.code == 1
    assert result.err.startswith("Traceback")
    assert "LookupError: postgresql://***@db.example/x?sslpassword=***" in result.err
    assert "hunter2" not in result.text


def test_an_expected_error_of_a_library_shows_no_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> NoReturn:
        raise ExceptionGroup("", [OSError(f"cannot reach {GIVEN['database_url']}")])

    monkeypatch.setattr(trio, "run", fail)
    result = run("migrate")
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: cannot reach postgresql://***@db.example/x?sslpassword=***\n"


def test_every_setting_is_a_flag_with_its_bounds(run: Run) -> None:
    result = run("serve", "--help")
    words = " ".join(result.out.split())
    assert result.code == 0
    for setting in SETTINGS:
        assert f"{setting.flag} VALUE" in words
    assert "How long a login lasts, except on the learning platform. [1 to 365 days" in words


def test_files_that_a_command_writes_are_for_its_account_alone(run: Run) -> None:
    run("check-config")
    assert os.umask(0o077) == 0o077


def test_an_error_prints_no_control_characters(run: Run) -> None:
    url = "http://127.0.0.1:1/\x1b(0\x07"
    for code, result in (
        (1, run("chat", "--as", "a", "--to", "b", "--url", url, PARLOUR_PASSWORD="x")),
        (2, run("check-config", "--config", "missing\x1b[2J")),
    ):
        assert result.code == code
        assert "\x1b" not in result.text
        assert "\x07" not in result.text


def test_a_wrong_flag_is_one_line(run: Run) -> None:
    result = run("check-config", "--port", "70000")
    assert result == Result(
        2, "", "Error: flag --port: '70000' is not accepted; it takes 0 to 65535\n"
    )
    misspelt = run("check-config", "--prot", "1")
    assert misspelt.code == 2
    assert "Did you mean" in misspelt.err
    assert misspelt.err.endswith(": see `parlour check-config --help`\n")
    assert misspelt.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "x"),
        ("serve", "--tls-cert", "missing"),
        ("migrate", "--config", "missing"),
        ("user", "list", "--data-dirr", "x"),
        ("user", "role", "ann", "boss"),
        ("admin", "kick"),
        ("admin", "audit", "--limit", "0"),
        ("admin", "connections", "--limit", "501"),
        ("admin", "status", "--url", "ftp://x", "--admin-token", PASSWORD),
        ("admin", "status", "--admin-token-file", ""),
        ("workspace", "retention", "Class", "-1"),
        ("workspace", "retention", "Class", "99999"),
        ("admin", "status", "--log-level", "loud"),
        ("healthcheck", "--tls-key", __file__),
        ("systemd-unit", "--user", "../x"),
        ("chat", "--as", "a", "--to", "b", "--password", "x", "--config", "missing"),
        ("nonsense",),
    ],
)
def test_wrong_use_of_a_command_prints_one_line_and_exits_with_2(
    run: Run, arguments: tuple[str, ...]
) -> None:
    """The service is not restarted after this status: see `RestartPreventExitStatus`."""
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "role", "ann", "boss"), "Invalid value for 'ROLE': 'boss' is not one of"),
        (("admin", "log-level", "loud"), "Invalid value for 'LEVEL': 'loud' is not one of"),
        (("workspace", "retention", "x", "-1"), "Invalid value for 'DAYS': -1 is not in"),
        (("admin", "audit", "--admin-token-file", ""), "flag --admin-token-file: it takes the"),
    ],
)
def test_an_error_names_the_wrong_argument(run: Run, arguments: tuple[str, ...], said: str) -> None:
    assert run(*arguments).err.startswith(f"Error: {said}")


def test_a_group_without_a_command_shows_its_commands(run: Run) -> None:
    result = run("user")
    assert (result.code, result.out) == (2, "")
    assert "Make and list accounts." in result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_fits_on_a_screen(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0
    assert len(result.out.splitlines()) <= 40
    if "--config" in result.out:
        assert "`parlour serve --help`" in " ".join(result.out.split())


def test_a_setting_that_help_does_not_show_is_a_flag_nevertheless(run: Run) -> None:
    assert "--db-pool" not in run("check-config", "--help").out
    assert "db_pool = 3\n" in run("check-config", "--db-pool", "3").out


@pytest.mark.parametrize(
    ("arguments", "how"),
    [
        (("user", "add", "ann"), "give the password as PARLOUR_PASSWORD"),
        (("chat", "--as", "a", "--to", "b"), "give the password as PARLOUR_PASSWORD"),
        (("user", "delete", "ann", "--messages", "keep"), "give --yes if that is meant"),
    ],
)
def test_a_command_that_has_to_prompt_fails_without_a_terminal(
    tmp_path: Path, arguments: tuple[str, ...], how: str
) -> None:
    command = [sys.executable, "-m", "hub", *arguments, "--data-dir", str(tmp_path / "data")]
    environment = {name: os.environ[name] for name in os.environ if name != "PARLOUR_PASSWORD"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        start_new_session=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: There is no terminal to ask on: {how}\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("module", ["hub.cli.main", "trio"])
def test_an_interrupt_while_modules_are_imported_ends_the_command_silently(
    tmp_path: Path, module: str
) -> None:
    """The import of an early module, or of a later one, sends the interrupt itself."""
    early = tmp_path / "early.py"
    early.write_text(
        "import os, runpy, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's job may ignore it
        "sys.meta_path.insert(0, Finder())\n"
        "sys.argv = ['parlour', 'check-config']\n"
        "runpy.run_module('hub', run_name='__main__', alter_sys=True)\n"
    )
    command = [sys.executable, str(early)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_finished_command_exits_without_running_exit_handlers(tmp_path: Path) -> None:
    """They would take seconds after a hub; the output is complete all the same."""
    late = tmp_path / "late.py"
    late.write_text(
        "import atexit, runpy, sys\n"
        "atexit.register(print, 'tidied up', file=sys.stderr)\n"
        "sys.argv = ['parlour', *sys.argv[1:]]\n"
        "runpy.run_module('hub', run_name='__main__', alter_sys=True)\n"
    )
    root = str(Path(__file__).parents[3])
    for words, code in ((("check-config",), 0), (("check-config", "--port", "x"), 2)):
        done = subprocess.run(
            [sys.executable, str(late), *words],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": root},
            check=False,
        )
        assert (done.returncode, "host = " in done.stdout) == (code, code == 0)
        assert "tidied up" not in done.stderr


def test_output_into_a_closed_pipe_is_no_failure() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "hub", "check-config"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_under_standard_output_is_reported() -> None:
    command = [sys.executable, "-m", "hub", "check-config"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "Error: standard output: the disk is full\n")


def test_the_settings_file_may_be_named_by_a_variable(run: Run) -> None:
    Path("mine.toml").write_text("port = 1\nweb_client = false\n")
    result = run("check-config", PARLOUR_CONFIG="mine.toml")
    assert "port = 1\n" in result.out
    assert "web_client = no\n" in result.out


@pytest.mark.parametrize(
    "flags",
    [
        ("--allowed-origins", "https://a.example", "--allowed-origins", "https://b.example"),
        ("--allowed-origins", "https://a.example,https://b.example"),
        ("--allowed-origins=https://a.example, https://b.example",),
    ],
)
def test_a_flag_of_a_list_has_commas_or_is_repeated(run: Run, flags: tuple[str, ...]) -> None:
    shown = "allowed_origins = https://a.example, https://b.example\n"
    assert shown in run("check-config", *flags).out
    proxies = run("check-config", "--trusted-proxies", "127.0.0.1,::1")
    assert "trusted_proxies = 127.0.0.1, ::1\n" in proxies.out
    wrong = run("check-config", "--trusted-proxies", "127.0.0.1,nonsense")
    assert "number 2 of the list" in wrong.err


def test_check_config_refuses_a_node_name_that_is_too_long_for_workers(run: Run) -> None:
    named = run("check-config", "--workers", "2", "--node-name", "a" * 21)
    assert named.code == 2
    assert "node_name has at most 20 characters" in named.text
    assert run("check-config", "--workers", "2", "--node-name", "a" * 20).code == 0
