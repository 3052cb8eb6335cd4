"""The units for systemd, of this installation and of others."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from attrs import evolve

from hub.admin.socket import MAX_PATH_BYTES
from hub.app import SPARE_SECONDS, stop_seconds
from hub.cli.systemd_unit import Installation, service_unit, socket_unit, warnings_about
from hub.settings.config import Config
from hub.settings.setting import ConfigError
from hub.settings.sources import load_config
from persistence.embedded import STOP_SECONDS
from persistence.embedded.guard import STOP_STEPS

PROGRAM: Final = "/opt/parlour/bin/parlour"
SHOWN: Final = Path(__file__).parents[3] / "docs/systemd"
ANALYZE: Final = shutil.which("systemd-analyze")
MOST_EXPOSED: Final = 26  # tenths
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")


def of(
    user: str = "parlour",
    file: Path | None = None,
    program: str = PROGRAM,
    /,
    **flags: str,
) -> Installation:
    return Installation((program,), user, file, flags, load_config(flags, {}, file))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that a service sees; it would not see pytest's folder below /tmp."""
    with TemporaryDirectory(dir="/dev/shm") as name:
        at = Path(name)
        at.chmod(0o755)
        yield at


def values(unit: str, name: str) -> list[str]:
    """The values of the lines that begin with that name."""
    lines = [line.partition("=") for line in unit.splitlines()]
    return [value for key, _, value in lines if key == name]


def value(unit: str, name: str) -> str:
    (found,) = values(unit, name)
    return found


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, check=False)


def verified(folder: Path, unit: str) -> Path:
    """A unit that systemd accepts; with a program that exists here, and without an account."""
    path = folder / "parlour.service"
    path.write_text(unit.replace(PROGRAM, "/bin/true").replace("User=parlour\n", ""))
    done = analyze("verify", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("parlour.service", service_unit(of(host="0.0.0.0"))),
        ("parlour.socket", socket_unit(of(host="::", port="443"))),
    ],
)
def test_the_units_in_the_documentation_are_those_that_are_printed(name: str, text: str) -> None:
    assert (SHOWN / name).read_text() == text


@needs_systemd
def test_systemd_accepts_the_service_and_rates_it_as_secure(tmp_path: Path) -> None:
    path = verified(tmp_path, service_unit(of()))
    done = analyze("security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(path))
    assert done.returncode == 0, done.stdout


@needs_systemd
def test_systemd_accepts_the_socket(tmp_path: Path) -> None:
    verified(tmp_path, service_unit(of()))
    for host in ("127.0.0.1", "::", "::1", "unix:/run/parlour/hub.sock"):
        path = tmp_path / "parlour.socket"
        unit = socket_unit(of(host=host))
        path.write_text(unit.replace("=parlour\n", "=root\n"))  # an account that exists here
        done = analyze("verify", str(path))
        assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_special_characters_in_values_are_escaped(tmp_path: Path) -> None:
    odd = tmp_path / 'a "b" %n $HOME \\x é'
    odd.write_text("y" * 16)
    unit = service_unit(
        of(oidc_name=odd.name, jwt_secret_file=str(odd), data_dir=f"/srv/{odd.name}")
    )
    quoted = r"a \"b\" %%n $$HOME \\x é"
    assert f'--oidc-name "{quoted}"' in value(unit, "ExecStart")
    assert value(unit, "LoadCredential").endswith(f'{quoted.replace("$$", "$")}"')
    verified(tmp_path, unit)


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({}, "30"),
        ({"drain_seconds": "12.5", "shutdown_timeout": "20"}, "53"),
        ({"drain_seconds": "3600"}, "3630"),
    ],
)
def test_the_stop_timeout_follows_from_the_settings(settings: dict[str, str], seconds: str) -> None:
    assert value(service_unit(of(**settings)), "TimeoutStopSec") == seconds


def test_the_stop_timeout_includes_all_steps_of_a_stop() -> None:
    config = Config(drain_seconds=100.0, shutdown_timeout=10.0)
    assert stop_seconds(config) == 110.0 + STOP_SECONDS + SPARE_SECONDS
    assert sum(seconds for _, seconds in STOP_STEPS) < STOP_SECONDS


def test_the_settings_of_a_file_are_used(folder: Path) -> None:
    file = folder / "parlour.toml"
    file.write_text("drain_seconds = 60\ndata_dir = '/srv/data'\nport = 443\n")
    unit = service_unit(of("parlour", file))
    assert value(unit, "TimeoutStopSec") == "90"
    assert value(unit, "ReadWritePaths") == "/srv/data"
    assert value(unit, "CapabilityBoundingSet") == "CAP_NET_BIND_SERVICE"
    command = f"{PROGRAM} serve --config {file} --data-dir /srv/data"
    assert value(unit, "ExecStart") == command


def test_flags_are_on_the_command_line_with_absolute_paths(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "key.pem").write_text("")
    unit = service_unit(of(tls_key="key.pem", tls_cert="key.pem", port="8443", log_level="debug"))
    assert value(unit, "ExecStart") == (
        f"{PROGRAM} serve --data-dir /var/lib/parlour --port 8443 --tls-cert {folder}/key.pem"
        f" --tls-key {folder}/key.pem --log-level debug"
    )
    assert value(unit, "CapabilityBoundingSet") == ""


def test_a_secret_is_a_credential_and_never_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://me:hunter2@db/x\n")
    unit = service_unit(of(database_url_file=str(file)))
    assert value(unit, "LoadCredential") == f"database_url:{file}"
    assert "url" not in value(unit, "ExecStart")
    with pytest.raises(ConfigError, match="give --database-url-file") as refused:
        service_unit(of(database_url="postgresql://me:hunter2@db/x"))
    assert "hunter2" not in str(refused.value)


def test_the_service_may_write_to_its_folders(tmp_path: Path) -> None:
    unit = service_unit(of(data_dir="/var/lib/chat/one"))
    assert value(unit, "StateDirectory") == "chat/one"
    assert value(unit, "StateDirectoryMode") == "0700"
    assert values(unit, "ReadWritePaths") == []
    unit = service_unit(of(data_dir="/srv/chat", host="unix:/run/web/hub.sock"))
    assert values(unit, "ReadWritePaths") == ["/srv/chat", "/run/web"]
    assert value(unit, "Environment") == "HOME=/srv/chat"
    assert values(unit, "StateDirectoryMode") == []


@pytest.mark.parametrize(
    ("flags", "flaw"),
    [
        ({"data_dir": "/tmp/chat"}, "data_dir: /tmp/chat is below /tmp, of which the service has"),
        ({"data_dir": "/var/tmp/chat"}, "data_dir: /var/tmp/chat is below /var/tmp"),
        ({"host": "unix:/tmp/hub.sock"}, "host: /tmp/hub.sock is below /tmp"),
        ({"data_dir": "/"}, "data_dir: / is a folder of the system"),
        ({"data_dir": "/etc"}, "data_dir: /etc is a folder of the system"),
        ({"data_dir": "/var/lib"}, "data_dir: /var/lib is a folder of the system"),
        ({"data_dir": "/var/lib/x/.."}, "is a folder of the system"),
    ],
)
def test_folders_that_the_service_cannot_use_are_refused(flags: dict[str, str], flaw: str) -> None:
    with pytest.raises(ConfigError, match=flaw):
        service_unit(of(**flags))


def test_files_that_the_service_would_not_see_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "parlour.toml"
    file.write_text("")
    key = tmp_path / "key.pem"
    key.write_text("")
    with pytest.raises(ConfigError, match=rf"config: {file} is below /tmp.*/etc/parlour/parlour"):
        service_unit(of("parlour", file))
    with pytest.raises(ConfigError, match=rf"jwt_public_key: {key} is below /tmp"):
        service_unit(of(jwt_public_key=str(key)))


def test_files_that_the_account_cannot_read_are_named(folder: Path) -> None:
    file, key = folder / "parlour.toml", folder / "a key.pem"
    file.write_text("")
    key.write_text("")
    file.chmod(0o644)
    key.chmod(0o644)
    installation = of("nobody", file, jwt_public_key=str(key))
    assert list(warnings_about(installation)) == []
    key.chmod(0o640)
    (said,) = warnings_about(installation)
    assert said.startswith(f"nobody cannot read jwt_public_key {key}, or a folder above it: chgrp")
    assert f"chmod g+r '{key}', or leave jwt_public_key out and add LoadCredential=" in said
    folder.chmod(0o700)
    assert len(list(warnings_about(installation))) == 2
    assert list(warnings_about(evolve(installation, user="root"))) == []


def test_an_installation_that_the_service_does_not_see_is_named(
    tmp_path: Path, folder: Path
) -> None:
    def said(*parts: Path) -> list[str]:
        return list(warnings_about(evolve(of("nobody"), parts=parts)))

    assert said(folder, Path("/usr/bin")) == []
    (hidden,) = said(tmp_path)
    assert hidden.startswith(f"the installation's {tmp_path} is below /tmp, of which the service")
    assert hidden.endswith("/usr/bin/python3 -m venv /opt/parlour")
    folder.chmod(0o700)
    (unreadable,) = said(folder)
    assert f"{folder} cannot be read by nobody, so the service does not start" in unreadable
    at_home = evolve(of(), parts=(Path("/home/ann/python"),))
    assert value(service_unit(at_home), "ProtectHome") == "read-only"


def test_a_relative_path_in_a_settings_file_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "key.pem").write_text("")
    file = folder / "parlour.toml"
    file.write_text("jwt_public_key = 'key.pem'\n")
    with pytest.raises(ConfigError, match=r"jwt_public_key: key.pem is relative in .*toml"):
        service_unit(of("parlour", file))
    file.write_text(f"jwt_public_key = '{folder}/key.pem'\ndata_dir = 'data'\n")
    service_unit(of("parlour", file, data_dir="/srv/data"))


def test_warnings_list_what_to_do_before_the_first_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "key.pem").write_text("")
    assert list(warnings_about(of("root"))) == []
    assert list(warnings_about(of("0"))) == []
    (account,) = warnings_about(of("no-such-account"))
    assert account.startswith("there is no account no-such-account here: useradd ")
    (missing,) = warnings_about(of("root", data_dir="/srv/none"))
    assert missing == "/srv/none has to be there: install -d -m 0700 -o root /srv/none"
    (strange,) = warnings_about(of("nobody", data_dir=str(folder)))
    assert strange == f"{folder} does not belong to nobody: chown -R nobody {folder}"
    (quoted,) = warnings_about(of("root", data_dir="/srv/a b;c"))
    assert quoted.endswith(" -o root '/srv/a b;c'")
    longest = f"/var/lib/{'x' * (MAX_PATH_BYTES - len('/var/lib//admin.sock'))}"
    assert list(warnings_about(of("root", data_dir=longest))) == []
    (too_long,) = warnings_about(of("root", data_dir=f"{longest}x"))
    assert "is too long for the admin socket" in too_long
    (relative,) = warnings_about(of("root", jwt_public_key="key.pem"))
    assert relative == f"--jwt-public-key key.pem is in this folder: the unit has {folder}/key.pem"


def test_a_unix_socket_of_systemd_outlives_the_service() -> None:
    unit = service_unit(of(host="unix:/run/parlour/hub.sock"))
    assert values(unit, "ReadWritePaths") == []
    assert value(unit, "RuntimeDirectory") == "parlour"
    assert value(unit, "RuntimeDirectoryPreserve") == "yes"


@pytest.mark.parametrize(
    ("installation", "protect"),
    [
        (of(), "yes"),
        (of("parlour", None, "/home/ann/venv/bin/parlour"), "read-only"),
        (of(data_dir="/home/ann/data"), "read-only"),
    ],
)
def test_home_is_read_only_if_the_installation_or_its_data_is_there(
    installation: Installation, protect: str
) -> None:
    assert value(service_unit(installation), "ProtectHome") == protect


@pytest.mark.parametrize("user", ["", "a b", "x\nExecStartPre=/bin/sh", "-x", "a%n"])
def test_an_invalid_account_name_is_refused(user: str) -> None:
    with pytest.raises(ConfigError, match="the name of no account"):
        service_unit(of(user))


def test_a_setting_that_would_add_a_line_to_the_unit_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot stand in a unit"):
        service_unit(of(oidc_name="us\nExecStartPre=/bin/sh"))


@pytest.mark.parametrize(
    ("host", "listen"),
    [
        ("127.0.0.1", ["127.0.0.1:8000"]),
        ("::1", ["[::1]:8000"]),
        ("unix:/run/parlour/a b%.sock", ["/run/parlour/a b%%.sock"]),
    ],
)
def test_the_socket_listens_on_the_host_and_port_of_the_settings(
    host: str, listen: list[str]
) -> None:
    assert values(socket_unit(of(host=host)), "ListenStream") == listen


def test_a_socket_on_every_address_includes_ipv4() -> None:
    assert value(socket_unit(of(host="::")), "BindIPv6Only") == "both"
    assert value(socket_unit(of(host="::1")), "BindIPv6Only") == "ipv6-only"


@pytest.mark.parametrize(
    ("settings", "flaw"),
    [({"host": "localhost"}, "cannot listen on localhost"), ({"port": "0"}, "people are to use")],
)
def test_a_socket_that_systemd_cannot_open_is_refused(settings: dict[str, str], flaw: str) -> None:
    with pytest.raises(ConfigError, match=flaw):
        socket_unit(of(**settings))
