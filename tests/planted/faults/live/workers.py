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
        "a worker that was steady waits as one that was not",
        "hub/supervision/backoff.py",
        "if lived_seconds >= STEADY_SECONDS:",
        "if lived_seconds < 0:",
        BACKOFF,
    ),
    Fault(
        "all workers bring the database up to date at once",
        PARENT,
        "for group in ([first], others):",
        "for group in ([first, *others],):",
        WORKERS,
    ),
    Fault(
        "a worker that cannot start is not noticed",
        PARENT,
        "                raise WorkerEnded(worker.name, worker.process.returncode or 0)\n",
        "",
        WORKERS,
    ),
    Fault(
        "a worker that hangs is left alone",
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
        "a worker that has a successor takes connections until it ends",
        PARENT,
        "        before.send(CLOSE_PORT)\n",
        "",
        WORKERS,
    ),
    Fault(
        "clients that are handed over all come at once",
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
        "who is handed over leaves channels",
        "hub/services/presence/channels.py",
        "if self.stays and disconnected:",
        "if False:",
        ("tests/hub/services/company/test_node_ends.py",),
    ),
    Fault(
        "a worker that has a successor closes its clients as one that stops",
        "hub/app.py",
        "            await _hand_over(server, seconds)\n",
        "            pass\n",
        PROCESSES,
    ),
    Fault(
        "a worker that does not stop keeps the others from it",
        PARENT,
        "            nursery.start_soon(self._end_late)\n",
        "",
        WORKERS,
    ),
    Fault(
        "workers are not told to read their settings again",
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
        "a worker that does not answer is counted as one that never was",
        "hub/supervision/totals.py",
        "for seen in self._seen.values():",
        "for seen in [self._seen[name] for name in pages]:",
        TOTALS,
    ),
    Fault(
        "all workers are ready when one is",
        "hub/supervision/totals.py",
        '            "parlour_ready",\n',
        "",
        TOTALS,
    ),
    Fault(
        "a worker asks itself",
        "hub/cluster/siblings.py",
        "                if place != own:\n",
        "                if place:\n",
        SIBLINGS,
    ),
    Fault(
        "one worker that does not answer keeps the answer of all back",
        "hub/cluster/siblings.py",
        "                with trio.fail_after(ANSWER_SECONDS):\n",
        "                with trio.CancelScope():\n",
        SIBLINGS,
    ),
    Fault(
        "two connections at different workers have one number",
        "hub/cluster/siblings.py",
        "1 if self.folder is None else MAX_SIBLINGS",
        "1",
        SIBLINGS,
    ),
    Fault(
        "an operator closes the connections at one worker alone",
        "hub/admin/kicks.py",
        '        await services.siblings.ask("POST", "/admin/kick", {"user": user.username})\n',
        "",
        PROCESSES,
    ),
    Fault(
        "each worker keeps in the audit what one operator has done",
        "hub/rest/app.py",
        "store=evolve(services.store, audit=audit))",
        "store=services.store)",
        PROCESSES,
    ),
    Fault(
        "a node that stops closes its clients as if there were no other",
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
        "a port that another hub has is shared with it",
        "hub/sockets/addresses.py",
        "    alone = open_listeners(host, port)\n    if",
        "    alone = _open_on_all(_addresses(host, port), host, _bind_shared)\n    if",
        ("tests/hub/sockets/test_addresses.py",),
    ),
    Fault(
        "a worker that begins while the others drain does not",
        "hub/app.py",
        "            await follow_siblings(place.siblings, server.services.status)\n",
        "",
        PROCESSES,
    ),
    Fault(
        "the successors of a worker with a long name cannot begin",
        "hub/settings/config.py",
        "MAX_NAME_OF_WORKERS: Final = 20",
        "MAX_NAME_OF_WORKERS: Final = 32",
        PROCESSES,
    ),
)
