"""Faults in what operators are shown of a running hub."""

from typing import Final

from tests.planted.fault import Fault

FIGURES: Final = ("tests/hub/monitoring/test_figures.py",)
LISTENER: Final = ("tests/hub/monitoring/test_listener.py",)
DOCUMENTS: Final = ("tests/hub/monitoring/test_documents.py",)
METRICS: Final = ("tests/hub/test_metrics.py",)
BRIDGE: Final = ("tests/persistence/postgres/database/test_bridge.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a refused command is counted as done",
        "hub/services/commands.py",
        "code = answer.code if isinstance(answer, Refused) else None",
        "code = None",
        FIGURES,
    ),
    Fault(
        "a message that is refused is counted as done",
        "hub/services/sending.py",
        "self.outcomes[asker.dialect, command, refused.code] += 1",
        "self.outcomes[asker.dialect, command, None] += 1",
        FIGURES,
    ),
    Fault(
        "a malformed frame is not counted",
        "hub/sockets/replies.py",
        "            self.commands.malformed(self.asker, error.code)\n",
        "",
        FIGURES,
    ),
    Fault(
        "a user's id is used as a label of a metric",
        "hub/actor/hub.py",
        "self.figures.opened[client.wire.name] += 1",
        "self.figures.opened[str(client.user.id)] += 1",
        FIGURES,
    ),
    Fault(
        "the path of a request is used as a label of a metric",
        "hub/http/measuring.py",
        'route = self.patterns.get(scope.get("endpoint"), UNMATCHED)',
        'route = self.patterns.get(scope.get("endpoint"), scope["path"])',
        (*FIGURES, "tests/hub/http/test_measuring.py"),
    ),
    Fault(
        "an unknown HTTP method is used as a label of a metric",
        "hub/metrics.py",
        "verb = method if method in METHODS else OTHER",
        "verb = method",
        (*FIGURES, *METRICS),
    ),
    Fault(
        "a close code that a peer made up is used as a label of a metric",
        "hub/actor/figures.py",
        "code if code in CODES else OTHER_CODE",
        "code",
        ("tests/hub/actor/test_figures.py", *FIGURES),
    ),
    Fault(
        "a connection that broke is counted as closed by the hub",
        "hub/sockets/websocket_link.py",
        "        self._note_code(BROKEN)\n",
        "",
        FIGURES,
    ),
    Fault(
        "events shed for a slow client are not counted",
        "hub/sockets/websocket_link.py",
        "            self._shed.add(len(frames.data))\n",
        "            pass\n",
        ("tests/hub/sockets/test_websocket_link.py",),
    ),
    Fault(
        "connections whose dialect does not have an event are counted as reached by it",
        "hub/actor/hub.py",
        "                silent += not data\n",
        "",
        FIGURES,
    ),
    Fault(
        "a repeated send is counted as stored",
        "hub/services/posting/lane.py",
        "                case Posted() | Refusal() | StoreUnavailable():\n",
        "                case Posted() | Refusal() | StoreUnavailable():\n"
        "                    self.figures.stored += 1\n",
        FIGURES,
    ),
    Fault(
        "messages in doubt are not counted",
        "hub/services/posting/lane.py",
        "        self.figures.doubtful += len(submissions)\n",
        "",
        FIGURES,
    ),
    Fault(
        "a resume that left something out is counted as complete",
        "hub/services/replay.py",
        "result = ResumeResult.COMPLETE if is_complete else ResumeResult.PARTIAL",
        "result = ResumeResult.COMPLETE",
        FIGURES,
    ),
    Fault(
        "refused login attempts are not counted",
        "hub/rest/login.py",
        "        services.metrics.logins[REFUSED_BY[guess.refused_by]] += 1\n",
        "",
        FIGURES,
    ),
    Fault(
        "a question that the assistant refused is counted as answered",
        "hub/services/assistant/assistant.py",
        "            self.outcomes[QuestionOutcome.TOO_OFTEN] += 1\n",
        "            self.outcomes[QuestionOutcome.ANSWERED] += 1\n",
        FIGURES,
    ),
    Fault(
        "a hub whose lanes fail reports that it is ready",
        "hub/monitoring/figures.py",
        "            and not services.messaging.failing()\n",
        "",
        FIGURES,
    ),
    Fault(
        "a lost hold is not counted",
        "persistence/postgres/database/hold.py",
        "        self.losses += 1\n",
        "",
        ("tests/persistence/postgres/database/test_hold.py",),
    ),
    Fault(
        "a statement that times out is counted as cancelled by its caller",
        "persistence/postgres/database/bridge.py",
        '"timeout" if is_wanted else "cancelled"',
        '"cancelled"',
        BRIDGE,
    ),
    Fault(
        "statements that wait for a connection are not counted",
        "persistence/postgres/database/bridge.py",
        "            figures.waits.add(perf_counter() - began)\n",
        "            pass\n",
        BRIDGE,
    ),
    Fault(
        "each scrape builds a new page of metrics",
        "hub/metrics.py",
        "self._page_until = trio.current_time() + FRESH_SECONDS",
        "self._page_until = -inf",
        METRICS,
    ),
    Fault(
        "the buckets of a histogram are not cumulative",
        "hub/metrics.py",
        "        total += number\n",
        "        total = number\n",
        METRICS,
    ),
    Fault(
        "the metrics listener serves the whole hub",
        "hub/app.py",
        "build_monitoring_app(services, [each for each in claims if each.endpoint in PROBES]),",
        "app,",
        LISTENER,
    ),
    Fault(
        "the metrics listener serves every REST call",
        "hub/app.py",
        "[each for each in claims if each.endpoint in PROBES]",
        "claims",
        LISTENER,
    ),
    Fault(
        "a page of another site can read the metrics",
        "hub/monitoring/listener.py",
        ", admits=hosts.admits)",
        ")",
        LISTENER,
    ),
    Fault(
        "the metrics show the expiry of a certificate that was replaced",
        "hub/reloading.py",
        "        self.certificate_end = end\n",
        "",
        ("tests/hub/test_reloading.py",),
    ),
    Fault(
        "an alert uses a metric that does not exist",
        "docs/operations/alerts.yml",
        "expr: parlour_database_up == 0",
        "expr: parlour_database_is_up == 0",
        DOCUMENTS,
    ),
    Fault(
        "the dashboard uses a metric that does not exist",
        "docs/operations/dashboard.json",
        '"expr": "sum by (lane) (parlour_lane_queue_messages{',
        '"expr": "sum by (lane) (parlour_lane_queue_length{',
        DOCUMENTS,
    ),
    Fault(
        "the documented table of metrics lacks one",
        "hub/monitoring/figures.py",
        '"users_online"',
        '"people_online"',
        DOCUMENTS,
    ),
)
