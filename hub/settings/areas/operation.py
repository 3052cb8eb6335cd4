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
        "A statement of the database that takes so long is logged by its name; 0: none is.",
    )
    traces: Traces = setting(
        choice(Traces),
        Traces.OFF,
        "Where traces are sent; `otlp` is to a collector, and needs `parlour[traces]`.",
    )
    metrics_token: Secret | None = setting(
        LONG_SECRET,
        None,
        "The bearer token with which `/metrics` is read; without it there is no such page.",
    )
    admin_token: Secret | None = setting(
        LONG_SECRET,
        None,
        "The bearer token of operators, for the calls below `/admin/`; without it they are for the"
        " admin socket alone.",
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
        "Where `/metrics`, `/healthz` and `/readyz` are shown as well, and nothing else, without a"
        " token and without TLS.",
    )
