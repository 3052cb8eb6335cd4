"""All settings of Parlour.

Guarantees: a `Config` holds only accepted values that fit together, however it was made, and shows
no secret. Flags, environment variables, the settings file, `parlour check-config` and
docs/configuration.md derive from its fields. Must not know: what a setting is used for, where a
value came from.
"""

from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from hub.settings.areas.accounts import Accounts
from hub.settings.areas.assistant import Assistant
from hub.settings.areas.display import Display
from hub.settings.areas.listening import Listening
from hub.settings.areas.messages import Messages
from hub.settings.areas.nodes import Nodes
from hub.settings.areas.operation import Operation
from hub.settings.areas.storage import Storage
from hub.settings.choices import Registration
from hub.settings.parsers import Bucket
from hub.settings.setting import ConfigError, settings_of

UTF8_BYTES: Final = 4  # that one character takes at most

MAX_NAME_OF_WORKERS: Final = 20
"""How many of the 32 characters of a node's name may be given: a worker's number is appended and,
from its second start on, the number of the start.
"""
_NEEDS: Final = (
    ("node_address", "bus", "without it there are no other hubs"),
    ("express_sessions_url", "session_secrets", "the secret of the Express application"),
    ("oidc_issuer", "public_url", "the provider sends people back to it"),
    ("email_hook", "public_url", "links begin with it"),
    ("admin_ui", "admin_token", "with it operators sign in there"),
    ("require_sync_standby", "database_url", "the embedded database has no standby"),
)
"""A setting, another one that it needs, and why."""


_PAIRS: Final = (
    ("tls_cert", "tls_key"),
    ("oidc_issuer", "oidc_client_id"),
    ("s3_access_key", "s3_secret_key"),
)
"""Settings that are given together or not at all."""


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
class Config(Operation, Assistant, Display, Messages, Accounts, Nodes, Storage, Listening):
    """Every setting, checked. Times are in seconds and sizes in bytes, unless a name says more.
    Their order is that of the areas, the last one first.

    Raises:
        ConfigError: a value is not accepted.
        Conflict: the values do not fit together.
    """

    def __attrs_post_init__(self) -> None:
        for pair in _PAIRS:
            if len({getattr(self, name) is None for name in pair}) > 1:
                raise Conflict(pair, f"{' and '.join(pair)} are given together or not at all")
        self._require_bucket()
        for name, needed, why in _NEEDS:
            if getattr(self, name) and not getattr(self, needed):
                raise Conflict((name, needed), f"{name} needs {needed}: {why}")
        if self.registration is Registration.PROVIDER and self.oidc_issuer is None:
            raise Conflict(
                ("registration", "oidc_issuer"), "registration = provider needs oidc_issuer"
            )
        self._check_node_name()
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

    def _check_node_name(self) -> None:
        if self.node_name is not None and self.bus is None and self.workers == 1:
            raise Conflict(
                ("node_name", "bus"), "node_name needs bus: without it there are no other hubs"
            )

    def require_room_for_workers(self) -> None:
        """Check that workers can be started, again and again, if these settings ask for several.
        Not for the settings of a worker.

        Raises:
            ConfigError: they cannot be started.
        """
        if self.workers == 1:
            return
        if self.node_name is not None and len(self.node_name) > MAX_NAME_OF_WORKERS:
            raise Conflict(
                ("node_name", "workers"),
                f"node_name has at most {MAX_NAME_OF_WORKERS} characters where there are workers:"
                " their numbers are put behind it",
            )
        if self.node_address is not None and self.node_address.port:
            raise Conflict(
                ("node_address", "workers"),
                "node_address with a port cannot be that of several workers: with port 0 each"
                " takes one that is free",
            )

    def _require_bucket(self) -> None:
        for name in ("s3_endpoint", "s3_access_key"):
            if getattr(self, name) is not None and not isinstance(self.uploads, Bucket):
                raise Conflict((name, "uploads"), f"{name} needs uploads = s3://...")

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
        """The host names by which people open the hub, as far as the settings name them. A page of
        an origin that may use the hub may also reach it by a proxy at that origin.
        """
        origins = [urlsplit(origin).hostname or "" for origin in self.web_origins]
        places = (
            [self.host] if self.metrics_listen is None else [self.host, self.metrics_listen.host]
        )
        own = [host for host in places if not host.startswith("unix:")]
        return (*own, *origins, *self.allowed_hosts)

    @property
    def base_path(self) -> str:
        """The path below which people reach the hub, `/` at both ends."""
        return "/" if self.public_url is None else urlsplit(self.public_url).path

    @property
    def is_only_tls(self) -> bool:
        """Whether people reach the hub by TLS alone, which a proxy may end before the hub."""
        return self.public_url is not None and self.public_url.startswith("https:")


SETTINGS: Final = settings_of(Config)
"""One for each field of `Config`, in their order."""
