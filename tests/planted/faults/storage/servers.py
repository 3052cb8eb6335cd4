"""Planted in the choice of one of a database's servers, and in what is reported of it."""

from typing import Final

from tests.planted.fault import Fault

TESTS = "tests/persistence/postgres/servers"
CHOICE = "persistence/postgres/servers/choice.py"
FAILOVER = "tests/hub/test_failover.py"

FAULTS: Final = (
    Fault(
        "a read-only server is used",
        "persistence/postgres/database/session.py",
        "            require_writable(is_standby=row",
        "            0 and require_writable(is_standby=row",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "a server that does not respond delays the attempt at the next one",
        CHOICE,
        "timeout=STAGGER_SECONDS if waiting else None",
        "timeout=None",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "the first server's error hides those of the others",
        CHOICE,
        "raise max(errors, key=_says)",
        "raise errors[0]",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "a backup may be copied from another server than its snapshot",
        CHOICE,
        "{ATTRIBUTE}=read-write",
        "{ATTRIBUTE}=any",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "a listener keeps a connection that responds but delivers no notifications",
        "persistence/postgres/servers/listening.py",
        "if silence.cancelled_caught:",
        "if False:",
        (f"{TESTS}/test_listening.py",),
    ),
    Fault(
        "connections to a server that is gone are closed only when each one fails",
        "persistence/postgres/database/bridge.py",
        "if self._opened_in != self._era():",
        "if False:",
        ("tests/persistence/postgres/database/test_bridge.py",),
    ),
    Fault(
        "the hub reports that it is ready on a server that became read-only",
        "persistence/postgres/__init__.py",
        "            require_writable(is_standby=row",
        "            0 and require_writable(is_standby=row",
        (FAILOVER,),
    ),
    Fault(
        "the hub reports that it is ready without its required synchronous standby",
        "persistence/postgres/__init__.py",
        "            self._standbys.require()",
        "            pass",
        (FAILOVER,),
    ),
    Fault(
        "a role that may not see standbys counts one as present",
        "persistence/postgres/servers/standbys.py",
        "        raise StandbysHidden\n",
        "        return\n",
        (f"{TESTS}/test_standbys.py",),
    ),
    Fault(
        "readiness does not report why a database that responds cannot be used",
        "hub/rest/routes/health.py",
        '"store_unavailable", "reason": error.why.value}',
        '"store_unavailable"}',
        ("tests/hub/rest/routes/test_health.py",),
    ),
)
