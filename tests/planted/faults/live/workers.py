"""Faults in how a hub of several processes is started, restarted and ended."""

from typing import Final

from tests.planted.fault import Fault

BACKOFF: Final = ("tests/hub/supervision/test_backoff.py",)
WORKERS: Final = ("tests/hub/supervision/test_workers.py",)
PROCESSES: Final = ("tests/e2e/service/test_workers.py",)
TOTALS: Final = ("tests/hub/supervision/test_totals.py",)
SIBLINGS: Final = ("tests/hub/cluster/test_siblings.py",)
PARENT: Final = "hub/supervision/workers.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "pauses before a worker is started again do not grow",
        "hub/supervision/backoff.py",
        "self._pause = min(2 * pause, LONGEST_SECONDS)",
        "self._pause = pause",
        BACKOFF,
    ),
    Fault(
        "a worker that ran steadily waits as long for its restart as a failing one",
        "hub/supervision/backoff.py",
        "if lived_seconds >= STEADY_SECONDS:",
        "if lived_seconds < 0:",
        BACKOFF,
    ),
    Fault(
        "all workers migrate the database at the same time",
        PARENT,
        "for group in ([first], others):",
        "for group in ([first, *others],):",
        WORKERS,
    ),
    Fault(
        "a worker that fails to start is not noticed",
        PARENT,
        "                raise WorkerEnded(worker.name, worker.process.returncode or 0)\n",
        "",
        WORKERS,
    ),
    Fault(
        "a worker that hangs is not ended",
        PARENT,
        "                nursery.start_soon(_end_if_hung, worker)\n",
        "",
        WORKERS,
    ),
    Fault(
        "a worker ends before its successor is ready",
        PARENT,
        "            if not await self._until_ready(successor):\n",
        "            self._current[number].send(LEAVE)\n"
        "            if not await self._until_ready(successor):\n",
        WORKERS,
    ),
    Fault(
        "a worker with a ready successor still accepts connections",
        PARENT,
        "        before.send(CLOSE_PORT)\n",
        "",
        WORKERS,
    ),
    Fault(
        "clients that are handed over all reconnect at once",
        "hub/actor/goodbye.py",
        "return len(hub.clients()) / RETURNS_PER_SECOND",
        "return 0.0",
        ("tests/hub/actor/test_goodbye.py",),
    ),
    Fault(
        "users who are handed over are announced as offline",
        "hub/services/presence/users.py",
        "if self.stays and self",
        "if False and self",
        ("tests/hub/services/company/test_node_ends.py",),
    ),
    Fault(
        "clients that are handed over leave their channels",
        "hub/services/presence/channels.py",
        "if self.stays and disconnected:",
        "if False:",
        ("tests/hub/services/company/test_node_ends.py",),
    ),
    Fault(
        "a worker with a successor does not hand its clients over",
        "hub/app.py",
        "            await _hand_over(server, seconds)\n",
        "            pass\n",
        PROCESSES,
    ),
    Fault(
        "a worker that does not stop prevents the others from stopping",
        PARENT,
        "            nursery.start_soon(self._end_late)\n",
        "",
        WORKERS,
    ),
    Fault(
        "a reload of the settings does not reach the workers",
        PARENT,
        "                worker.send(signal.SIGHUP)\n",
        "                pass\n",
        WORKERS,
    ),
    Fault(
        "a counter goes down when a worker ends",
        "hub/supervision/totals.py",
        "            self._ended[series] = self._ended.get(series, 0.0) + value\n",
        "            pass\n",
        TOTALS,
    ),
    Fault(
        "the counters of a worker that does not respond are missing in the totals",
        "hub/supervision/totals.py",
        "for seen in self._seen.values():",
        "for seen in [self._seen[name] for name in pages]:",
        TOTALS,
    ),
    Fault(
        "all workers are reported as ready when one is",
        "hub/supervision/totals.py",
        '            "parlour_ready",\n',
        "",
        TOTALS,
    ),
    Fault(
        "a worker sends a request for its siblings to itself",
        "hub/cluster/siblings.py",
        "                if place != own:\n",
        "                if place:\n",
        SIBLINGS,
    ),
    Fault(
        "a worker that does not respond delays the response of all workers",
        "hub/cluster/siblings.py",
        "                with trio.fail_after(ANSWER_SECONDS):\n",
        "                with trio.CancelScope():\n",
        SIBLINGS,
    ),
    Fault(
        "two connections at different workers have the same number",
        "hub/cluster/siblings.py",
        "1 if self.folder is None else MAX_SIBLINGS",
        "1",
        SIBLINGS,
    ),
    Fault(
        "a kick closes the connections at one worker only",
        "hub/admin/kicks.py",
        '        await services.siblings.ask("POST", "/admin/kick", {"user": user.username})\n',
        "",
        PROCESSES,
    ),
    Fault(
        "each worker writes the same operator's call to the audit",
        "hub/rest/app.py",
        "store=evolve(services.store, audit=audit))",
        "store=services.store)",
        PROCESSES,
    ),
    Fault(
        "a node that stops does not hand its clients over to other nodes",
        "hub/app.py",
        "            if _others_live(services, orders.place):\n",
        "            if not services:\n",
        ("tests/e2e/service/test_draining.py",),
    ),
    Fault(
        "workers outlive their parent",
        "hub/app.py",
        "                nursery.start_soon(orders.follow_parent)\n",
        "                pass\n",
        PROCESSES,
    ),
    Fault(
        "a port that another hub uses is shared with it",
        "hub/sockets/addresses.py",
        "    alone = open_listeners(host, port)\n    if",
        "    alone = _open_on_all(_addresses(host, port), host, _bind_shared)\n    if",
        ("tests/hub/sockets/test_addresses.py",),
    ),
    Fault(
        "a worker that starts while the others drain does not drain",
        "hub/app.py",
        "            await follow_siblings(place.siblings, server.services.status)\n",
        "",
        PROCESSES,
    ),
    Fault(
        "the successor of a worker with a long name cannot start",
        "hub/settings/config.py",
        "MAX_NAME_OF_WORKERS: Final = 20",
        "MAX_NAME_OF_WORKERS: Final = 32",
        PROCESSES,
    ),
)
