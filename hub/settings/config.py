"""The settings: one table from which flags, variables, the file and the manual derive.

Guarantees: a `Config` holds only accepted values; a wrong one is refused with its name, where it
came from and what would be accepted; unknown names are refused too, since a misspelt setting that
is ignored is worse than none. Must not know: what a setting is used for. Reads nothing by itself
but the file it is given.
"""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from hub.settings import parsers

VARIABLE_PREFIX: Final = "PARLOUR_"
TEST_PREFIX: Final = "PARLOUR_TEST_"


class ConfigError(Exception):
    """A setting that is not accepted; the text says which, from where, and what would be."""


@frozen
class Config:
    """Every setting, checked. Times are in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path("parlour-data")
    database_url: str | None = field(default=None, repr=False)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    registration: str = "open"
    session_days: int = 7
    platform_session_hours: int = 24
    session_secrets: tuple[str, ...] = field(default=(), repr=False)
    express_sessions_url: str | None = field(default=None, repr=False)
    express_sessions_table: str = "session"
    session_recheck: float = 60.0
    login_attempts: int = 10
    login_attempts_per_address: int = 100
    login_window: float = 300.0
    presence_grace: float = 5.0
    presence_audience: str = "related"
    typing_expiry: float = 3.0
    max_content_chars: int = 4_000
    max_frame_bytes: int = 65_536
    max_upload_bytes: int = 10_485_760
    outbox_bytes: int = 1_048_576
    head_timeout: float = 10.0
    shutdown_timeout: float = 10.0
    max_connections: int = 20_000
    max_connections_per_address: int = 10_000
    rest_default: str = "private_messages"
    jwt_secret: str | None = field(default=None, repr=False)
    jwt_public_key: Path | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    jwt_leeway: float = 0.0
    echo_new_to_sender: str = "no"
    assistant_model: str | None = None
    assistant_url: str | None = None
    assistant_key: str | None = field(default=None, repr=False)
    assistant_timeout: float = 60.0
    assistant_concurrency: int = 4
    chat_messages: int = 5
    event_messages: int = 10
    web_client: str = "yes"
    user_messages_per_second: int = 1_000
    user_typing_per_second: int = 100
    resume_limit: int = 1_000
    recovery_window: float = 3_600.0
    rendered_content: str = "no"
    db_lanes: int = 2
    db_pool: int = 8
    log_level: str = "info"
    log_format: str = "auto"


@frozen
class Setting:
    """One row of the table.

    Args:
        name: as in `Config`; the flag is `--name` with dashes, the variable `PARLOUR_NAME`.
        parse: text or TOML value -> setting; raises ValueError.
        accepts: what `parse` takes, for people.
        meaning: one line for the manual.
        many: whether the flag may be repeated.
        secret: whether a refused value must not be shown.
    """

    name: str
    parse: Callable[[object], object]
    accepts: str
    meaning: str
    many: bool = False
    secret: bool = False

    @property
    def flag(self) -> str:
        """As on the command line."""
        return _flag(self.name)

    @property
    def variable(self) -> str:
        """As in the environment."""
        return _variable(self.name)


def load_config(
    flags: Mapping[str, object], environ: Mapping[str, str], config_file: Path | None
) -> Config:
    """The settings from flags, then `PARLOUR_*` variables, then the TOML file, then defaults.

    Args:
        flags: by setting name; None means not given.
        environ: the environment; names without the prefix are ignored.
        config_file: a TOML file with settings at its top level.

    Raises:
        ConfigError: a value or a name is not accepted, or the file cannot be read.
    """
    values: dict[str, object] = {}
    if config_file is not None:
        for name, value in _read(config_file).items():
            values[name] = _accepted(name, value, f"{name} in {config_file}", spelt="{}".format)
    for variable, text in environ.items():
        is_ours = variable.startswith(VARIABLE_PREFIX) and not variable.startswith(TEST_PREFIX)
        if is_ours and variable not in OTHER_VARIABLES:
            name = variable.removeprefix(VARIABLE_PREFIX).lower()
            values[name] = _accepted(name, text, variable, spelt=_variable)
    for name, value in flags.items():
        if value is not None:
            values[name] = _accepted(name, value, f"flag {_flag(name)}", spelt=_flag)
    config = Config(**values)  # type: ignore[arg-type]  # each was parsed by its row of SETTINGS
    if (config.tls_cert is None) != (config.tls_key is None):
        raise ConfigError("tls_cert and tls_key are given together or not at all")
    return config


def describe_settings() -> str:
    """The manual's table, in Markdown."""
    defaults = Config()
    rows = ["| setting | default | accepts | meaning |", "|---|---|---|---|"]
    for setting in SETTINGS:
        default = getattr(defaults, setting.name)
        shown = f"`{default}`" if default not in (None, ()) else "none"
        rows.append(f"| `{setting.name}` | {shown} | {setting.accepts} | {setting.meaning} |")
    return "\n".join(rows) + "\n"


def _read(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error}") from None


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variable(name: str) -> str:
    return VARIABLE_PREFIX + name.upper()


def _accepted(name: str, value: object, source: str, *, spelt: Callable[[str], str]) -> object:
    """The parsed value; `source` and `spelt` say where it came from, and how names look there."""
    setting = _BY_NAME.get(name)
    if setting is None:
        close = difflib.get_close_matches(name, _BY_NAME, n=1)
        hint = f"; did you mean {spelt(close[0])}?" if close else ""
        raise ConfigError(f"{source}: there is no setting {name}{hint}")
    try:
        return setting.parse(value)
    except ValueError as error:
        shown = "the value given" if setting.secret else repr(value)
        detail = f" ({error})" if str(error) and not setting.secret else ""
        raise ConfigError(
            f"{source}: {shown} is not accepted{detail}; it takes {setting.accepts}"
        ) from None


SETTINGS: Final = (
    Setting("host", parsers.text, "an address or name", "where to listen"),
    Setting(
        "port", parsers.whole(0, 65_535), "0 to 65535", "the one port; 0 lets the system choose"
    ),
    Setting("data_dir", parsers.path, "a folder", "the embedded database and uploads"),
    Setting(
        "database_url",
        parsers.postgres_url,
        "postgresql://...",
        "an external Postgres (14 or later) instead of the embedded one",
        secret=True,
    ),
    Setting("tls_cert", parsers.file, "a PEM file", "certificate chain; needs `tls_key`"),
    Setting("tls_key", parsers.file, "a PEM file", "private key"),
    Setting(
        "allowed_origins",
        parsers.list_of(parsers.origin),
        "origins like https://app.example",
        "web pages of other hosts that may use the hub",
        many=True,
    ),
    Setting(
        "trusted_proxies",
        parsers.list_of(parsers.address),
        "IP addresses",
        "proxies whose X-Forwarded-For and -Proto are believed",
        many=True,
    ),
    Setting(
        "registration",
        parsers.one_of("open", "closed"),
        "open, closed",
        "who may make an account",
    ),
    Setting("session_days", parsers.whole(1, 365), "1 to 365", "how long a login lasts"),
    Setting(
        "platform_session_hours",
        parsers.whole(1, 8_760),
        "1 to 8760",
        "how long a login of the learning platform lasts",
    ),
    Setting(
        "session_secrets",
        parsers.list_of(parsers.secret),
        "texts of at least 16 characters",
        "sign `connect.sid`; the first one new cookies, all are accepted",
        many=True,
        secret=True,
    ),
    Setting(
        "express_sessions_url",
        parsers.postgres_url,
        "postgresql://...",
        "where an Express application keeps its sessions, which are accepted too",
        secret=True,
    ),
    Setting(
        "express_sessions_table",
        parsers.table,
        "a name, or schema.name",
        "the table of connect-pg-simple there",
    ),
    Setting(
        "session_recheck",
        parsers.seconds(0.1, 3_600),
        "0.1 to 3600 s",
        "between two looks at whether Express sessions are still there",
    ),
    Setting(
        "login_attempts", parsers.whole(1, 1_000), "1 to 1000", "logins per window and account"
    ),
    Setting(
        "login_attempts_per_address",
        parsers.whole(1, 1_000_000),
        "1 to 1000000",
        "logins and registrations per window and address",
    ),
    Setting("login_window", parsers.seconds(1, 86_400), "1 to 86400 s", "the window of both"),
    Setting(
        "presence_grace", parsers.seconds(0, 300), "0 to 300 s", "from last connection to offline"
    ),
    Setting(
        "presence_audience",
        parsers.one_of("related", "everyone"),
        "related, everyone",
        "who is told that a user is online",
    ),
    Setting(
        "typing_expiry",
        parsers.seconds(0.5, 60),
        "0.5 to 60 s",
        "when a typing indicator ends (5 s on Socket.IO)",
    ),
    Setting(
        "max_content_chars", parsers.whole(1, 100_000), "1 to 100000", "longest message content"
    ),
    Setting(
        "max_frame_bytes",
        parsers.whole(1_024, 16_777_216),
        "1024 to 16777216",
        "longest WebSocket message",
    ),
    Setting(
        "max_upload_bytes",
        parsers.whole(1, 104_857_600),
        "1 to 104857600",
        "largest file that may be uploaded",
    ),
    Setting(
        "outbox_bytes",
        parsers.whole(16_384, 67_108_864),
        "16384 to 67108864",
        "what may wait for one slow connection",
    ),
    Setting(
        "head_timeout", parsers.seconds(0.1, 300), "0.1 to 300 s", "for a request head to arrive"
    ),
    Setting(
        "shutdown_timeout",
        parsers.seconds(0.1, 300),
        "0.1 to 300 s",
        "for stopping in good order",
    ),
    Setting("max_connections", parsers.whole(1, 1_000_000), "1 to 1000000", "open at a time"),
    Setting(
        "max_connections_per_address",
        parsers.whole(1, 1_000_000),
        "1 to 1000000",
        "open at a time from one address",
    ),
    Setting(
        "rest_default",
        parsers.one_of("private_messages", "learning_platform"),
        "private_messages, learning_platform",
        "whose answer a REST call gets that could be for either",
    ),
    Setting(
        "jwt_secret",
        parsers.secret,
        "a text of at least 16 characters",
        "signs Socket.IO tokens (HS256); none: one that the hubs on one database agree on",
        secret=True,
    ),
    Setting(
        "jwt_public_key",
        parsers.file,
        "a PEM or JWKS file",
        "whose owners' tokens are accepted too",
    ),
    Setting("jwt_issuer", parsers.text, "a text", "who must have issued a token"),
    Setting("jwt_audience", parsers.text, "a text", "for whom a token must be"),
    Setting("jwt_leeway", parsers.seconds(0, 300), "0 to 300 s", "by which clocks may differ"),
    Setting(
        "echo_new_to_sender",
        parsers.one_of("no", "yes"),
        "no, yes",
        "whether `message:new` also goes to the Socket.IO client that sent it",
    ),
    Setting("assistant_model", parsers.text, "a model's name", "answers `@AI`; none: nobody does"),
    Setting(
        "assistant_url",
        parsers.http_url,
        "an http(s) address",
        "a server that speaks OpenAI's protocol; none: OpenAI's own",
    ),
    Setting("assistant_key", parsers.text, "a text", "that server's key", secret=True),
    Setting("assistant_timeout", parsers.seconds(1, 600), "1 to 600 s", "for a whole answer"),
    Setting("assistant_concurrency", parsers.whole(1, 64), "1 to 64", "answers at a time"),
    Setting(
        "chat_messages",
        parsers.whole(1, 1_000_000),
        "1 to 1000000",
        "messages that one connection may send in 5 s on `/ws/chat` and `/messagepal`",
    ),
    Setting(
        "event_messages",
        parsers.whole(1, 1_000_000),
        "1 to 1000000",
        "messages that one user may send in a second over Socket.IO",
    ),
    Setting(
        "web_client", parsers.one_of("no", "yes"), "no, yes", "whether `/` shows the web client"
    ),
    Setting(
        "user_messages_per_second",
        parsers.whole(1, 100_000),
        "1 to 100000",
        "messages that one user may send, over all connections and requests",
    ),
    Setting(
        "user_typing_per_second",
        parsers.whole(1, 100_000),
        "1 to 100000",
        "typing indicators that one user may send; more are dropped",
    ),
    Setting(
        "resume_limit",
        parsers.whole(10, 100_000),
        "10 to 100000",
        "messages of one channel that are told to who comes back; more are to be fetched",
    ),
    Setting(
        "recovery_window",
        parsers.seconds(0, 604_800),
        "0 to 604800 s",
        "how long after its end a Socket.IO connection can be recovered; 0: not at all",
    ),
    Setting(
        "rendered_content",
        parsers.one_of("no", "yes"),
        "no, yes",
        "whether Socket.IO's messages carry safe HTML as `renderedContent` beside their content",
    ),
    Setting(
        "db_lanes", parsers.whole(1, 16), "1 to 16", "statements that store messages, at a time"
    ),
    Setting("db_pool", parsers.whole(2, 100), "2 to 100", "connections for everything else"),
    Setting(
        "log_level",
        parsers.one_of("debug", "info", "warning", "error"),
        "debug, info, warning, error",
        "what is logged",
    ),
    Setting(
        "log_format",
        parsers.one_of("auto", "json", "console"),
        "auto, json, console",
        "auto: console on a terminal, JSON elsewhere",
    ),
)
_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}

OTHER_VARIABLES: Final = frozenset({"PARLOUR_CONFIG", "PARLOUR_PASSWORD"})
"""Variables that the command line reads itself."""
