"""All settings of Parlour.

Guarantees: a `Config` holds only accepted values that fit together, however it was made, and shows
no secret. Flags, environment variables, the settings file, `parlour check-config` and
docs/configuration.md derive from its fields. Must not know: what a setting is used for, where a
value came from.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from hub.settings.choices import (
    AudienceRule,
    Joining,
    LogFormat,
    LogLevel,
    OpenRole,
    Registration,
    RestDefault,
)
from hub.settings.parsers import (
    ADDRESS,
    FILE,
    FOLDER,
    HOST,
    HOST_NAME,
    HTTP_URL,
    ISSUER,
    LONG_SECRET,
    ORIGIN,
    POSTGRES_URL,
    PUBLIC_URL,
    SECRET,
    TABLE,
    TEXT,
    YES_NO,
    choice,
    list_of,
    seconds,
    whole,
)
from hub.settings.redaction import Secret
from hub.settings.setting import ConfigError, setting, settings_of

UTF8_BYTES: Final = 4  # that one character takes at most


class Conflict(ConfigError):
    """Settings that do not fit together.

    Args:
        names: the settings.
        text: what is wrong.
    """

    def __init__(self, names: tuple[str, ...], text: str) -> None:
        super().__init__(text)
        self.names: Final = names


@frozen
class Config:
    """Every setting, checked. Times are in seconds and sizes in bytes, unless a name says more.

    Raises:
        ConfigError: a value is not accepted.
        Conflict: the values do not fit together.
    """

    # Listening
    host: str = setting(
        HOST,
        "127.0.0.1",
        "Where to listen: on all addresses of a name; `::` is every address of the machine.",
    )
    port: int = setting(
        whole(0, 65_535),
        8_000,
        "The one port for everything; with 0 the system chooses one.",
    )
    tls_cert: Path | None = setting(
        FILE, None, "The certificate chain in PEM format; with it the port speaks TLS."
    )
    tls_key: Path | None = setting(FILE, None, "The private key of `tls_cert` in PEM format.")
    public_url: str | None = setting(
        PUBLIC_URL,
        None,
        "The address that people open, where a proxy gives the hub another one, or a path.",
    )
    allowed_origins: tuple[str, ...] = setting(
        list_of(ORIGIN), (), "Other origins whose web pages may use the hub."
    )
    allowed_hosts: tuple[str, ...] = setting(
        list_of(HOST_NAME),
        (),
        "Host names by which people open the hub, beside that of `public_url` and those that exist"
        " in private networks alone; a request for any other is refused.",
    )
    trusted_proxies: tuple[str, ...] = setting(
        list_of(ADDRESS), (), "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    max_connections: int = setting(
        whole(1, 1_000_000, "connections"), 20_000, "How many connections may be open at a time."
    )
    max_connections_per_address: int = setting(
        whole(1, 1_000_000, "connections"),
        10_000,
        "How many connections one IP address may have open at a time.",
    )
    head_timeout: float = setting(
        seconds(0.1, 300), 10.0, "How long the head of an HTTP request may take to arrive."
    )
    drain_seconds: float = setting(
        seconds(0, 3_600),
        0.0,
        "How long, after SIGTERM, the hub works on while `/readyz` says 503, so that load balancers"
        " send nobody new.",
    )
    shutdown_timeout: float = setting(
        seconds(0.1, 300), 10.0, "How long the hub may take to stop in good order."
    )

    # Storage
    data_dir: Path = setting(
        FOLDER, Path("parlour-data"), "The folder of the embedded database and of uploaded files."
    )
    database_url: Secret | None = setting(
        POSTGRES_URL, None, "A Postgres (14 or later) to use instead of the embedded one."
    )
    db_lanes: int = setting(
        whole(1, 16, "connections"),
        2,
        "How many database connections store messages, each one batch at a time.",
    )
    db_pool: int = setting(
        whole(2, 100, "connections"), 8, "How many database connections serve everything else."
    )
    takeover_wait: float = setting(
        seconds(0, 3_600),
        10.0,
        "How long a starting hub waits for another one on the same database to end.",
    )

    # Accounts and sessions
    registration: Registration = setting(
        choice(Registration),
        Registration.OPEN,
        "Whether people may make their own accounts; with `provider` only by signing in with"
        " `oidc_issuer`.",
    )
    oidc_issuer: str | None = setting(
        ISSUER,
        None,
        "An OpenID Connect provider with whom people may sign in; `public_url` says where they come"
        " back to.",
    )
    oidc_client_id: str | None = setting(TEXT, None, "What the provider calls this hub.")
    oidc_client_secret: Secret | None = setting(
        SECRET, None, "The secret that the provider gave this hub; a public client has none."
    )
    oidc_scopes: tuple[str, ...] = setting(
        list_of(TEXT),
        ("profile", "email"),
        "What the provider is asked for, beside `openid`.",
    )
    oidc_name: str | None = setting(
        TEXT, None, "What the button calls the provider; by default by its host name."
    )
    email_hook: Path | None = setting(
        FILE,
        None,
        "A program that sends a link to a new email address, which counts once its owner has opened"
        " it; without one, it counts at once.",
    )
    open_roles: tuple[OpenRole, ...] = setting(
        list_of(choice(OpenRole)),
        (OpenRole.STUDENT,),
        "The roles of the learning platform that people may give themselves in a registration.",
    )
    joining: Joining = setting(
        choice(Joining),
        Joining.INVITATION,
        "Whether who is added to a workspace is asked (`invitation`) or not (`at_once`), as in a"
        " school.",
    )
    session_days: int = setting(
        whole(1, 365, "days"), 7, "How long a login lasts, except on the learning platform."
    )
    platform_session_hours: int = setting(
        whole(1, 8_760, "hours"), 24, "How long a login on the learning platform lasts."
    )
    session_max_days: int = setting(
        whole(1, 3_650, "days"),
        90,
        "How long a login lasts at most, however much it is used: using it extends it.",
    )
    login_attempts: int = setting(
        whole(1, 1_000, "attempts"),
        10,
        "How often a login to one account may fail per window from one address; from all together"
        " ten times as often, after which others are slowed down.",
    )
    login_attempts_per_address: int = setting(
        whole(1, 1_000_000, "attempts"),
        100,
        "How often one IPv4 address, or /64 of IPv6, may fail to log in, or register, per window.",
    )
    login_window: float = setting(
        seconds(1, 86_400), 300.0, "The length of the window of both `login_attempts` settings."
    )
    session_secrets: tuple[Secret, ...] = setting(
        list_of(LONG_SECRET),
        (),
        "Secrets that sign the cookie `connect.sid`: the first one signs, all are accepted; without"
        " any, the hub makes one and keeps it in the database.",
    )
    express_sessions_url: Secret | None = setting(
        POSTGRES_URL,
        None,
        "The Postgres of an Express application, whose sessions count too.",
    )
    express_sessions_table: str = setting(
        TABLE, "session", "The table there in which connect-pg-simple keeps the sessions."
    )
    session_recheck: float = setting(
        seconds(0.1, 3_600), 60.0, "How often the hub checks that Express sessions still exist."
    )
    token_lifetime: float = setting(
        seconds(1, 86_400),
        300.0,
        "How long a token of the hub can be used; it can be renewed as long as its session lives.",
    )
    jwt_secret: Secret | None = setting(
        LONG_SECRET,
        None,
        "The secret that signs Socket.IO tokens (HS256); without it, the hub makes one and keeps it"
        " in the database.",
    )
    jwt_public_key: Path | None = setting(
        FILE,
        None,
        "Public keys (PEM or JWKS) of an issuer of Socket.IO tokens, which are accepted too.",
    )
    jwt_issuer: str | None = setting(TEXT, None, "The `iss` claim that a token must have.")
    jwt_audience: str | None = setting(TEXT, None, "The `aud` claim that a token must have.")
    jwt_leeway: float = setting(
        seconds(0, 300), 0.0, "How far the clock of a token's issuer may differ from the hub's."
    )

    metrics_token: Secret | None = setting(
        LONG_SECRET,
        None,
        "The bearer token with which `/metrics` is read; without it there is no such page.",
    )

    # Messages
    max_content_chars: int = setting(
        whole(1, 100_000, "characters"), 4_000, "The longest content of a message."
    )
    max_frame_bytes: int = setting(
        whole(1_024, 16_777_216, "bytes"), 65_536, "The longest message a WebSocket may receive."
    )
    compression_threshold: int = setting(
        whole(0, 16_777_216, "bytes"),
        1_024,
        "WebSocket messages of this length or more are sent compressed to peers that offer it "
        "(permessage-deflate); 0: no compression in either direction.",
    )
    max_upload_bytes: int = setting(
        whole(1, 104_857_600, "bytes"), 10_485_760, "The largest file that may be uploaded."
    )
    user_upload_bytes: int = setting(
        whole(0, 1_125_899_906_842_624, "bytes"),
        1_073_741_824,
        "How much one user may have uploaded, without what has been deleted; 0: any amount.",
    )
    user_uploads_per_minute: int = setting(
        whole(1, 100_000, "files"), 60, "How many files one user may upload in a minute."
    )
    upload_grace: float = setting(
        seconds(60, 31_536_000),
        86_400.0,
        "How long an uploaded file is kept that no message names, and that is nobody's picture.",
    )
    upload_sweep: float = setting(
        seconds(1, 86_400), 60.0, "How often files are looked for that nothing names any more."
    )
    max_image_pixels: int = setting(
        whole(1_000_000, 500_000_000, "pixels"),
        50_000_000,
        "The largest picture that may be uploaded; of an animation all frames count.",
    )
    image_workers: int = setting(
        whole(1, 16, "processes"),
        2,
        "How many pictures are decoded at a time, each in a process of its own.",
    )
    outbox_bytes: int = setting(
        whole(8_192, 67_108_864, "bytes"),
        1_048_576,
        "How much may wait for one slow WebSocket before it is closed.",
    )
    user_frames_per_second: int = setting(
        whole(1, 1_000_000, "frames"),
        200,
        "How many frames of one user are taken in a second, over all connections, after a burst of"
        " 5 seconds' worth; more of them wait, and what takes longer counts as several.",
    )
    address_requests_per_second: int = setting(
        whole(1, 1_000_000, "requests"),
        200,
        "How many requests and connections of one address are taken in a second until somebody"
        " signs in, after a burst of 2 seconds' worth; more of them wait.",
    )
    user_messages_per_second: int = setting(
        whole(1, 100_000, "messages"),
        200,
        "How many messages one user may send in a second, over all connections and requests.",
    )
    chat_messages: int = setting(
        whole(1, 1_000_000, "messages"),
        5,
        "How many messages one connection may send in 5 s on `/ws/chat` and `/messagepal`.",
    )
    event_messages: int = setting(
        whole(1, 1_000_000, "messages"),
        10,
        "How many messages one user may send in a second over Socket.IO.",
    )
    user_typing_per_second: int = setting(
        whole(1, 100_000, "indicators"),
        100,
        "How many typing indicators one user may send in a second; the hub drops more.",
    )
    user_connections: int = setting(
        whole(1, 1_000_000, "connections"),
        50,
        "How many WebSockets and Socket.IO connections one user may have open at a time.",
    )
    user_conversations_per_hour: int = setting(
        whole(1, 1_000_000, "conversations"),
        200,
        "How many conversations one user may open in an hour, by a first message or before one.",
    )
    user_channels_per_hour: int = setting(
        whole(1, 1_000_000, "channels"), 100, "How many channels one user may make in an hour."
    )
    user_searches_per_minute: int = setting(
        whole(1, 1_000_000, "searches"), 120, "How often one user may search in a minute."
    )
    typing_expiry: float = setting(
        seconds(0.5, 60), 3.0, "When a typing indicator ends by itself (on Socket.IO after 5 s)."
    )
    presence_grace: float = setting(
        seconds(0, 300), 5.0, "How long after their last connection a user still counts as online."
    )
    presence_audience: AudienceRule = setting(
        choice(AudienceRule), AudienceRule.RELATED, "Who sees that a user is online."
    )
    resume_limit: int = setting(
        whole(10, 100_000, "messages"),
        1_000,
        "How many missed messages of a channel a resuming client is sent; it fetches the others.",
    )
    recovery_window: float = setting(
        seconds(0, 604_800),
        3_600.0,
        "How long a broken Socket.IO connection can be recovered; 0 turns recovery off.",
    )

    # What clients see
    rest_default: RestDefault = setting(
        choice(RestDefault),
        RestDefault.PRIVATE_MESSAGES,
        "Which dialect answers a REST request that could be of either.",
    )
    echo_new_to_sender: bool = setting(
        YES_NO, default=False, meaning="Whether `message:new` also goes to the Socket.IO sender."
    )
    rendered_content: bool = setting(
        YES_NO,
        default=False,
        meaning="Whether Socket.IO messages also carry their content as safe HTML, in"
        " `renderedContent`.",
    )
    web_client: bool = setting(YES_NO, default=True, meaning="Whether `/` is the web client.")

    # The assistant
    assistant_model: str | None = setting(
        TEXT, None, "The language model that answers messages with `@AI`; without it, none does."
    )
    assistant_url: Secret | None = setting(
        HTTP_URL, None, "A server with OpenAI's protocol to ask instead of OpenAI's own."
    )
    assistant_key: Secret | None = setting(SECRET, None, "The API key for that server.")
    assistant_timeout: float = setting(
        seconds(1, 600), 60.0, "How long the model may take for a whole answer."
    )
    user_questions_per_minute: int = setting(
        whole(1, 1_000_000, "questions"), 10, "How often one user may ask the model in a minute."
    )
    user_questions_per_day: int = setting(
        whole(1, 1_000_000, "questions"), 200, "How often one user may ask the model in a day."
    )
    assistant_concurrency: int = setting(
        whole(1, 64, "answers"), 4, "How many answers the model may be writing at a time."
    )

    # Logs
    log_level: LogLevel = setting(
        choice(LogLevel), LogLevel.INFO, "The least severe lines that are logged."
    )
    log_format: LogFormat = setting(
        choice(LogFormat),
        LogFormat.AUTO,
        "How log lines look; `auto` is `console` on a terminal and `json` elsewhere.",
    )

    def __attrs_post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise Conflict(
                ("tls_cert", "tls_key"), "tls_cert and tls_key are given together or not at all"
            )
        if self.express_sessions_url is not None and not self.session_secrets:
            raise Conflict(
                ("express_sessions_url", "session_secrets"),
                "express_sessions_url needs session_secrets: the secret of the Express application",
            )
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise Conflict(
                ("oidc_issuer", "oidc_client_id"),
                "oidc_issuer and oidc_client_id are given together or not at all",
            )
        if self.oidc_issuer is not None and self.public_url is None:
            raise Conflict(
                ("oidc_issuer", "public_url"),
                "oidc_issuer needs public_url: the provider sends people back to it",
            )
        if self.email_hook is not None and self.public_url is None:
            raise Conflict(
                ("email_hook", "public_url"), "email_hook needs public_url: links begin with it"
            )
        if self.registration is Registration.PROVIDER and self.oidc_issuer is None:
            raise Conflict(
                ("registration", "oidc_issuer"), "registration = provider needs oidc_issuer"
            )
        if self.session_max_days * 24 < max(self.session_days * 24, self.platform_session_hours):
            raise Conflict(
                ("session_max_days", "session_days", "platform_session_hours"),
                "session_max_days must not be less than session_days and platform_session_hours",
            )
        content_bytes = UTF8_BYTES * self.max_content_chars
        for name in ("max_frame_bytes", "outbox_bytes"):
            if getattr(self, name) < content_bytes:
                raise Conflict(
                    (name, "max_content_chars"),
                    f"{name} must be at least {UTF8_BYTES} times max_content_chars"
                    f" ({content_bytes}), or the longest messages could not pass",
                )

    @property
    def web_origins(self) -> tuple[str, ...]:
        """Origins whose web pages may use the hub, beside the one by which a request reached it."""
        if self.public_url is None:
            return self.allowed_origins
        parts = urlsplit(self.public_url)
        return (f"{parts.scheme}://{parts.netloc}", *self.allowed_origins)

    @property
    def provider_name(self) -> str | None:
        """What people are to call the provider with whom they may sign in."""
        if self.oidc_issuer is None:
            return None
        return self.oidc_name or urlsplit(self.oidc_issuer).hostname

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names by which people open the hub, as far as it was told. A page of an origin
        that may use the hub may also reach it by a proxy at that origin.
        """
        origins = [urlsplit(origin).hostname or "" for origin in self.web_origins]
        own = () if self.host.startswith("unix:") else (self.host,)
        return (*own, *origins, *self.allowed_hosts)

    @property
    def base_path(self) -> str:
        """The path below which people reach the hub, `/` at both ends."""
        return "/" if self.public_url is None else urlsplit(self.public_url).path

    @property
    def is_only_tls(self) -> bool:
        """Whether people reach the hub by TLS, whatever way their requests then take."""
        return self.public_url is not None and self.public_url.startswith("https:")


SETTINGS: Final = settings_of(Config)
"""One for each field of `Config`, in their order."""
