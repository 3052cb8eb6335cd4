"""A load generator for what `wsload` cannot do: `python -m tests.bench.exchange`, a plan on stdin.

Single-threaded, on raw sockets. `pairs`: of connections 2k and 2k+1 the first one sends, and sends
again for each frame with the marker that the second one gets. `fan`: the first connection sends,
and sends again for each frame that the last one gets; the frames of all others count. `idle`:
connections are opened and left alone. `openings`: every connection is dropped and opened again.
`pages`: each connection sends the next request after each response. Prints figures as `wsload`
does; `cpu` is its own share of a core: near 1 it is the bottleneck, not the hub.
"""

import json
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from statistics import quantiles
from typing import Any, Final, Protocol

import attrs
from attrs import define, field, frozen

AT_ONCE: Final = 200  # connections that are being opened
STALL_SECONDS: Final = 30.0
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
WARM_SECONDS: Final = 1.0


class BenchError(Exception):
    """The benchmark cannot be run; the text has the reason."""


@frozen
class Step:
    """The text that a connection sends while it is opened, and the marker that it then waits
    for.
    """

    text: str
    marker: str


@frozen
class Line:
    """One connection: how it is opened, and the message that it sends."""

    path: str
    header: str
    opening: Sequence[Step] = ()
    message: str = ""


@frozen
class Plan:
    """The plan of a run."""

    mode: str
    port: int
    lines: Sequence[Line]
    seconds: float
    marker: str = ""
    window: int = 1
    settle: float = 0.0


class Mode(Protocol):
    """Drives connections."""

    def __call__(self, plan: Plan) -> dict[str, float]:
        """The figures of a run."""


def frame(text: str) -> bytes:
    """A masked text frame; the mask is zero."""
    payload = text.encode()
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
    return b"\x81" + length + bytes(4) + payload


@define(eq=False)
class Conversation:
    """A connection that is being opened, or open."""

    line: Line
    port: int
    sock: socket.socket = field(init=False)
    began: float = field(factory=time.perf_counter, init=False)
    sent: deque[float] = field(factory=deque, init=False)
    received: bytes = field(default=b"", init=False)
    _steps: list[Step] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", self.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.sock.send(
            f"GET {self.line.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{self.line.header}\r\n\r\n".encode()
        )
        self._steps = [Step("", "\r\n\r\n"), *self.line.opening]

    def read(self) -> bytes:
        """The bytes that have arrived."""
        data = self.sock.recv(262_144)
        if not data:
            raise BenchError(f"the hub closed a connection: {self.received[:200]!r}")
        return data

    def advance(self) -> bool:
        """Take the bytes that have arrived; returns whether the connection is open now."""
        self.received += self.read()
        if not self.received.startswith(b"HTTP/1.1 101"):
            raise BenchError(f"refused: {self.received[:200]!r}")
        while self._steps and self._steps[0].marker.encode() in self.received:
            del self._steps[0]
            if self._steps and self._steps[0].text:
                self.sock.send(frame(self._steps[0].text))
        return not self._steps

    def count(self, marker: bytes) -> int:
        """How often the marker is in the bytes that have arrived."""
        data = self.received + self.read()
        self.received = data[-len(marker) + 1 :]
        return data.count(marker)

    def drop(self) -> None:
        """Close with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.sock.close()


def open_all(plan: Plan) -> tuple[list[Conversation], float, list[float]]:
    """All connections, opened a few at a time; the seconds in all, and those of each."""
    poll = select.epoll()
    started = time.perf_counter()
    opening: dict[int, Conversation] = {}
    waiting = list(reversed(plan.lines))
    opened: list[Conversation] = []
    times: list[float] = []
    with poll:
        while waiting or opening:
            while waiting and len(opening) < AT_ONCE:
                one = Conversation(waiting.pop(), plan.port)
                opening[one.sock.fileno()] = one
                opened.append(one)
                poll.register(one.sock, select.EPOLLIN)
            ready = poll.poll(STALL_SECONDS)
            if not ready:
                raise BenchError(f"{len(opening)} connections are not answered")
            for number, _ in ready:
                if opening[number].advance():
                    times.append(time.perf_counter() - opening[number].began)
                    poll.unregister(number)
                    del opening[number]
    return opened, time.perf_counter() - started, times


def pairs(plan: Plan) -> dict[str, float]:
    """Each sender keeps a window of messages in flight."""
    opened, _, _ = open_all(plan)
    for one in opened:
        one.received = b""
    senders = {opened[k + 1].sock.fileno(): opened[k] for k in range(0, len(opened), 2)}
    by_number = {one.sock.fileno(): one for one in opened}
    frames = {id(one): frame(one.line.message) for one in opened}
    marker = plan.marker.encode()
    with select.epoll() as poll:
        for one in opened:
            poll.register(one.sock, select.EPOLLIN)

        def send(one: Conversation, count: int, now: float) -> None:
            one.sock.send(frames[id(one)] * count)
            one.sent.extend([now] * count)

        def turn(times: list[float]) -> None:
            ready = _ready(poll)
            now = time.perf_counter()
            for number in ready:
                sender = senders.get(number)
                if sender is None:
                    by_number[number].read()
                elif count := by_number[number].count(marker):
                    times += [now - sender.sent.popleft() for _ in range(count)]
                    send(sender, count, now)

        for sender in senders.values():
            send(sender, plan.window, time.perf_counter())
        return _measure(turn, plan.seconds)


def fan(plan: Plan) -> dict[str, float]:
    """One sender keeps a window of messages in flight to all others; times are the last one's."""
    opened, _, _ = open_all(plan)
    sender, last = opened[0], opened[-1]
    sending = frame(sender.line.message)
    by_number = {one.sock.fileno(): one for one in opened}
    marker = plan.marker.encode()
    delivered: list[float] = []
    for one in opened:
        one.received = b""
    with select.epoll() as poll:
        for one in opened:
            poll.register(one.sock, select.EPOLLIN)

        def send(count: int, now: float) -> None:
            sender.sock.send(sending * count)
            sender.sent.extend([now] * count)

        def turn(times: list[float]) -> None:
            ready = _ready(poll)
            now = time.perf_counter()
            for number in ready:
                one = by_number[number]
                if one is sender:
                    one.read()
                    continue
                count = one.count(marker)
                times += [now] * count
                if one is last:
                    delivered.extend(now - sender.sent.popleft() for _ in range(count))
                    send(count, now)

        time.sleep(plan.settle)  # by then everybody has received the last join event
        for one in opened:
            with suppress(BlockingIOError):
                one.read()
        send(plan.window, time.perf_counter())
        figures = _measure(turn, plan.seconds)
    return {**figures, **_percentiles(delivered)}


def idle(plan: Plan) -> dict[str, float]:
    """All clients connect and stay for a while."""
    before = time.process_time()
    opened, took, times = open_all(plan)
    cpu = (time.process_time() - before) / took
    time.sleep(plan.seconds)
    for one in opened:
        one.drop()
    return {"rate": len(times) / took, "cpu": cpu, **_percentiles(times)}


def _ready(poll: select.epoll) -> list[int]:
    """The sockets with bytes that have arrived."""
    ready = [number for number, _ in poll.poll(STALL_SECONDS)]
    if not ready:
        raise BenchError("nothing is delivered")
    return ready


def openings(plan: Plan) -> dict[str, float]:
    """All clients connect, are dropped, and reconnect."""
    opened, _, _ = open_all(plan)
    for one in opened:
        one.drop()
    before = time.process_time()
    _, took, times = open_all(plan)
    cpu = (time.process_time() - before) / took
    return {"rate": len(times) / took, "cpu": cpu, **_percentiles(times)}


def pages(plan: Plan) -> dict[str, float]:
    """One GET after the other on each connection."""
    sockets: dict[int, socket.socket] = {}
    began: dict[int, float] = {}
    left: dict[int, int] = {}
    requests: dict[int, bytes] = {}
    with select.epoll() as poll:
        for line in plan.lines:
            sock = socket.create_connection(("127.0.0.1", plan.port))
            number = sock.fileno()
            sockets[number] = sock
            poll.register(sock, select.EPOLLIN)
            requests[number] = (
                f"GET {line.path} HTTP/1.1\r\nHost: bench\r\n{line.header}\r\n\r\n".encode()
            )
            left[number], began[number] = 0, time.perf_counter()
            sock.send(requests[number])

        def turn(times: list[float]) -> None:
            for number, _ in poll.poll(STALL_SECONDS):
                data = sockets[number].recv(1 << 20)
                if not left[number]:
                    head, _, data = data.partition(b"\r\n\r\n")
                    if not head.startswith(b"HTTP/1.1 200"):
                        raise BenchError(f"refused: {head[:200]!r}")
                    left[number] = int(head.lower().partition(b"content-length:")[2].split()[0])
                left[number] -= len(data)
                if not left[number]:
                    now = time.perf_counter()
                    times.append(now - began[number])
                    began[number] = now
                    sockets[number].send(requests[number])

        return _measure(turn, plan.seconds)


def _measure(turn: Callable[[list[float]], None], seconds: float) -> dict[str, float]:
    """Take turns for a while to warm up, then those that count."""
    times: list[float] = []
    for duration in (WARM_SECONDS, seconds):
        times.clear()
        began, used = time.perf_counter(), time.process_time()
        while time.perf_counter() < began + duration:
            turn(times)
    took = time.perf_counter() - began
    cpu = (time.process_time() - used) / took
    return {"rate": len(times) / took, "cpu": cpu, **_percentiles(times)}


def _percentiles(times: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(times, n=100)
    return {"p50_ms": cuts[49] * 1000, "p99_ms": cuts[98] * 1000}


MODES: Final[dict[str, Mode]] = {
    "pairs": pairs,
    "fan": fan,
    "idle": idle,
    "openings": openings,
    "pages": pages,
}


def plan_from(raw: dict[str, Any]) -> Plan:
    """The plan that `plan_text` wrote."""
    lines = [
        Line(**{**line, "opening": [Step(**step) for step in line["opening"]]})
        for line in raw["lines"]
    ]
    return Plan(**{**raw, "lines": lines})


def plan_text(plan: Plan) -> str:
    """A plan, for another process."""
    return json.dumps(attrs.asdict(plan))


def main() -> int:
    plan = plan_from(json.load(sys.stdin))
    try:
        figures = MODES[plan.mode](plan)
    except (BenchError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(" ".join(f"{name}={value:.4f}" for name, value in figures.items()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
