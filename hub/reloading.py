"""Applies changed settings while the hub runs, as far as they need no restart.

Guarantees: settings that cannot be used change nothing; changed settings that need a restart are
logged. Open connections stay. Must not know: where settings come from, signals.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from attrs import define, field

from hub.assembly import Services, allowances, strangers_pace
from hub.settings.config import SETTINGS, Config
from hub.settings.logs import set_level
from hub.sockets.listener import Acceptor, Caps, raise_file_limit
from hub.sockets.tls import certificate_end, server_context

log = structlog.get_logger(__name__)

FILES_OF_FORWARDING: Final = 3
"""How many open files one connection takes at most, where nodes forward to each other."""
RELOADABLE: Final = frozenset(
    {
        "address_requests_per_second",
        "drain_seconds",
        "log_level",
        "login_attempts",
        "login_attempts_per_address",
        "max_connections",
        "max_connections_per_address",
        "shutdown_timeout",
        "slow_statement",
        "tls_cert",
        "tls_key",
        "user_channels_per_hour",
        "user_connections",
        "user_conversations_per_hour",
        "user_frames_per_second",
        "user_messages_per_second",
        "user_questions_per_day",
        "user_questions_per_minute",
        "user_reactions_per_minute",
        "user_revisions_per_minute",
        "user_searches_per_minute",
        "user_typing_per_second",
        "user_uploads_per_minute",
    }
)
"""Settings that need no restart."""


def caps_of(config: Config) -> Caps:
    """How many connections may be open, as far as the system allows that."""
    caps = Caps(config.max_connections, config.max_connections_per_address)
    files = raise_file_limit()
    return caps.within(files // files_of_one(config))


def files_of_one(config: Config) -> int:
    """How many open files a connection may need: it may be forwarded where there are other nodes;
    workers are nodes.
    """
    is_alone = config.bus is None and config.workers == 1
    return 1 if is_alone else FILES_OF_FORWARDING


@define
class Reloading:
    """Applies settings to a running hub.

    Args:
        services: those that run.
        acceptor: accepts connections.
        config: the settings in force.
        warn_from: logs statements of the database that take so many seconds; 0: none.

    `certificate_end`: when the certificate in use is no longer valid.
    """

    services: Services
    acceptor: Acceptor
    config: Config
    warn_from: Callable[[float], None] = lambda _: None
    certificate_end: datetime | None = field(init=False)

    @certificate_end.default
    def _end(self) -> datetime | None:
        return certificate_end(self.config)

    def apply(self, config: Config) -> None:
        """Apply the settings that need no restart; the certificate is read again, unless TLS was
        switched on or off.

        Raises:
            ConfigError: the certificate cannot be used; nothing has changed.
        """
        speaks_tls = self.services.config.tls_cert is not None
        is_other = speaks_tls != (config.tls_cert is not None)
        tls = self.acceptor.tls if is_other else server_context(config)
        end = self.certificate_end if is_other else certificate_end(config)
        changed = _changed(self.config, config) & RELOADABLE
        kept = _changed(self.services.config, config) - RELOADABLE
        if is_other:  # addresses and cookies would change
            kept |= {"tls_cert", "tls_key"}
        self.config = config
        self.acceptor.tls = tls
        self.certificate_end = end
        self.acceptor.caps = caps_of(config)
        if changed:
            self.services.quotas.change(allowances(config), config.user_frames_per_second)
            self.services.visitors.change(strangers_pace(config))
            self.services.guesses.change(config.login_attempts, config.login_attempts_per_address)
            self.services.admin_attempts.change(config.login_attempts)
        self.warn_from(config.slow_statement)
        set_level(config.log_level)
        log.info(
            "settings_reloaded",
            changed=sorted(changed - kept),
            need_restart=sorted(kept),
            certificate_is_read=tls is not None and not is_other,
        )


def _changed(before: Config, after: Config) -> set[str]:
    names = [setting.name for setting in SETTINGS]
    return {name for name in names if getattr(before, name) != getattr(after, name)}
