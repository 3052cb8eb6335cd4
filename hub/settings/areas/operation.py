"""Settings: what operators see.

Must not know: other areas.
"""

from attrs import frozen

from hub.settings.choices import LogFormat, LogLevel, Traces
from hub.settings.parsers import LONG_SECRET, PLACE, YES_NO, Place, choice, seconds
from hub.settings.redaction import Secret
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Operation:
    """What operators see."""

    log_level: LogLevel = setting(
        choice(LogLevel), LogLevel.INFO, "The least severe lines that are logged."
    )
    log_format: LogFormat = setting(
        choice(LogFormat),
        LogFormat.AUTO,
        "How log lines look; `auto` is `console` on a terminal and `json` elsewhere.",
    )
    slow_statement: float = setting(
        seconds(0, 3_600),
        0.5,
        "Database statements that take this long or longer are logged by name; 0: none are.",
    )
    traces: Traces = setting(
        choice(Traces),
        Traces.OFF,
        "Where traces are sent; `otlp` sends them to a collector and needs `parlour[traces]`.",
    )
    metrics_token: Secret | None = setting(
        LONG_SECRET,
        None,
        "The bearer token for `/metrics`; without it the hub's port has no such page.",
    )
    admin_token: Secret | None = setting(
        LONG_SECRET,
        None,
        "The bearer token of operators for the endpoints below `/admin/`; without it only the"
        " admin socket serves them.",
    )
    admin_ui: bool = setting(
        YES_NO,
        default=False,
        meaning="Whether operators may open the page `@socket.io/admin-ui` on the hub, as `admin`"
        " with the `admin_token`.",
    )
    metrics_listen: Place | None = setting(
        PLACE,
        None,
        "A second address that serves `/metrics`, `/healthz` and `/readyz`, and nothing else,"
        " without a token and without TLS.",
    )
