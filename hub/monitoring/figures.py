"""Every figure of a running hub, with its name and what it means: the table of
docs/operations/observing.md.

Guarantees: no label is a user's id, name or address, or anything else that a peer may choose: each
comes from a set that is written down in this code. Reading the figures changes nothing, waits for
nothing, and its time depends on the number of figures, not on that of connections or messages. Must
not know: how figures are shown.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, get_args

from attrs import frozen

from hub.actor.figures import CODES, OTHER_CODE
from hub.assembly import Services
from hub.engineio.forwarding.forwarder import Forwarder
from hub.limits.quotas import Kind
from hub.metrics import Counts, Figure, Gauges, Spreads, count, gauge
from hub.monitoring.disk import Disk
from hub.monitoring.nodes import cluster_figures, forwarding_figures
from hub.services.assistant.assistant import QuestionOutcome
from hub.sockets.listener import Acceptor
from hub.sockets.refusals import Reason
from persistence.figures import FAILURES
from protocol.commands import Command

COMMANDS: Final = {
    each: re.sub(r"(?<!^)(?=[A-Z])", "_", each.__name__).lower() for each in get_args(Command)
}
"""The names of commands in labels."""
MALFORMED: Final = "malformed"
DONE: Final = "done"


@frozen
class Figures:
    """The figures of a running hub.

    Args:
        services: those that run.
        acceptor: accepts connections.
        disk: of the data folder.
        certificate_end: when the certificate is no longer valid; None: there is none.
        forwarder: the way to sessions of other nodes; None: there are none.
    """

    services: Services
    acceptor: Acceptor
    disk: Disk
    certificate_end: Callable[[], datetime | None]
    forwarder: Forwarder | None

    def look(self) -> Iterator[Figure]:
        """All figures, as they are now."""
        yield from self._process()
        yield from self._connections()
        yield from self._commands()
        yield from self._lanes()
        yield from self._deliveries()
        yield from self._database()
        yield from self._others()
        if self.services.cluster is not None:
            yield from cluster_figures(self.services.cluster)
        if self.forwarder is not None:
            yield from forwarding_figures(self.forwarder)

    def _process(self) -> Iterator[Figure]:
        services = self.services
        is_ready = (
            services.status.accepting
            and not services.status.is_leaving
            and services.log_watch.is_certain
            and services.store.figures.hold.is_held
            and not services.messaging.failing()
        )
        yield gauge(
            "ready",
            "1 while the hub accepts new work, also while it is drained, holds its database,"
            " is certain of its log, and stored the last messages.",
            int(is_ready),
        )
        end = self.certificate_end()
        if end is not None:
            yield gauge(
                "certificate_end_timestamp_seconds",
                "When the hub's certificate expires, in seconds since 1970.",
                end.timestamp(),
            )
        space = self.disk.space
        if space is not None:
            yield gauge(
                "disk_free_bytes",
                "Free space on the file system of the data folder.",
                space.free,
            )
            yield gauge(
                "disk_size_bytes", "The size of the file system of the data folder.", space.size
            )
        files = services.upload_files.availability
        yield gauge(
            "files_available",
            "1 while uploaded files can be stored and read.",
            int(files.is_available),
        )
        if files.space is not None:
            yield gauge(
                "files_free_bytes",
                "Free space on the file system of uploaded files.",
                files.space.free,
            )

    def _connections(self) -> Iterator[Figure]:
        hub = self.services.hub
        opened, closed = hub.figures.opened, hub.figures.closed
        connected = hub.connections_by_dialect()
        yield Gauges(
            "connections",
            "Open connections of signed-in users, WebSockets and Socket.IO.",
            [((dialect,), connected.get(dialect, 0)) for dialect in opened],
            ("dialect",),
        )
        yield Counts(
            "connections_opened",
            "Connections that signed-in users opened.",
            [((dialect,), number) for dialect, number in opened.items()],
            ("dialect",),
        )
        yield Counts(
            "connections_closed",
            "Connections that ended, by the close code of the side that closed first; 4008:"
            " the client read too slowly, 1006: the connection broke, `other`: a code that"
            " only clients use.",
            [
                ((dialect, "other" if code == OTHER_CODE else str(code)), closed[dialect, code])
                for dialect in opened
                for code in sorted((*CODES, OTHER_CODE))
            ],
            ("dialect", "code"),
        )
        yield gauge("sockets", "Open connections to the port, of any protocol.", self.acceptor.open)
        yield Counts(
            "sockets_refused",
            "Connections to the port that were closed at once, because there were too many, or they"
            " came too fast from one address.",
            [((reason.value,), self.acceptor.refusals.total[reason]) for reason in Reason],
            ("reason",),
        )
        yield gauge("users_online", "Users that have a connection.", len(hub.users()))
        yield gauge(
            "hub_inbox_letters", "Letters that wait in the Hub's inbox.", hub.unread_letters
        )

    def _commands(self) -> Iterator[Figure]:
        services = self.services
        yield Counts(
            "commands",
            "Commands of clients, by the error code of the refusal; `done`: not refused.",
            [
                (
                    (
                        dialect,
                        MALFORMED if command is None else COMMANDS[command],
                        DONE if code is None else code.value,
                    ),
                    number,
                )
                for (dialect, command, code), number in services.commands.outcomes.items()
            ],
            ("dialect", "command", "outcome"),
        )
        yield Counts(
            "allowance_refusals",
            "Actions that were refused because the user had reached a limit.",
            [((kind.value,), services.quotas.refusals[kind]) for kind in Kind],
            ("kind",),
        )
        resumes = services.resume.figures
        yield Counts(
            "resumes",
            "Resumes of connections, by result: `complete`, `partial` (there is more), or"
            " `failed`; `reset`: everything was sent from the beginning.",
            [
                ((dialect, result.value, "true" if is_reset else "false"), number)
                for (dialect, result, is_reset), number in resumes.resumes.items()
            ],
            ("dialect", "result", "reset"),
        )
        yield count(
            "resume_messages", "Messages that resumes have sent from the log.", resumes.replayed
        )
        yield Counts(
            "assistant_questions",
            "Questions to the assistant.",
            [((each.value,), services.assistant.outcomes[each]) for each in QuestionOutcome],
            ("outcome",),
        )

    def _lanes(self) -> Iterator[Figure]:
        lanes = [
            ((str(number),), lane) for number, lane in enumerate(self.services.messaging.lanes)
        ]
        by_lane = ("lane",)
        yield Counts(
            "messages_stored",
            "Messages that were stored, without repeats.",
            [(labels, lane.figures.stored) for labels, lane in lanes],
            by_lane,
        )
        yield Counts(
            "messages_in_doubt",
            "Messages of which the hub does not know whether they were stored; their senders"
            " got `unavailable`.",
            [(labels, lane.figures.doubtful) for labels, lane in lanes],
            by_lane,
        )
        yield Counts(
            "messages_found",
            "Messages that a read of the log found, and that would not have been delivered"
            " otherwise.",
            [(labels, lane.sequencer.messages.figures.found) for labels, lane in lanes],
            by_lane,
        )
        yield Counts(
            "messages_held",
            "Messages that were held because an earlier one had not arrived yet.",
            [(labels, lane.sequencer.messages.figures.held) for labels, lane in lanes],
            by_lane,
        )
        yield Counts(
            "messages_skipped",
            "How often messages were skipped, because no connection at this node may get them.",
            [(labels, lane.sequencer.messages.figures.skipped) for labels, lane in lanes],
            by_lane,
        )
        yield Counts(
            "log_reads",
            "How often the log was read for missing messages.",
            [(labels, lane.sequencer.messages.figures.reads) for labels, lane in lanes],
            by_lane,
        )
        yield Gauges(
            "conversations_in_doubt",
            "Channels and conversations that may have undelivered messages or revisions.",
            [(labels, lane.in_doubt) for labels, lane in lanes],
            by_lane,
        )
        yield Gauges(
            "lane_failing",
            "1 while the lane's last messages could not be stored.",
            [(labels, int(lane.failing_since is not None)) for labels, lane in lanes],
            by_lane,
        )
        yield Gauges(
            "lane_queue_messages",
            "Messages that wait to be stored.",
            [(labels, lane.waiting) for labels, lane in lanes],
            by_lane,
        )
        yield Spreads(
            "lane_queue_seconds",
            "How long the first message of each statement had waited in the queue.",
            [(labels, lane.figures.queued) for labels, lane in lanes],
            by_lane,
        )
        yield Spreads(
            "lane_commit_seconds",
            "How long each statement that stores messages took, with its commit.",
            [(labels, lane.figures.commits) for labels, lane in lanes],
            by_lane,
        )
        yield Spreads(
            "lane_batch_messages",
            "How many messages were in each statement.",
            [(labels, lane.figures.batches) for labels, lane in lanes],
            by_lane,
        )

    def _deliveries(self) -> Iterator[Figure]:
        figures = self.services.hub.figures
        yield Counts(
            "deliveries",
            "Events that were delivered, counted once for each connection: of messages in the"
            " log, ephemeral ones such as typing and presence, and others.",
            [
                (("message",), figures.messages),
                (("ephemeral",), figures.ephemeral),
                (("other",), figures.others),
            ],
            ("kind",),
        )
        yield count(
            "shed_events",
            "Ephemeral events that were dropped, because a client reads too slowly.",
            figures.shed.events,
        )
        yield count(
            "shed_bytes", "The bytes of ephemeral events that were dropped.", figures.shed.size
        )

    def _database(self) -> Iterator[Figure]:
        store = self.services.store.figures
        yield gauge(
            "database_up",
            "1 while the hub holds its database; checked once a second.",
            int(store.hold.is_held),
        )
        yield count(
            "database_hold_losses",
            "How often the hub has lost its hold on the database.",
            store.hold.losses,
        )
        pools, by_pool = [((pool.name,), pool) for pool in store.pools], ("pool",)
        yield Gauges(
            "database_connections",
            "How many connections to the database may be open.",
            [(labels, pool.size) for labels, pool in pools],
            by_pool,
        )
        yield Gauges(
            "database_connections_in_use",
            "Connections to the database that run a statement now.",
            [(labels, pool.in_use) for labels, pool in pools],
            by_pool,
        )
        yield Gauges(
            "database_statements_waiting",
            "Statements that wait for a free connection.",
            [(labels, pool.waiting) for labels, pool in pools],
            by_pool,
        )
        yield Spreads(
            "database_wait_seconds",
            "How long statements waited for a connection, if none was free.",
            [(labels, pool.waits) for labels, pool in pools],
            by_pool,
        )
        yield Spreads(
            "database_statement_seconds",
            "How long statements that succeeded took.",
            [(labels, pool.statements) for labels, pool in pools],
            by_pool,
        )
        yield Counts(
            "database_errors",
            "Statements that failed, by class of SQLSTATE, or without one by reason:"
            f" {', '.join(FAILURES)}.",
            [
                ((pool.name, failure), pool.errors[failure])
                for pool in store.pools
                for failure in dict.fromkeys((*FAILURES, *pool.errors))
            ],
            ("pool", "class"),
        )

    def _others(self) -> Iterator[Figure]:
        services = self.services
        cache = services.session_cache
        yield Counts(
            "session_lookups",
            "Lookups of sessions; a `hit` was found in the cache and needed no statement.",
            [(("hit",), cache.hits), (("miss",), cache.misses)],
            ("result",),
        )
        yield count(
            "log_changes",
            "How often all clients had to start over, because the log was another one or lost"
            " its end.",
            services.log_watch.begun_anew,
        )
        yield count(
            "files_removed",
            "Files that were removed, because nothing referred to them any more.",
            services.files.removed,
        )
