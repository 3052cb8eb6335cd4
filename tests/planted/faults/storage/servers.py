"""Planted in which of a database's servers is used, and in what is said of it."""

from typing import Final

from tests.planted.fault import Fault

TESTS = "tests/persistence/postgres/servers"
CHOICE = "persistence/postgres/servers/choice.py"
FAILOVER = "tests/hub/test_failover.py"

FAULTS: Final = (
    Fault(
        "a server that takes no writes is used",
        "persistence/postgres/database/session.py",
        "            require_writable(is_standby=row",
        "            0 and require_writable(is_standby=row",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "a server that does not answer is waited for",
        CHOICE,
        "timeout=STAGGER_SECONDS if waiting else None",
        "timeout=None",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "the first server's error hides what the others say",
        CHOICE,
        "raise max(errors, key=_says)",
        "raise errors[0]",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "a backup may be copied from another server than its moment is of",
        CHOICE,
        "{ATTRIBUTE}=read-write",
        "{ATTRIBUTE}=any",
        (f"{TESTS}/test_choice.py",),
    ),
    Fault(
        "a listener is content with a connection that answers and hears nothing",
        "persistence/postgres/servers/listening.py",
        "if silence.cancelled_caught:",
        "if False:",
        (f"{TESTS}/test_listening.py",),
    ),
    Fault(
        "connections to a server that is gone are tried one by one",
        "persistence/postgres/database/bridge.py",
        "if self._opened_in != self._era():",
        "if False:",
        ("tests/persistence/postgres/database/test_bridge.py",),
    ),
    Fault(
        "ready on a server that takes no writes any more",
        "persistence/postgres/__init__.py",
        "            require_writable(is_standby=row",
        "            0 and require_writable(is_standby=row",
        (FAILOVER,),
    ),
    Fault(
        "ready without the synchronous standby that is required",
        "persistence/postgres/__init__.py",
        "            self._standbys.require()",
        "            pass",
        (FAILOVER,),
    ),
    Fault(
        "a role that may see no standby takes it that there is one",
        "persistence/postgres/servers/standbys.py",
        "        raise StandbysHidden\n",
        "        return\n",
        (f"{TESTS}/test_standbys.py",),
    ),
    Fault(
        "nobody says why a database that answers is of no use",
        "hub/rest/routes/health.py",
        '"store_unavailable", "reason": error.why.value}',
        '"store_unavailable"}',
        ("tests/hub/rest/routes/test_health.py",),
    ),
)
