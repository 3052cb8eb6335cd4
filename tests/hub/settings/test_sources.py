"""Where settings come from, and what is refused."""

import errno
import json
import ssl
from pathlib import Path

import pytest

from hub.settings.choices import LogLevel
from hub.settings.config import SETTINGS, Config
from hub.settings.parsers import SECRET
from hub.settings.reasons import reason_of
from hub.settings.redaction import Secret
from hub.settings.setting import ConfigError, Setting
from hub.settings.sources import load_config


def refusal(
    flags: dict[str, object] | None = None,
    environ: dict[str, str] | None = None,
    file: Path | None = None,
) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(flags or {}, environ or {}, file)
    return str(caught.value)


def toml(folder: Path, text: str) -> Path:
    path = folder / "parlour.toml"
    path.write_text(text)
    return path


def test_nothing_given_means_defaults() -> None:
    assert load_config({}, {"PATH": "/bin"}, None) == Config()


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    path = toml(tmp_path, 'port = 1\nhost = "file"\nlog_level = "error"\n')
    config = load_config(
        {"port": "3", "host": None}, {"PARLOUR_PORT": "2", "PARLOUR_HOST": "env"}, path
    )
    assert (config.port, config.host, config.log_level) == (3, "env", LogLevel.ERROR)


def test_a_value_that_another_source_replaces_is_checked_all_the_same(tmp_path: Path) -> None:
    assert "PARLOUR_PORT" in refusal({"port": "3"}, {"PARLOUR_PORT": "x"})
    assert "parlour.toml" in refusal({"port": "3"}, file=toml(tmp_path, 'port = "x"'))


def test_a_list_is_written_with_commas_or_as_a_toml_list(tmp_path: Path) -> None:
    origins = ("https://a.example", "http://b.example:8080")
    path = toml(tmp_path, f"allowed_origins = {list(origins)}")
    assert load_config({}, {}, path).allowed_origins == origins
    variable = {"PARLOUR_ALLOWED_ORIGINS": " https://a.example, http://b.example:8080 "}
    assert load_config({}, variable, None).allowed_origins == origins
    assert load_config({"allowed_origins": origins}, {}, None).allowed_origins == origins


def test_an_error_names_the_setting_its_source_and_what_is_accepted(tmp_path: Path) -> None:
    problem = "'70000' is not accepted; it takes 0 to 65535"
    assert refusal({"port": "70000"}) == f"flag --port: {problem}"
    assert refusal(environ={"PARLOUR_PORT": "70000"}) == f"variable PARLOUR_PORT: {problem}"
    path = toml(tmp_path, '# The hub\nhost = "::"\n  port= "70000"\n')
    assert refusal(file=path) == f"{path}:3: port: {problem}"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('"port" = -1', ":2: port"),
        ("[port]", ":2: port"),
        ("port.number = 1", ":2: port"),
        ("portable = 1", ":2: portable"),
        ('"po\\u0072t" = -1', ": port"),  # cannot be found, so the line is left out
    ],
)
def test_an_error_has_the_line_number_of_the_setting(tmp_path: Path, line: str, text: str) -> None:
    path = toml(tmp_path, f"# port = 1\n{line}\n")
    assert refusal(file=path).startswith(f"{path}{text}: ")


@pytest.mark.parametrize("value", ["true", "[1]", "{}", "1.5", "2026-01-01"])
def test_a_toml_value_of_another_type_is_refused(tmp_path: Path, value: str) -> None:
    assert "0 to 65535" in refusal(file=toml(tmp_path, f"port = {value}"))


def test_a_misspelt_name_is_refused_in_the_spelling_of_its_source(tmp_path: Path) -> None:
    assert "did you mean PARLOUR_PORT?" in refusal(environ={"PARLOUR_PROT": "1"})
    assert "did you mean port?" in refusal(file=toml(tmp_path, "prot = 1"))
    assert "there is no setting zzz" in refusal(environ={"PARLOUR_ZZZ": "1"})


def test_variables_of_the_command_line_and_of_tests_are_no_settings() -> None:
    others = {"PARLOUR_CONFIG": "x", "PARLOUR_PASSWORD": "x", "PARLOUR_TEST_ANYTHING": "x"}
    assert load_config({}, others, None) == Config()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "missing.toml" in refusal(file=tmp_path / "missing.toml")
    assert "parlour.toml" in refusal(file=toml(tmp_path, "port ="))
    (tmp_path / "parlour.toml").write_bytes(b"host = '\xff'")
    assert "parlour.toml" in refusal(file=tmp_path / "parlour.toml")


def test_a_conflict_names_the_source_of_each_setting(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("x")
    assert refusal({"tls_cert": str(certificate)}) == (
        "tls_cert and tls_key are given together or not at all"
        " (tls_cert: flag --tls-cert, tls_key: default)"
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"yes"', True),
        ("true", True),
        ('"on"', True),
        ("1", True),
        ('"No"', False),
        ("false", False),
        ('"off"', False),
        ("0", False),
    ],
)
def test_yes_and_no_have_several_spellings_everywhere(
    tmp_path: Path, written: str, meant: bool
) -> None:
    text = written.strip('"')
    for config in (
        load_config({"rendered_content": text}, {}, None),
        load_config({}, {"PARLOUR_RENDERED_CONTENT": text}, None),
        load_config({}, {}, toml(tmp_path, f"rendered_content = {written}")),
    ):
        assert config.rendered_content is meant
    assert "yes, no" in refusal({"rendered_content": "maybe"})


CHECKED_SECRETS = [
    setting
    for setting in SETTINGS
    if setting.parser.is_secret and setting.parser is not SECRET  # which may be any text
]
assert CHECKED_SECRETS


@pytest.mark.parametrize("setting", CHECKED_SECRETS, ids=lambda setting: setting.name)
def test_an_error_about_a_secret_does_not_quote_it(tmp_path: Path, setting: Setting) -> None:
    given = "hunter2 @\n"
    quoted = json.dumps([given] if setting.parser.is_list else given)
    for problem in (
        refusal({setting.name: given}),
        refusal(environ={setting.variable: given}),
        refusal(file=toml(tmp_path, f"{setting.name} = {quoted}")),
    ):
        assert "is not accepted" in problem
        assert "hunter2" not in problem


SECRET_TEXT = "a secret of 16 characters"


def test_a_secret_may_stand_in_a_file_that_any_source_names(tmp_path: Path) -> None:
    secret, several = tmp_path / "secret", tmp_path / "several"
    secret.write_text(f"{SECRET_TEXT}\n")
    several.write_text(f"{SECRET_TEXT}, 1\n\n{SECRET_TEXT}, 2\n")
    named = toml(tmp_path, f'jwt_secret_file = "{secret}"')
    for config in (
        load_config({"jwt_secret_file": str(secret)}, {}, None),
        load_config({}, {"PARLOUR_JWT_SECRET_FILE": str(secret)}, None),
        load_config({}, {}, named),
        load_config({"jwt_secret_file": str(secret)}, {"PARLOUR_JWT_SECRET": "x" * 16}, None),
    ):
        assert config.jwt_secret == Secret(SECRET_TEXT)
    both = load_config({"session_secrets_file": str(several)}, {}, None).session_secrets
    assert both == (Secret(f"{SECRET_TEXT}, 1"), Secret(f"{SECRET_TEXT}, 2"))
    win = load_config({"jwt_secret": "y" * 16}, {"PARLOUR_JWT_SECRET_FILE": str(secret)}, named)
    assert win.jwt_secret == Secret("y" * 16)


def test_a_secrets_file_is_refused_without_showing_its_content(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("too short")
    text = refusal({"jwt_secret_file": str(path)})
    assert text.startswith("flag --jwt-secret-file: the value given is not accepted")
    assert "too short" not in text
    assert "there is no such file" in refusal({"jwt_secret_file": str(tmp_path / "missing")})
    assert "path of a file" in refusal(file=toml(tmp_path, "jwt_secret_file = 1"))
    assert "there is no setting port_file" in refusal(environ={"PARLOUR_PORT_FILE": str(path)})
    twice = {"PARLOUR_JWT_SECRET": SECRET_TEXT, "PARLOUR_JWT_SECRET_FILE": str(path)}
    assert "jwt_secret is given twice" in refusal(environ=twice)


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """A folder of credentials, as systemd or a container provides it."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "..data").mkdir()  # where Kubernetes has them
    return folder


def test_a_credential_gives_a_setting_that_no_other_source_gives(
    credentials: Path, tmp_path: Path
) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert load_config({}, environ, None) == Config()
    (credentials / "jwt_secret").write_text(f"{SECRET_TEXT}\n")
    (credentials / "session_secrets").write_text(f"{SECRET_TEXT}, 1\n\n{SECRET_TEXT}, 2\n")
    (credentials / "port").write_text("9000\n")
    (credentials / "jwt_public_key").write_text("a key")
    (credentials / "ca.pem").write_text("somebody else's")
    found = load_config({}, environ, None)
    assert found.jwt_secret == Secret(SECRET_TEXT)
    assert found.session_secrets == (Secret(f"{SECRET_TEXT}, 1"), Secret(f"{SECRET_TEXT}, 2"))
    assert found.port == 9_000
    assert found.jwt_public_key == credentials / "jwt_public_key"
    other = Secret("y" * 16)
    for config in (
        load_config({"jwt_secret": "y" * 16}, environ, None),
        load_config({}, {"PARLOUR_JWT_SECRET": "y" * 16, **environ}, None),
        load_config({}, environ, toml(tmp_path, f"jwt_secret = '{'y' * 16}'")),
    ):
        assert config.jwt_secret == other


def test_a_credential_that_is_wrong_is_refused_without_showing_it(
    credentials: Path, tmp_path: Path
) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    (credentials / "jwt_secret").write_text("too short")
    text = refusal(environ=environ)
    assert text.startswith(f"credential {credentials}/jwt_secret: the value given is not accepted")
    assert "too short" not in text
    (credentials / "jwt_secret").rename(credentials / "sesion_secrets")
    assert "did you mean session_secrets?" in refusal(environ=environ)
    assert load_config({}, {"CREDENTIALS_DIRECTORY": "/no/such/folder"}, None) == Config()
    file = {"CREDENTIALS_DIRECTORY": str(toml(tmp_path, ""))}
    assert "CREDENTIALS_DIRECTORY: " in refusal(environ=file)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file", "/etc/none"),
            "/etc/none: there is no such file or folder",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file", "/none/a"),
            "/none/a: there is no folder /none",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (OSError(errno.EIO, "Input/output error", "a"), "a: Input/output error"),
        (OSError("Cannot listen on a:1"), "Cannot listen on a:1"),
        (ssl.SSLError(1, "[SSL] wrong version"), "[SSL] wrong version"),
    ],
)
def test_a_system_error_is_described_with_its_file_and_without_numbers(
    error: OSError, text: str
) -> None:
    assert reason_of(error) == text
