"""Spans of OpenTelemetry, sent by OTLP over HTTP in a thread of its own.

Guarantees: no span has an attribute or an event with what a user wrote, nor the text of an
exception; a collector that cannot be reached ends nothing, and causes a line in the log, at most
one every `SILENT_SECONDS`. OpenTelemetry's own environment variables set where the collector is and
which traces are kept. Must not know: sockets, SQL.

    frame (or a request's span) -> post -> deliver
                                     ...links to: commit -> statement
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from time import monotonic, time_ns
from typing import Final, assert_never

import structlog
from attrs import define, field, frozen
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import get_contextvars

from hub.settings.log_ids import CONNECTION, REQUEST, USER
from hub.tracing.tracing import Accepted, Committing, Delivering, Responded
from persistence.records import Locked, Outcome
from protocol.events import ChannelMessagePosted, Event, PrivateMessagePosted
from protocol.model import MessageId, Posted, Refusal

log = structlog.get_logger(__name__)

NAME: Final = "parlour"
SILENT_SECONDS: Final = 60.0  # between two lines about warnings of OpenTelemetry
MAX_LINKS: Final = 128  # the SDK keeps no more of one span
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_SERVER_ERROR: Final = 500


@frozen
class _Accepted:
    """See `Accepted`."""

    context: Context
    at: int  # nanoseconds since 1970, as the SDK counts

    @property
    def origin(self) -> SpanContext:
        """The span of the frame or request."""
        return trace.get_current_span(self.context).get_span_context()

    @property
    def is_kept(self) -> bool:
        """Whether its trace is kept; True where that is not decided yet, as there is no span."""
        return self.origin.trace_flags.sampled or not self.origin.is_valid


class OtlpTracing:
    """Implements `Tracing`."""

    def __init__(self) -> None:
        self._complaints = _Complaints()
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(NAME)

    @contextmanager
    def frame(self, dialect: str, command: str) -> Iterator[None]:
        """See `Tracing`."""
        said = {"parlour.dialect": dialect, "parlour.command": command, **_ids()}
        # a trace of its own: the connection was opened by a request long ago
        with _current(self._tracer, "frame", SpanKind.SERVER, Context(), said):
            yield

    @contextmanager
    def request(self, method: str, scheme: str, given: str | None) -> Iterator[Responded]:
        """See `Tracing`."""
        parent = Context()
        if given is not None:
            parent = _PROPAGATOR.extract({"traceparent": given}, parent)
        said = {"http.request.method": method, "url.scheme": scheme, **_ids()}
        with _current(self._tracer, method, SpanKind.SERVER, parent, said) as span:

            def responded(route: str | None, status: int | None) -> None:
                span.set_attributes(_ids())
                if route is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                if status is not None:
                    span.set_attribute("http.response.status_code", status)
                    if status >= _SERVER_ERROR:
                        span.set_status(StatusCode.ERROR)

            yield responded

    @contextmanager
    def statement(self, name: str) -> Iterator[Callable[[int], None]]:
        """See `Tracing`."""
        if not trace.get_current_span().is_recording():
            yield _note_nothing
            return
        said = {"db.system.name": "postgresql", "db.operation.name": name}
        with _current(self._tracer, name, SpanKind.CLIENT, None, said) as span:
            yield lambda rows: span.set_attribute("db.response.returned_rows", rows)

    def accepted(self) -> Accepted:
        """See `Tracing`."""
        return _Accepted(trace.set_span_in_context(trace.get_current_span(), Context()), time_ns())

    @contextmanager
    def commit(self, messages: Sequence[Accepted]) -> Iterator[Committing]:
        """See `Tracing`. The span is one for many traces, so it is linked with them."""
        accepted = [each for each in messages if isinstance(each, _Accepted)]
        origins = [each.origin for each in accepted if each.is_kept]
        links = [Link(origin) for origin in origins if origin.is_valid][:MAX_LINKS]
        said = {"parlour.messages": len(accepted)}
        with _current(self._tracer, "commit", SpanKind.INTERNAL, Context(), said, links) as span:
            committing = _Committing(self._tracer, span, accepted)
            try:
                yield committing
            except BaseException:
                committing.lost()
                raise

    def close(self) -> None:
        """See `Tracing`."""
        self._provider.shutdown()
        self._complaints.close()


@define
class _Committing:
    """Implements `Committing`."""

    tracer: Tracer
    commit: Span
    accepted: Sequence[_Accepted]
    begun: int = field(factory=time_ns, init=False)

    def stored(self, answers: Sequence[Outcome | Locked]) -> Delivering:
        """See `Committing`."""
        posts: dict[MessageId, Context] = {}
        for accepted, answer in zip(self.accepted, answers, strict=True):
            if not accepted.is_kept:
                continue
            match answer:
                case Posted(message=message, repeated=False):
                    posts[message.id] = self._post(accepted, "posted")
                case Posted():
                    self._post(accepted, "repeated")
                case Refusal():
                    self._post(accepted, answer.value)
                case Locked():
                    pass  # it is tried again
                case _:
                    assert_never(answer)
        return _Delivering(self.tracer, posts)

    def lost(self) -> None:
        """The outcome of the messages is unknown."""
        for accepted in self.accepted:
            if accepted.is_kept:
                self._post(accepted, "unknown")

    def _post(self, accepted: _Accepted, outcome: str) -> Context:
        span = self.tracer.start_span(
            "post",
            accepted.context,
            attributes={
                "parlour.outcome": outcome,
                "parlour.queue_seconds": (self.begun - accepted.at) / 1e9,
                "parlour.messages": len(self.accepted),
            },
            links=[Link(self.commit.get_span_context())],
            start_time=accepted.at,
        )
        span.end()
        return trace.set_span_in_context(span, Context())


@define
class _Delivering:
    """Implements `Delivering`."""

    tracer: Tracer
    posts: Mapping[MessageId, Context]
    begun: int = field(factory=time_ns, init=False)
    _connections: dict[MessageId, int] = field(factory=dict, init=False)

    def delivered(self, event: Event, connections: int) -> None:
        """See `Delivering`."""
        match event:
            case PrivateMessagePosted(message=message) | ChannelMessagePosted(message=message):
                before = self._connections.get(message.id, 0)
                self._connections[message.id] = before + connections
            case _:
                pass  # what comes with a message, such as the end of a typing indicator

    def done(self) -> None:
        """See `Delivering`."""
        for message_id, context in self.posts.items():
            span = self.tracer.start_span(
                "deliver",
                context,
                attributes={"parlour.connections": self._connections.get(message_id, 0)},
                start_time=self.begun,
            )
            span.end()


@contextmanager
def _current(
    tracer: Tracer,
    name: str,
    kind: SpanKind,
    parent: Context | None,
    said: Mapping[str, str | int],
    links: Sequence[Link] = (),
) -> Iterator[Span]:
    """A span that is the current one; of an exception it has the type alone."""
    span = tracer.start_span(name, parent, kind, said, links)
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _ids() -> dict[str, str | int]:
    """The ids that log lines have."""
    bound = get_contextvars()
    return {f"{NAME}.{key}": bound[key] for key in (CONNECTION, USER, REQUEST) if key in bound}


def _note_nothing(_: int) -> None:
    """There is no span."""


def _resource() -> Resource:
    """The service that sends the spans, unless the environment names another one."""
    found = Resource.create()
    own: dict[str, str] = {SERVICE_VERSION: version(NAME)}
    if str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        own[SERVICE_NAME] = NAME
    return found.merge(Resource(own))


class _Complaints(logging.Handler):
    """Turns what OpenTelemetry logs into few lines. Called in its thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._silent_until = 0.0
        self._unsaid = 0
        self._logger = logging.getLogger("opentelemetry")
        self._logger.addHandler(self)
        self._logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Log a line, unless there was one within `SILENT_SECONDS`."""
        now = monotonic()
        if now < self._silent_until:
            self._unsaid += 1
            return
        self._silent_until = now + SILENT_SECONDS
        reason = record.getMessage().partition("\n")[0]
        log.warning("traces_not_sent", reason=reason, similar_lines_before=self._unsaid)
        self._unsaid = 0

    def close(self) -> None:
        """Leave the logger as it was."""
        self._logger.removeHandler(self)
        self._logger.propagate = True
        super().close()
