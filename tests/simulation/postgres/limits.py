"""Shorter time limits of the bridge, so that a stall is over soon."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.services.posting import lane, order, sequencer
from persistence.postgres.database import bridge, session
from persistence.postgres.servers import listening

FRACTION = 0.3
NAMES = (
    (bridge, "ACQUIRE_SECONDS"), (bridge, "STATEMENT_SECONDS"), (bridge, "CANCEL_SECONDS"),
    (listening, "RETRY_SECONDS"), (listening, "BEGIN_SECONDS"), (listening, "TEST_SECONDS"),
    (listening, "SILENCE_SECONDS"), (listening, "STATEMENT_SECONDS"),
    (session, "CONNECT_SECONDS"), (lane, "SEND_SECONDS"),
    (lane, "RETRY_SECONDS"), (sequencer, "RETRY_SECONDS"), (order, "WAIT_SECONDS"),
)  # fmt: skip
IN_THE_SERVER = ("statement_timeout", "lock_timeout")


@contextmanager
def short_limits(fraction: float = FRACTION) -> Iterator[None]:
    """Set all of them, also those that the server keeps."""
    before: list[tuple[Any, str, Any]] = [(m, name, getattr(m, name)) for m, name in NAMES]
    settings: list[dict[str, str]] = [session.SESSION, session.LANE_SESSION]  # type: ignore[list-item]
    kept = [dict(each) for each in settings]
    try:
        for module, name, seconds in before:
            setattr(module, name, seconds * fraction)
        for each in settings:
            for name in IN_THE_SERVER:
                if name in each:
                    each[name] = str(max(1, int(int(each[name]) * fraction)))
        yield
    finally:
        for module, name, seconds in before:
            setattr(module, name, seconds)
        for each, was in zip(settings, kept, strict=True):
            each.clear()
            each.update(was)
