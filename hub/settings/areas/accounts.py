"""Settings: who may have an account, and how people sign in and stay so.

Must not know: other areas.
"""

from pathlib import Path

from attrs import frozen

from hub.settings.choices import Joining, OpenRole, Registration
from hub.settings.parsers import (
    FILE,
    ISSUER,
    LONG_SECRET,
    POSTGRES_URL,
    SECRET,
    TABLE,
    TEXT,
    choice,
    list_of,
    seconds,
    whole,
)
from hub.settings.redaction import Secret
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Accounts:
    """Who may have an account, and how people sign in and stay so."""

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
