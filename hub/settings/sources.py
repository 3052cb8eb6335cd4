"""Where settings come from: flags, then environment variables, then the settings file, then
credentials, as systemd has them: files that have the names of settings.

Guarantees: every error names the setting, where its value came from, and what is accepted; a name
that no setting has is an error, since a misspelt setting must not be ignored; among credentials,
which may be meant for other programs, only if it resembles a setting's. Reads nothing by itself but
the files it is given. Must not know: what settings there are.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import define, field

from hub.settings.config import SETTINGS, Config, Conflict
from hub.settings.parsers import FILE
from hub.settings.reasons import reason_of
from hub.settings.setting import VARIABLE_PREFIX, ConfigError, Setting

IN_FILE: Final = "_file"
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
TEST_PREFIX: Final = "PARLOUR_TEST_"
OTHER_VARIABLES: Final = frozenset(
    {"PARLOUR_CONFIG", "PARLOUR_PASSWORD", "PARLOUR_PARENT_PLAN", "PARLOUR_WORKER_PLACE"}
)
"""Variables that the command line reads itself, or passes to processes that it starts."""

_LOOKS_LIKE: Final = 0.8  # how similar a credential's name is to a setting's, from 0 to 1
_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}
_Spelling: TypeAlias = Callable[[Setting], str]


def load_config(
    flags: Mapping[str, object], environ: Mapping[str, str], config_file: Path | None
) -> Config:
    """The settings from flags, then `PARLOUR_*` variables, then the TOML file, then the folder
    `$CREDENTIALS_DIRECTORY`, then defaults.

    Args:
        flags: by setting name; None means not given.
        environ: the environment; other names without the prefix are ignored.
        config_file: a TOML file with settings at its top level.

    Raises:
        ConfigError: a value or a name is not accepted, or the file cannot be read.
    """
    given = _Given()
    for path in _credentials(environ.get(CREDENTIALS)):
        given.take_credential(path)
    given.given.clear()
    if config_file is not None:
        text, values = _read(config_file)
        for name, value in values.items():
            where = f"{config_file}{_line_of(name, text)}: {name}"
            given.take(name, value, where, lambda setting: setting.name)
    given.given.clear()
    for variable, value in environ.items():
        is_ours = variable.startswith(VARIABLE_PREFIX) and not variable.startswith(TEST_PREFIX)
        if is_ours and variable not in OTHER_VARIABLES:
            name = variable.removeprefix(VARIABLE_PREFIX).lower()
            given.take(name, value, f"variable {variable}", lambda setting: setting.variable)
    given.given.clear()
    for name, value in flags.items():
        if value is not None:
            where = f"flag --{name.replace('_', '-')}"
            given.take(name, value, where, lambda setting: setting.flag)
    return given.config()


@define
class _Given:
    """Values by setting, and where each came from; a later one replaces an earlier one."""

    values: dict[str, Any] = field(factory=dict)
    sources: dict[str, str] = field(factory=dict)
    given: set[str] = field(factory=set)  # by the source that is read now

    def take(self, name: str, value: object, source: str, spelling: _Spelling) -> None:
        """Add a value; if the name is a secret's with `_file` appended, the value is the path of a
        file with the secret. `spelling`: how names of settings are written at the source.
        """
        setting = _BY_NAME.get(name)
        in_file = _BY_NAME.get(name.removesuffix(IN_FILE)) if setting is None else None
        if in_file is not None and in_file.parser.is_secret and in_file.name != name:
            name, setting = in_file.name, in_file
            value = _secret_in(value, source, is_list=setting.parser.is_list)
        if setting is None:
            close = difflib.get_close_matches(name, _BY_NAME, n=1)
            hint = f"; did you mean {spelling(_BY_NAME[close[0]])}?" if close else ""
            raise ConfigError(f"{source}: there is no setting {name}{hint}")
        if name in self.given:
            raise ConfigError(f"{source}: {name} is given twice, also as {self.sources[name]}")
        self.given.add(name)
        self.values[name] = setting.accept(value, source)
        self.sources[name] = source

    def take_credential(self, path: Path) -> None:
        """Add what a file contains, or its path where the setting is a file."""
        setting, source = _BY_NAME.get(path.name), f"credential {path}"
        if setting is not None and setting.parser is not FILE:
            value = _secret_in(str(path), source, is_list=setting.parser.is_list)
            self.take(path.name, value, source, lambda each: each.name)
        elif difflib.get_close_matches(path.name, _BY_NAME, n=1, cutoff=_LOOKS_LIKE):
            self.take(path.name, str(path), source, lambda each: each.name)

    def config(self) -> Config:
        try:
            return Config(**self.values)
        except Conflict as conflict:
            origins = [f"{name}: {self.sources.get(name, 'default')}" for name in conflict.names]
            raise ConfigError(f"{conflict} ({', '.join(origins)})") from None


def _credentials(folder: str | None) -> Sequence[Path]:
    """The files in a folder; none where there is no such folder.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return sorted(each for each in Path(folder).iterdir() if each.is_file()) if folder else ()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{CREDENTIALS}: {reason_of(error)}") from None


def _secret_in(value: object, source: str, *, is_list: bool) -> object:
    """What a file contains: a secret, or one on each line.

    Raises:
        ConfigError: it cannot be read.
    """
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{source}: it takes the path of a file")
    try:
        lines = Path(value).read_text().splitlines()
    except OSError as error:
        raise ConfigError(f"{source}: {reason_of(error)}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{source}: {value} is no text in UTF-8") from None
    return [line for line in lines if line.strip()] if is_list else "\n".join(lines)


def _read(path: Path) -> tuple[str, Mapping[str, object]]:
    try:
        text = path.read_text()
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"The settings file {reason_of(error)}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"The settings file {path} is no text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The settings file {path} is no TOML: {error}") from None


def _line_of(name: str, text: str) -> str:
    """`:3` when the name stands at the beginning of the file's third line, else nothing."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*[=.\]]")
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.match(line):
            return f":{number}"
    return ""
