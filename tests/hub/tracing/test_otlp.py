"""The spans that a collector gets for messages, requests and their statements."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio

from hub.settings.choices import Traces
from hub.tracing.otlp import OtlpTracing
from hub.tracing.tracing import in_frames, open_tracing
from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.statements import StatementWatch
from persistence.records import Draft, Locked
from protocol.commands import SetTyping
from protocol.events import PrivateMessagePosted
from protocol.model import Posted, Refusal, UserId
from tests.support.clients.http import request
from tests.support.clients.socketio import channel_of, enter
from tests.support.quiet import until_quiet
from tests.support.school import on_gateway, open_school
from tests.support.stores.databases import Databases
from tests.support.stores.records import make_users, post_one
from tests.support.telemetry.collector import Collector, open_collector
from tests.support.telemetry.logs import about, captured_lines
from tests.support.world import World, open_world

SECRET = "swordfish"
PROXY = "192.0.2.1"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
Traced = Callable[[], AbstractAsyncContextManager[World]]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with open_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        yield collector


@pytest.fixture
def traced(databases: Databases, collector: Collector) -> Traced:
    """A hub on Postgres whose spans are all with the collector once it has ended."""

    @asynccontextmanager
    async def open_it() -> AsyncIterator[World]:
        watch = StatementWatch()
        async with (
            databases.migrated() as dsn,
            open_tracing(Traces.OTLP) as tracing,
            open_postgres_store(dsn, pool_size=2, lanes=1, watch=watch) as store,
        ):
            assert tracing is not None
            watch.open_span = tracing.statement
            async with open_world(
                store, tracing=tracing, presence_grace=0.0, trusted_proxies=(PROXY,)
            ) as world:
                yield world

    return open_it


@pytest.mark.parametrize("way", ["a private message", "a channel"])
async def test_a_message_is_traced_from_the_frame_to_its_delivery(
    traced: Traced, collector: Collector, way: str
) -> None:
    async with traced() as world:
        school = await open_school(world)
        if way == "a channel":
            anns, bens = await school.join(school.ann), await on_gateway(school.ben)
            bens.ignoring("PRESENCE_UPDATE")
            told = await anns.ask(
                {"type": "send_message", "channelId": school.general.id, "content": SECRET}
            )
            received = await bens.receive_type("MESSAGE_CREATE")
            command, dialect = "PostToChannel", "learning_chat"
        else:
            anns, bens = await school.ann.open("/ws"), await school.ben.open("/messagepal")
            anns.ignoring("user_online_status")
            await anns.send(
                {"type": "private_message", "recipient_id": school.ben.id, "content": SECRET}
            )
            told = await anns.receive_type("private_message")
            received = await bens.receive_type("message_received")
            command, dialect = "SendPrivateMessage", "private_messages"
        assert SECRET in str(told)
        assert SECRET in str(received)
        await until_quiet()
    frame = collector.one("frame", parlour_command=command)
    assert (frame.kind, frame.parent_id) == ("server", "")
    assert frame.attributes["parlour.dialect"] == dialect
    assert frame.attributes["parlour.user"] == school.ann.id
    assert str(frame.attributes["parlour.connection"]).startswith("c")
    (post,) = [x for x in collector.children(frame) if x.name == "post"]
    assert post.attributes["parlour.outcome"] == "posted"
    assert float(post.attributes["parlour.queue_seconds"]) >= 0
    (deliver,) = collector.children(post)
    assert (deliver.name, deliver.attributes["parlour.connections"]) == ("deliver", 2)
    commit = collector.one("commit")
    assert commit.links == {frame.place}
    assert post.links == {commit.place}
    (statement,) = collector.children(commit)
    assert (statement.name, statement.kind) == ("posting.post", "client")
    assert statement.attributes["db.response.returned_rows"] == 1
    assert frame.start <= post.start <= commit.start <= statement.start
    assert statement.end <= commit.end <= deliver.end
    assert collector.services == {"parlour"}
    assert not any(SECRET.encode() in body for body in collector.bodies)


async def test_a_message_over_rest_is_in_the_span_of_its_request_and_the_trace_of_the_proxy(
    traced: Traced, collector: Collector
) -> None:
    async with traced() as world:
        ann, ben = await world.people("ann", "ben")
        for peer in (PROXY, "192.0.2.9"):
            async with world.connect(peer) as stream:
                headers = {
                    "Cookie": ann.cookie,
                    "traceparent": TRACEPARENT,
                    "X-Request-Id": f"of-{peer}",
                }
                path = f"/api/messages/{ben.id}"
                sent = await request(stream, "POST", path, {"content": SECRET}, headers)
                assert sent.status == 201
        await until_quiet()
    name = "POST /api/messages/{user_id}"
    of_proxy, of_stranger = collector.named(name)
    for span in (of_proxy, of_stranger):
        assert span.kind == "server"
        assert span.attributes["http.route"] == name.removeprefix("POST ")
        assert span.attributes["http.request.method"] == "POST"
        assert span.attributes["http.response.status_code"] == 201
        assert span.attributes["parlour.user"] == ann.id
        (post,) = [x for x in collector.children(span) if x.name == "post"]
        (deliver,) = collector.children(post)
        assert deliver.attributes["parlour.connections"] == 0
    assert (of_proxy.trace_id, of_proxy.parent_id) == (TRACE, SPAN)
    assert of_proxy.attributes["parlour.request"] == f"of-{PROXY}"
    assert of_stranger.trace_id != TRACE
    assert of_stranger.parent_id == ""
    assert not any(SECRET.encode() in body for body in collector.bodies)


async def test_a_message_over_socketio_is_traced_too(traced: Traced, collector: Collector) -> None:
    async with traced() as world:
        school = await open_school(world)
        anns, bens = await enter(school.ann), await enter(school.ben)
        channel = channel_of(school)
        assert (await bens.ask("room:join", channel))["success"] is True
        sent = await anns.ask("message:send", {"content": SECRET, "channelId": channel})
        assert sent["success"] is True
        assert (await anns.event())[0] == "message:sent"
        assert (await bens.event())[0] == "message:new"
        await until_quiet()
    frame = collector.one("frame", parlour_command="PostToChannel")
    assert frame.attributes["parlour.dialect"] == "channel_messages"
    assert frame.attributes["parlour.user"] == school.ann.id
    (post,) = [x for x in collector.children(frame) if x.name == "post"]
    (deliver,) = collector.children(post)
    assert deliver.attributes["parlour.connections"] == 1
    assert post.links == {collector.one("commit").place}
    assert not any(SECRET.encode() in body for body in collector.bodies)


async def test_the_statements_of_a_request_are_its_child_spans(
    traced: Traced, collector: Collector
) -> None:
    async with traced() as world:
        (ann,) = await world.people("ann")
        assert (await ann.call("GET", f"/api/messages/conversations?x={SECRET}")).status == 200
        assert (await world.call("GET", f"/{SECRET}")).status == 404
        await until_quiet()
    (root,) = [x for x in collector.spans if x.attributes.get("http.route") and not x.parent_id]
    statements = collector.children(root)
    assert statements
    assert {span.kind for span in statements} == {"client"}
    assert all("." in span.name for span in statements)
    assert collector.one("GET").attributes["http.response.status_code"] == 404
    assert not any(SECRET.encode() in body for body in collector.bodies)


async def test_messages_of_one_commit_are_linked_with_it_and_keep_their_traces(
    memory_store: Store, collector: Collector
) -> None:
    ann, ben = await make_users(memory_store, "ann", "ben")
    message = await post_one(memory_store, Draft(ann.id, ben.id, SECRET))
    async with open_tracing(Traces.OTLP) as tracing:
        assert tracing is not None
        accepted = []
        for _ in range(4):
            with tracing.frame("dialect", "Command"):
                accepted.append(tracing.accepted())
        posted = Posted(message, repeated=False)
        answers: list[Posted | Refusal | Locked] = [
            posted,
            Posted(message, repeated=True),
            Refusal.NOT_ALLOWED,
            Locked(),
        ]
        with tracing.commit(accepted) as commit:
            delivering = commit.stored(answers)
        delivering.delivered(PrivateMessagePosted(message, ann, ben.id), 3)
        delivering.delivered(PrivateMessagePosted(message, ann, ben.id), 2)
        delivering.done()
        with pytest.raises(trio.TooSlowError), tracing.commit(accepted[3:]):
            raise trio.TooSlowError
    frames, (both, last) = collector.named("frame"), collector.named("commit")
    assert both.links == {frame.place for frame in frames}
    assert (both.attributes["parlour.messages"], both.failed) == (4, False)
    posts = collector.named("post")
    assert [(post.parent_id, post.trace_id) for post in posts] == [
        (frame.span_id, frame.trace_id) for frame in frames
    ]
    assert [post.attributes["parlour.outcome"] for post in posts] == [
        "posted", "repeated", Refusal.NOT_ALLOWED.value, "unknown",
    ]  # fmt: skip
    assert [post.links for post in posts] == [*([{both.place}] * 3), {last.place}]
    (deliver,) = collector.named("deliver")
    assert (deliver.parent_id, deliver.trace_id) == (posts[0].span_id, posts[0].trace_id)
    assert deliver.attributes["parlour.connections"] == 5
    assert last.failed


async def test_a_failed_span_has_only_the_type_of_its_error(collector: Collector) -> None:
    async def fail(asker: None, command: SetTyping, reply: None) -> None:
        raise RuntimeError(SECRET)

    async with open_tracing(Traces.OTLP) as tracing:
        with pytest.raises(RuntimeError):
            await in_frames(tracing, "dialect", fail)(None, SetTyping(UserId(1), True), None)
    span = collector.one("frame", parlour_command="SetTyping")
    assert (span.failed, span.attributes["error.type"]) == (True, "RuntimeError")
    assert not any(SECRET.encode() in body for body in collector.bodies)


async def test_a_statement_outside_of_a_trace_has_no_span(collector: Collector) -> None:
    async with open_tracing(Traces.OTLP) as tracing:
        assert tracing is not None
        with tracing.statement("log.epoch") as note_rows:
            note_rows(1)
        with tracing.frame("dialect", "Command"), tracing.statement("accounts.get") as note_rows:
            note_rows(2)
    assert {span.name for span in collector.spans} == {"frame", "accounts.get"}
    assert collector.one("accounts.get").attributes["db.response.returned_rows"] == 2


async def test_a_collector_that_is_not_there_ends_nothing_and_is_logged_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_collector() as gone:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", gone.endpoint)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
    tracing = OtlpTracing()
    with captured_lines() as lines:
        for number in range(600):
            with tracing.frame("dialect", f"Command{number}"):
                await trio.lowlevel.checkpoint()
        await trio.to_thread.run_sync(tracing.close)
    (line,) = about(lines, "traces_not_sent")
    assert line["log_level"] == "warning"
    assert len(lines) == 1
