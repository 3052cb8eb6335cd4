"""A collector of traces: takes spans by OTLP over HTTP, and shows them as values."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field, frozen
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

Value = str | int | float | bool


@frozen
class SpanSeen:
    """One span. Ids are in hexadecimal; `parent_id` is empty at the root of a trace."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: Mapping[str, Value]
    links: frozenset[tuple[str, str]]
    failed: bool
    start: int
    end: int

    @property
    def place(self) -> tuple[str, str]:
        """The span's position in a trace, as links name it."""
        return self.trace_id, self.span_id


@define
class Collector:
    """The spans that were received, and the address of the collector."""

    endpoint: str
    spans: list[SpanSeen] = field(factory=list)
    bodies: list[bytes] = field(factory=list)
    services: set[str] = field(factory=set)

    def named(self, name: str) -> list[SpanSeen]:
        """The spans of a name, in the order they began."""
        return sorted((x for x in self.spans if x.name == name), key=lambda span: span.start)

    def one(self, name: str, **attributes: Value) -> SpanSeen:
        """The only span of a name with these attributes, whose dots are underscores here."""
        wanted = {key.replace("_", "."): value for key, value in attributes.items()}
        found = [x for x in self.named(name) if wanted.items() <= x.attributes.items()]
        assert len(found) == 1, [(x.name, dict(x.attributes)) for x in self.spans]
        return found[0]

    def children(self, parent: SpanSeen) -> list[SpanSeen]:
        """The spans whose parent is this one."""
        return [x for x in self.spans if (x.trace_id, x.parent_id) == parent.place]

    def take(self, body: bytes) -> None:
        """Read the body of a request."""
        self.bodies.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            own = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(own["service.name"])
            for scope in resource.scope_spans:
                self.spans += map(_seen, scope.spans)


def _seen(span: trace_pb2.Span) -> SpanSeen:
    return SpanSeen(
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes={
            each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value")
            for each in span.attributes
        },
        links=frozenset((each.trace_id.hex(), each.span_id.hex()) for each in span.links),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
    )


@contextmanager
def open_collector() -> Iterator[Collector]:
    """A collector in a thread, on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as its base
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
