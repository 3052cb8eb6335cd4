"""The units of this installation for systemd: the service, and the socket where it is reached.

Guarantees: a secret's file is a credential, a stop has as much time as the hub may take, and the
text of a setting cannot add anything else to a unit. Must not know: what settings do, flags.
"""

import ipaddress
import math
import os
import pwd
import re
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from hub.admin.socket import NAME as ADMIN_SOCKET
from hub.admin.socket import flaw_of_path
from hub.app import stop_seconds
from hub.settings.config import SETTINGS, Config
from hub.settings.setting import ConfigError
from hub.settings.sources import IN_FILE
from hub.sockets.addresses import BACKLOG, UNIX_MODE, in_url, unix_path

DATA_DIR: Final = Path("/var/lib/parlour")
USER: Final = "parlour"
_STATE: Final = Path("/var/lib")
_RUNTIME: Final = Path("/run/parlour")
_SETTINGS: Final = Path("/etc/parlour")
_INSTEAD: Final = {"data_dir": DATA_DIR, "host": _RUNTIME / "hub.sock"}
_PRIVATE: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  the service has its own
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
_SYSTEM: Final = frozenset(
    Path("/", *parts.split())
    for parts in (
        "", "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc",
        "root", "run", "run user", "sbin", "srv", "sys", "usr", "usr bin", "usr lib", "usr local",
        "usr sbin", "usr share", "var", "var cache", "var lib", "var log", "var spool",
    )
)  # fmt: skip
_FIRST_FREE_PORT: Final = 1_024  # listening below it needs a capability
_ACCOUNT: Final = re.compile(r"[A-Za-z_][\w.-]*|\d+", re.ASCII)
_PLAIN: Final = re.compile(r"[\w./:@,=+-]+", re.ASCII)
_DEFAULTS: Final = {each.name: each.default for each in SETTINGS}

_SERVICE: Final = """\
[Unit]
Description=Parlour message hub
Wants=network-online.target
After=network-online.target postgresql.service
# systemd restarts the service, however often it fails.
StartLimitIntervalSec=0

[Service]
# The hub notifies systemd when it is ready, reloads and stops.
Type=notify
NotifyAccess=main
User={user}
{folders}
RuntimeDirectory=parlour
# The socket of parlour.socket may be in it.
RuntimeDirectoryPreserve=yes
# The hub looks there for certificates and passwords for an external Postgres.
Environment={home}
{start}
ExecReload=/bin/sh -c 'kill -HUP $$MAINPID'
KillSignal=SIGTERM
# Postgres gets its SIGTERM from the hub, after the last message was stored.
KillMode=mixed
# A start may take longer: the hub extends this timeout as long as it does not hang.
TimeoutStartSec=90
# The sum of drain_seconds, shutdown_timeout, the time to stop Postgres, and a margin.
TimeoutStopSec={stop_seconds}
# systemd ends a hub that hangs. A hub that does not hang notifies systemd 3 times as often,
# whatever its database does.
WatchdogSec=60
Restart=on-failure
RestartSec=1
# A restart does not correct a wrong command line or setting.
RestartPreventExitStatus=2
# The hub continues when a process of Postgres, or one that decodes a picture, is killed
# because it takes too much memory.
OOMPolicy=continue
LimitNOFILE=65536
# A core dump would contain messages.
LimitCORE=0
UMask=0077

AmbientCapabilities={capability}
CapabilityBoundingSet={capability}
DevicePolicy=closed
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome={homes}
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""

_SOCKET: Final = """\
[Unit]
Description=Socket of the Parlour message hub

[Socket]
{listen}
Backlog={backlog}

[Install]
WantedBy=sockets.target
# The service must not open a port itself.
RequiredBy=parlour.service
"""


@frozen
class Installation:
    """The installation that the units run.

    Args:
        program: the command `parlour`: the path of a program, and its first arguments.
        user: the account of the hub.
        config_file: the settings file.
        flags: those of the command line, by setting, or setting and `_file`.
        config: the settings that result from them.
        parts: the folders and programs that the command is made of.
    """

    program: Sequence[str]
    user: str
    config_file: Path | None
    flags: Mapping[str, str]
    config: Config
    parts: Sequence[Path] = ()

    @property
    def data_dir(self) -> Path:
        """The data folder of the settings, or `DATA_DIR` if they have the default."""
        is_given = self.config.data_dir != _DEFAULTS["data_dir"]
        return self.config.data_dir.absolute() if is_given else DATA_DIR

    def paths(self) -> Iterator[Path]:
        """All paths that the service needs."""
        yield from (Path(self.program[0]), Path(self.program[0]).resolve(), *self.parts)
        yield self.data_dir
        yield from self.files().values()

    def files(self) -> Mapping[str, Path]:
        """The files that the service only reads, by the name of the setting."""
        found = {} if self.config_file is None else {"config": self.config_file.absolute()}
        for setting in SETTINGS:
            value = getattr(self.config, setting.name)
            if isinstance(value, Path) and setting.name != "data_dir":
                found[setting.name] = value.absolute()
        return found


def service_unit(of: Installation) -> str:
    """The text of parlour.service.

    Raises:
        ConfigError: a setting cannot stand in a unit or names a path that the service could not
            use, or no account has such a name.
    """
    if _ACCOUNT.fullmatch(of.user) is None:
        raise ConfigError(f"user: {of.user!r} is the name of no account")
    _require_reachable(of)
    is_low = unix_path(of.config.host) is None and 0 < of.config.port < _FIRST_FREE_PORT
    capability = "CAP_NET_BIND_SERVICE" if is_low else ""
    at_home = any(path.is_relative_to(home) for path in of.paths() for home in _HOMES)
    return _SERVICE.format(
        user=of.user,
        folders="\n".join(_folders(of)),
        home=_word(f"HOME={of.data_dir}"),
        start="\n".join((*_credentials(of), f"ExecStart={_command(of)}")),
        stop_seconds=math.ceil(stop_seconds(of.config)),
        capability=capability,
        homes="read-only" if at_home else "yes",
    )


def socket_unit(of: Installation) -> str:
    """The text of parlour.socket.

    Raises:
        ConfigError: systemd cannot listen on host and port.
    """
    return _SOCKET.format(listen="\n".join(_listen(of)), backlog=BACKLOG)


def warnings_about(of: Installation) -> Iterator[str]:
    """What the operator has to do or to know before the service is started."""
    if not _is_account(of.user):
        yield (
            f"there is no account {of.user} here: useradd --system --no-create-home"
            f" --shell /usr/sbin/nologin {of.user}"
        )
    is_made = of.data_dir.is_relative_to(_STATE) and of.data_dir != _STATE  # by systemd
    folder = shlex.quote(str(of.data_dir))
    if not is_made and not of.data_dir.is_dir():
        yield f"{of.data_dir} has to be there: install -d -m 0700 -o {of.user} {folder}"
    elif not is_made and not _may_own(of.user, of.data_dir):
        yield f"{of.data_dir} does not belong to {of.user}: chown -R {of.user} {folder}"
    socket = of.data_dir / ADMIN_SOCKET
    if (flaw := flaw_of_path(socket)) is not None:
        yield (
            f"{of.data_dir} is too long for the admin socket in it ({flaw}): no account can be made"
            " and no `parlour admin` works while the hub runs"
        )
    yield from _unreadable(of)
    for name, value in of.flags.items():
        is_path = name.endswith(IN_FILE) or isinstance(getattr(of.config, name), Path)
        if is_path and not Path(value).is_absolute():
            whole = Path(value).absolute()
            yield f"--{name.replace('_', '-')} {value} is in this folder: the unit has {whole}"


def _unreadable(of: Installation) -> Iterator[str]:
    """Warnings about what the account of the service cannot read."""
    for part in of.parts:
        hidden = _hidden(part)
        if hidden is not None or not _may_read(of.user, part):
            why = f"is below {hidden}, of which the service has its own (PrivateTmp)"
            yield (
                f"the installation's {part} {why if hidden else f'cannot be read by {of.user}'},"
                " so the service does not start: install Parlour elsewhere, with a Python that"
                " everybody can read, such as by /usr/bin/python3 -m venv /opt/parlour"
            )
            break
    for name, file in of.files().items():
        if not _may_read(of.user, file):
            quoted = shlex.quote(str(file))
            other = f", or leave {name} out and add LoadCredential={name}:{file} to the unit"
            yield (
                f"{of.user} cannot read {name} {file}, or a folder above it: chgrp {of.user}"
                f" {quoted}; chmod g+r {quoted}{'' if name == 'config' else other}"
            )


def _may_read(user: str, path: Path) -> bool:
    """Whether modes and owners let an account read a path; an account that does not exist yet is in
    no group. True where the modes cannot be read.
    """
    try:
        account = _account(user)
        uid, gids = account.pw_uid, os.getgrouplist(account.pw_name, account.pw_gid)
    except KeyError:
        uid, gids = -1, []
    try:
        found = [(path.stat(), stat.S_IROTH), *((at.stat(), stat.S_IXOTH) for at in path.parents)]
    except OSError:
        return True
    return uid == 0 or all(
        each.st_mode & (bit << 6 if each.st_uid == uid else bit << 3 * (each.st_gid in gids))
        for each, bit in found
    )


def _hidden(path: Path) -> Path | None:
    """The folder above the path of which the service has a private one, if there is such."""
    return next((at for at in _PRIVATE if path.is_relative_to(at)), None)


def _may_own(user: str, folder: Path) -> bool:
    """Whether an account owns a folder, or is root; True for an account that does not exist yet."""
    try:
        return _account(user).pw_uid in {0, folder.stat().st_uid}
    except KeyError:
        return True


def _account(user: str) -> pwd.struct_passwd:
    """The account with a name or number; raises KeyError."""
    return pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)


def _is_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return name.isdigit()
    return True


def _require_reachable(of: Installation) -> None:
    """Refuse paths with which the service would start with other files, or not at all."""
    socket = unix_path(of.config.host)
    shared = {"data_dir": of.data_dir, **({} if socket is None else {"host": socket})}
    for name, path in {**of.files(), **shared}.items():
        hidden = _hidden(path)
        if hidden is not None:
            raise ConfigError(
                f"{name}: {path} is below {hidden}, of which the service has one of its own"
                " (PrivateTmp), with nothing of others in it: choose another, such as"
                f" {_INSTEAD.get(name, _SETTINGS / path.name)}"
            )
    if {Path(os.path.normpath(of.data_dir)), of.data_dir.resolve()} & _SYSTEM:
        raise ConfigError(
            f"data_dir: {of.data_dir} is a folder of the system, and the data need one of their"
            f" own: choose another, such as {DATA_DIR}"
        )
    for setting in SETTINGS:
        value = getattr(of.config, setting.name)
        is_ours = setting.name in {"data_dir", *of.flags}  # those are made absolute
        if isinstance(value, Path) and not is_ours and not value.is_absolute():
            raise ConfigError(
                f"{setting.name}: {value} is relative in {of.config_file}, and a service has"
                " another folder: write the whole path, from / on"
            )


def _folders(of: Installation) -> Iterator[str]:
    """The folders in which the service may write."""
    path = unix_path(of.config.host)
    for folder in (of.data_dir, *(() if path is None else (path.parent,))):
        if folder.is_relative_to(_STATE) and folder != _STATE:
            yield f"StateDirectory={_word(str(folder.relative_to(_STATE)))}"
            yield "StateDirectoryMode=0700"
        elif folder != _RUNTIME:
            yield f"ReadWritePaths={_word(str(folder))}"


def _credentials(of: Installation) -> Iterator[str]:
    """Files with secrets, which the hub's account need not be able to read."""
    for name, value in of.flags.items():
        if name.endswith(IN_FILE):
            given = f"{name.removesuffix(IN_FILE)}:{Path(value).absolute()}"
            yield f"LoadCredential={_word(given)}"


def _command(of: Installation) -> str:
    words = [*of.program, "serve"]
    if of.config_file is not None:
        words += ["--config", str(of.config_file.absolute())]
    words += ["--data-dir", str(of.data_dir)]
    for setting in SETTINGS:
        value = of.flags.get(setting.name)
        if value is None or setting.name == "data_dir":
            continue
        if setting.parser.is_secret:
            raise ConfigError(
                f"flag {setting.flag}: everybody can read a unit; give {setting.flag}-file"
            )
        is_path = isinstance(getattr(of.config, setting.name), Path)
        words += [setting.flag, str(Path(value).absolute()) if is_path else value]
    return " ".join(_word(each).replace("$", "$$") for each in words)


def _listen(of: Installation) -> Iterator[str]:
    host, port = of.config.host, of.config.port
    path = unix_path(host)
    if path is not None:
        yield from (f"ListenStream={_escaped(str(path))}", f"SocketMode={UNIX_MODE:04o}")
        yield from (f"SocketUser={of.user}", f"SocketGroup={of.user}")
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ConfigError(f"host: systemd cannot listen on {host}; it takes an address") from None
    if port == 0:
        raise ConfigError("port: a socket unit takes the one that people are to use")
    yield f"ListenStream={in_url(str(address))}:{port}"
    if address.version == 6:  # noqa: PLR2004  of the protocol
        yield f"BindIPv6Only={'both' if address.is_unspecified else 'ipv6-only'}"


def _word(text: str) -> str:
    """One word of a unit, whatever is in it."""
    return text if _PLAIN.fullmatch(text) else f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """The text with the characters escaped that systemd would replace, or take for an end.

    Raises:
        ConfigError: it has a character that is not printable.
    """
    if not text.isprintable():
        raise ConfigError(f"{text!r} cannot stand in a unit")
    return text.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%")
