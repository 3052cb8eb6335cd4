"""What is measured: each scenario is a load on a server, and the figure that counts."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from protocol.model import ChannelId
from protocol.shapes.uuids import IdKind, to_uuid
from tests.bench.exchange import Line, Plan, Step
from tests.bench.hubs import HISTORY, People, Server
from tests.bench.load import Load, Peer, exchange
from tests.bench.others import Other
from tests.bench.peers import ejabberd

TALKING: Final = 10
SIZES: Final = (10, 100, 1_000)  # of channels
WELCOME: Final = "Welcome to the chat!"
SETTLE: Final = "4"  # seconds, in which everybody has received all join events
PRIVATE: Final = '{"type":"private_message","recipient_id":%R,"content":"%B"}'


@frozen
class Measured:
    """Figures of one run. `rate`: events per second; times in milliseconds; `memory`: bytes for
    each connection; `load`: the load generator's share of its core.
    """

    rate: float
    p50: float | None = None
    p99: float | None = None
    memory: float | None = None
    load: float | None = None


Run = Callable[[Load, Server, People, float], Measured]


@frozen
class Scenario:
    """One row of the table.

    `others`: how the same load is put on other servers.
    """

    name: str
    what: str
    unit: str
    people: int
    run: Run
    others: Mapping[Other, Run] = field(factory=dict)


def pairs(connections: int, window: int) -> Run:
    """Private messages between pairs of users, so many of each sender in flight."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        return _pairs(load, server, people.private[:connections], "/ws", window, seconds)

    return run


def crowd(connections: int) -> Run:
    """5 pairs that talk, while other connections are idle."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        with load.holding(server.port, "/ws", people.private[TALKING:connections]):
            return _pairs(load, server, people.private[:TALKING], "/ws", 20, seconds)

    return run


def named_pairs(connections: int, window: int) -> Run:
    """The same for servers that trust the user id in the path."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        peers = people.private[:connections]
        return _pairs(load, server, peers, "/ws?u=%U", window, seconds)

    return run


def _pairs(
    load: Load, server: Server, peers: Sequence[Peer], path: str, window: int, seconds: float
) -> Measured:
    more = ("-w", str(window), "-m", PRIVATE)
    return _measured(load.run(server.port, path, "pair", peers, seconds, *more))


def fan_out(members: int) -> Run:
    """Messages of one member to everybody in a channel; `rate` counts deliveries."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        peers = people.chat[:members]
        return _fan(load, server, peers, "/ws/chat", people.channels[members], seconds)

    return run


def named_fan_out(members: int) -> Run:
    """The same for the Go hub."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        return _fan(load, server, people.chat[:members], "/ws?u=%U", 1, seconds)

    return run


def _fan(
    load: Load, server: Server, peers: Sequence[Peer], path: str, channel: int, seconds: float
) -> Measured:
    more = (
        "-w", "64", "-s", SETTLE,
        "-j", f'{{"type":"join_channel","channelId":{channel}}}',
        "-m", f'{{"type":"send_message","channelId":{channel},"content":"%B"}}',
    )  # fmt: skip
    return _deliveries(load.run(server.port, path, "fan", peers, seconds, *more))


def typing(connections: int) -> Run:
    """Typing indicators between pairs; `rate` counts those that were delivered."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        peers = people.private[:connections]
        lines = [
            Line(
                path="/ws",
                header=peer.header,
                opening=[Step("", WELCOME)],
                message=f'{{"type":"typing_indicator","recipient_id":{other.user_id},'
                '"is_typing":true}',
            )
            for peer, other in zip(peers, [peers[at ^ 1] for at in range(len(peers))], strict=True)
        ]
        plan = Plan("pairs", server.port, lines, seconds, marker="typing_indicator")
        return _exchanged(plan)

    return run


def events(connections: int, window: int) -> Run:
    """Socket.IO's `message:send` between pairs; `rate` counts deliveries."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        lines = [
            _member(token, people.dms[at // 2], "message:send")
            for at, token in enumerate(people.tokens[:connections])
        ]
        return _exchanged(Plan("pairs", server.port, lines, seconds, "message:new", window))

    return run


def stanzas(connections: int, window: int) -> Run:
    """XMPP's messages between pairs; `rate` counts deliveries, as with Socket.IO, and not
    confirmations: plain XMPP has none.
    """

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        lines = ejabberd.talkers(people.private[:connections])
        return _exchanged(Plan("pairs", server.port, lines, seconds, ejabberd.DELIVERED, window))

    return run


def event_typing(connections: int) -> Run:
    """Socket.IO's `message:typing:start` between pairs; `rate` counts those that were delivered."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        lines = [
            _member(token, people.dms[at // 2], "message:typing:start")
            for at, token in enumerate(people.tokens[:connections])
        ]
        return _exchanged(Plan("pairs", server.port, lines, seconds, '"message:typing:start"'))

    return run


def event_fan_out(members: int) -> Run:
    """Socket.IO's `message:send` to everybody in a channel; `rate` counts deliveries."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        channel = people.channels[members]
        lines = [_member(token, channel, "message:send") for token in people.tokens[:members]]
        marker = '"message:new"'
        return _exchanged(Plan("fan", server.port, lines, seconds, marker, 64, float(SETTLE)))

    return run


def event_idle(connections: int) -> Run:
    """Socket.IO clients that do nothing; `rate` counts how many connected per second."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        before = server.memory()
        sizes = [before]

        def sample() -> None:
            sizes.append(server.memory())

        lines = [_member(token) for token in people.tokens[:connections]]
        figures = exchange(Plan("idle", server.port, lines, seconds), sample)
        memory = (max(sizes) - before) / connections
        return Measured(figures["rate"], memory=memory, load=figures["cpu"])

    return run


def _member(token: str, channel_id: ChannelId | None = None, event: str = "") -> Line:
    """A Socket.IO client that connects, joins a channel if one is given, and sends that event."""
    opening = [Step("40" + json.dumps({"token": token}), '40{"sid"')]
    message = ""
    if channel_id is not None:
        channel = to_uuid(IdKind.CHANNEL, channel_id)
        opening.append(Step("420" + json.dumps(["channel:join", channel]), "430["))
        payload = {"channelId": channel, "content": "S=1 T=1 xxxxxxxxxxxxxxxxxxxxxxxx"}
        message = "42" + json.dumps([event, payload])
    return Line("/socket.io/?EIO=4&transport=websocket", "X-Bench: 1", opening, message)


def reconnect(connections: int) -> Run:
    """All clients are dropped and reconnect, each with one message to receive; `rate` counts the
    clients that got it.
    """

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        peers = people.private[:connections]
        resume = '{"type":"resume","after":{"%d":%d}}'
        lines = [
            Line(
                path="/ws?resume",
                header=peer.header,
                opening=[
                    Step("", WELCOME),
                    Step(resume % (peers[at ^ 1].user_id, HISTORY - 1), '"resumed"'),
                ],
            )
            for at, peer in enumerate(peers)
        ]
        return _exchanged(Plan("openings", server.port, lines, seconds))

    return run


def history(connections: int) -> Run:
    """Pages of 50 messages; `rate` counts pages."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        del load
        peers = people.private[:connections]
        lines = [
            Line(f"/api/messages/{peers[at ^ 1].user_id}?limit=50", peer.header)
            for at, peer in enumerate(peers)
        ]
        return _exchanged(Plan("pages", server.port, lines, seconds))

    return run


def idle(connections: int, path: str = "/ws") -> Run:
    """Connections that do nothing; `rate` counts how many were opened per second."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        before = server.memory()
        sizes = [before]

        def sample() -> None:
            sizes.append(server.memory())

        peers = people.private[:connections]
        figures = load.run(server.port, path, "idle", peers, seconds, meanwhile=sample)
        return Measured(figures["open_per_s"], memory=(max(sizes) - before) / connections)

    return run


def _exchanged(plan: Plan) -> Measured:
    figures = exchange(plan)
    return Measured(figures["rate"], figures["p50_ms"], figures["p99_ms"], load=figures["cpu"])


def _measured(figures: Mapping[str, float]) -> Measured:
    return Measured(figures["confirms_per_s"], figures["p50_ms"], figures["p99_ms"])


def _deliveries(figures: Mapping[str, float]) -> Measured:
    return Measured(figures["deliveries_per_s"], figures["p50_ms"], figures["p99_ms"])


def _durable(connections: int, window: int) -> Mapping[Other, Run]:
    """The other servers that store each message."""
    kinds = Other.GO_IN_HUB, Other.GO_PER_CONNECTION, Other.NODE, Other.STARLETTE, Other.LIMIT
    by_name = dict.fromkeys(kinds, named_pairs(connections, window))
    return {Other.EJABBERD: stanzas(connections, window), **by_name}


def _by_socketio(run: Run, other: Other = Other.SOCKETIO) -> tuple[Run, Mapping[Other, Run]]:
    """Parlour and another server get the same requests."""
    return run, {other: run}


SCENARIOS: Final[Sequence[Scenario]] = (
    # The first two read prepared messages; the others write.
    Scenario("history", "pages of 50 messages", "pages/s", 32, history(32)),
    Scenario("reconnect", "everybody drops and resumes", "resumes/s", 2_000, reconnect(2_000)),
    Scenario("lone", "1 pair, 1 in flight", "messages/s", 2, pairs(2, 1), _durable(2, 1)),
    Scenario(
        "pairs",
        "100 pairs, 1 in flight",
        "messages/s",
        200,
        pairs(200, 1),
        _durable(200, 1),
    ),
    Scenario(
        "busy",
        "100 pairs, 8 in flight",
        "messages/s",
        200,
        pairs(200, 8),
        _durable(200, 8),
    ),
    *(
        Scenario(
            f"fan-{size}",
            f"channel of {size}",
            "deliveries/s",
            size,
            fan_out(size),
            dict.fromkeys((Other.GO_MEMORY, Other.LIMIT), named_fan_out(size)),
        )
        for size in SIZES
    ),
    Scenario(
        "typing",
        "typing, 1,000 people",
        "deliveries/s",
        1_000,
        typing(1_000),
        dict.fromkeys((Other.GO_MEMORY, Other.LIMIT_OF_SENDING), named_pairs(1_000, 1)),
    ),
    Scenario(
        "events-lone",
        "Socket.IO, 1 pair, 1 in flight",
        "messages/s",
        2,
        *_by_socketio(events(2, 1)),
    ),
    Scenario(
        "events-pairs",
        "Socket.IO, 100 pairs, 1 in flight",
        "messages/s",
        200,
        *_by_socketio(events(200, 1)),
    ),
    Scenario(
        "events",
        "Socket.IO, 100 pairs, 8 in flight",
        "messages/s",
        200,
        *_by_socketio(events(200, 8)),
    ),
    *(
        Scenario(
            f"events-fan-{size}",
            f"Socket.IO, channel of {size}",
            "deliveries/s",
            size,
            *_by_socketio(event_fan_out(size)),
        )
        for size in SIZES
    ),
    Scenario(
        "events-typing",
        "Socket.IO, typing, 1,000 people",
        "deliveries/s",
        1_000,
        *_by_socketio(event_typing(1_000), Other.SOCKETIO_TYPING),
    ),
    *(
        Scenario(
            f"crowd-{size}",
            f"5 pairs, 20 in flight, {size:,} connections",
            "messages/s",
            size,
            crowd(size),
        )
        for size in (10, 100, 1_000, 10_000)
    ),
    Scenario(
        "idle",
        "connections opened",
        "connections/s",
        10_000,
        idle(10_000),
        dict.fromkeys(
            (Other.GO_MEMORY, Other.NODE, Other.LIMIT_OF_SENDING), idle(10_000, "/ws?u=%U")
        ),
    ),
    Scenario(
        "events-idle",
        "Socket.IO, connections opened",
        "connections/s",
        10_000,
        *_by_socketio(event_idle(10_000)),
    ),
)
