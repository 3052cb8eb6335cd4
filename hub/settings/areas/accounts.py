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
        "Whether users may register themselves; `provider`: only by signing in with `oidc_issuer`.",
    )
    oidc_issuer: str | None = setting(
        ISSUER,
        None,
        "An OpenID Connect provider with which users may sign in; it sends them back to"
        " `public_url`.",
    )
    oidc_client_id: str | None = setting(TEXT, None, "The client id of this hub at the provider.")
    oidc_client_secret: Secret | None = setting(
        SECRET, None, "The client secret of this hub at the provider; a public client has none."
    )
    oidc_scopes: tuple[str, ...] = setting(
        list_of(TEXT),
        ("profile", "email"),
        "The scopes that the hub requests from the provider, in addition to `openid`.",
    )
    oidc_name: str | None = setting(
        TEXT, None, "The name of the provider on the sign-in button; by default its host name."
    )
    email_hook: Path | None = setting(
        FILE,
        None,
        "A program that sends a link to a new email address, which becomes valid once the link"
        " is opened; without the program it is valid at once.",
    )
    open_roles: tuple[OpenRole, ...] = setting(
        list_of(choice(OpenRole)),
        (OpenRole.STUDENT,),
        "The roles of the learning platform that users may choose when they register.",
    )
    joining: Joining = setting(
        choice(Joining),
        Joining.INVITATION,
        "Whether a user whom a moderator adds to a workspace is invited (`invitation`) or is a"
        " member at once (`at_once`), as in a school.",
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
        "How long a login lasts at most: each use extends it, but not beyond that.",
    )
    login_attempts: int = setting(
        whole(1, 1_000, "attempts"),
        10,
        "How many failed logins to one account are allowed per window from one address; after"
        " 10 times as many from all addresses, logins from addresses new to the account are"
        " slowed down.",
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
        "The Postgres of an Express application, whose sessions are accepted too.",
    )
    express_sessions_table: str = setting(
        TABLE,
        "session",
        "The table of that database in which connect-pg-simple keeps the sessions.",
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
