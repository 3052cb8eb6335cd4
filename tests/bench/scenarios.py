"""What is measured: each scenario is a load on a server, and the figure that counts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import frozen

from tests.bench.hubs import GoKind, People, Server
from tests.bench.load import Load, Peer

SETTLE: Final = "4"  # seconds, in which everybody has heard that everybody joined
PRIVATE: Final = '{"type":"private_message","recipient_id":%R,"content":"%B"}'


@frozen
class Measured:
    """Figures of one run. `rate`: what happened per second; times in milliseconds."""

    rate: float
    p50: float | None = None
    p99: float | None = None
    memory: float | None = None


Run = Callable[[Load, Server, People, float], Measured]


@frozen
class Scenario:
    """One line of the table.

    `go`: how the Go hub is asked for the same, None where it cannot be; `kinds`: of which kind.
    """

    name: str
    what: str
    unit: str
    people: int
    run: Run
    go: Run | None = None
    kinds: Sequence[GoKind] = ()


def pairs(connections: int, window: int) -> Run:
    """Private messages between pairs of people, so many of each sender in flight."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        return _pairs(load, server, people.private[:connections], "/ws", window, seconds)

    return run


def go_pairs(connections: int, window: int) -> Run:
    """The same for the Go hub, which believes the address."""

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
        channel = people.channels[members]
        more = (
            "-w", "64", "-s", SETTLE,
            "-j", f'{{"type":"join_channel","channelId":{channel}}}',
            "-m", f'{{"type":"send_message","channelId":{channel},"content":"%B"}}',
        )  # fmt: skip
        peers = people.chat[:members]
        return _deliveries(load.run(server.port, "/ws/chat", "fan", peers, seconds, *more))

    return run


def go_fan_out(members: int) -> Run:
    """The same for the Go hub."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        more = (
            "-w", "64", "-s", SETTLE,
            "-j", '{"type":"join_channel","channelId":1}',
            "-m", '{"type":"send_message","channelId":1,"content":"%B"}',
        )  # fmt: skip
        peers = people.chat[:members]
        return _deliveries(load.run(server.port, "/ws?u=%U", "fan", peers, seconds, *more))

    return run


def idle(connections: int) -> Run:
    """Connections that do nothing; `rate` counts how many were opened per second."""

    def run(load: Load, server: Server, people: People, seconds: float) -> Measured:
        before = server.memory()
        sizes = [before]

        def sample() -> None:
            sizes.append(server.memory())

        peers = people.private[:connections]
        figures = load.run(server.port, "/ws", "idle", peers, seconds, meanwhile=sample)
        return Measured(figures["open_per_s"], memory=(max(sizes) - before) / connections)

    return run


def _measured(figures: Mapping[str, float]) -> Measured:
    return Measured(figures["confirms_per_s"], figures["p50_ms"], figures["p99_ms"])


def _deliveries(figures: Mapping[str, float]) -> Measured:
    return Measured(figures["deliveries_per_s"], figures["p50_ms"], figures["p99_ms"])


DURABLE: Final = (GoKind.IN_HUB, GoKind.PER_CONNECTION)

SCENARIOS: Final[Sequence[Scenario]] = (
    Scenario("lone", "1 pair, 1 in flight", "messages/s", 2, pairs(2, 1), go_pairs(2, 1), DURABLE),
    Scenario(
        "pairs",
        "100 pairs, 1 in flight",
        "messages/s",
        200,
        pairs(200, 1),
        go_pairs(200, 1),
        DURABLE,
    ),
    Scenario(
        "busy",
        "100 pairs, 8 in flight",
        "messages/s",
        200,
        pairs(200, 8),
        go_pairs(200, 8),
        DURABLE,
    ),
    *(
        Scenario(
            f"fan-{size}",
            f"channel of {size}",
            "deliveries/s",
            size,
            fan_out(size),
            go_fan_out(size),
            (GoKind.MEMORY,),
        )
        for size in (10, 100, 1_000)
    ),
    Scenario("idle", "connections opened", "connections/s", 10_000, idle(10_000)),
)
