"""Planted where nodes forward the requests of sessions, and where these are recovered."""

from typing import Final

from tests.planted.fault import Fault

FORWARDER: Final = "hub/engineio/forwarding/forwarder.py"
LISTENER: Final = "hub/engineio/forwarding/listener.py"
SIGNATURE: Final = "hub/engineio/forwarding/signature.py"
SERVER: Final = "hub/engineio/server.py"
NODE: Final = "hub/cluster/node.py"
TAKEOVERS: Final = "hub/socketio/takeovers.py"
BY_FORWARDER: Final = ("tests/hub/engineio/forwarding/test_forwarder.py",)
BY_LISTENER: Final = ("tests/hub/engineio/forwarding/test_listener.py",)
BY_SIGNATURE: Final = ("tests/hub/engineio/forwarding/test_signature.py",)
BY_NODE: Final = ("tests/hub/cluster/test_node.py",)
BY_TAKEOVERS: Final = ("tests/hub/socketio/test_takeovers.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a request of another node's session is not forwarded",
        FORWARDER,
        "return name if separator and name != self._nodes.name else None",
        "return None",
        BY_FORWARDER,
    ),
    Fault(
        "a node forwards to itself",
        FORWARDER,
        "return name if separator and name != self._nodes.name else None",
        "return name if separator else None",
        BY_FORWARDER,
    ),
    Fault(
        "what is forwarded goes on when its node has died",
        FORWARDER,
        "if node.start not in living:",
        "if node.start in ():",
        BY_FORWARDER,
    ),
    Fault(
        "what is forwarded goes on when this node stops",
        SERVER,
        "            self.forwarder.close_all()",
        "            pass",
        BY_FORWARDER,
    ),
    Fault(
        "a response that was forwarded may be cached",
        FORWARDER,
        'b"content-type", b"cache-control", b"retry-after"',
        'b"content-type", b"retry-after"',
        BY_FORWARDER,
    ),
    Fault(
        "a node that is not reached leaves no line in the log",
        FORWARDER,
        "        if now >= self._says_at:",
        "        if now < self._says_at:",
        BY_FORWARDER,
    ),
    Fault(
        "a forged signature of what is forwarded is accepted",
        SIGNATURE,
        "if not line.is_signed_with(self._key, head):",
        "if not line.is_signed_with(self._key, head) and not head:",
        (*BY_SIGNATURE, *BY_LISTENER),
    ),
    Fault(
        "the head of what is forwarded is not signed",
        SIGNATURE,
        'signed + b"\\n" + head',
        "signed",
        BY_SIGNATURE,
    ),
    Fault(
        "an old signature of what is forwarded is accepted",
        SIGNATURE,
        "if abs(age) > VALID_SECONDS:",
        "if age < -VALID_SECONDS:",
        (*BY_SIGNATURE, *BY_LISTENER),
    ),
    Fault(
        "what is forwarded to another node is accepted",
        SIGNATURE,
        "if line.to != self.node:",
        "if not line.to:",
        (*BY_SIGNATURE, *BY_LISTENER),
    ),
    Fault(
        "what is refused of what is forwarded leaves no line in the log",
        LISTENER,
        "        if now >= self._says_at:",
        "        if now < self._says_at:",
        BY_LISTENER,
    ),
    Fault(
        "what is forwarded seems to come from its node",
        LISTENER,
        "self.serve_client(transport, forwarded.peer,",
        "self.serve_client(transport, peer,",
        BY_LISTENER,
    ),
    Fault(
        "every account of the machine may forward",
        LISTENER,
        "MODE: Final = 0o600",
        "MODE: Final = 0o666",
        BY_LISTENER,
    ),
    Fault(
        "a socket that another node is about to listen on is removed",
        "hub/sockets/addresses.py",
        "if time.time() - path.stat().st_mtime > NEW_SECONDS and _is_stale(path):",
        "if _is_stale(path):",
        BY_LISTENER,
    ),
    Fault(
        "a node that has just begun is not found",
        NODE,
        "if self._known(name, start) is None and now >= self._looks_at:",
        "if self._known(name, start) is not None:",
        BY_NODE,
    ),
    Fault(
        "nodes are looked up for every name that is asked for",
        NODE,
        "if self._known(name, start) is None and now >= self._looks_at:",
        "if self._known(name, start) is None:",
        BY_NODE,
    ),
    Fault(
        "a connection that is recovered at another node stays open",
        TAKEOVERS,
        "        self._elsewhere.took_over(Takeover(key, _microseconds(slip)))\n",
        "",
        BY_TAKEOVERS,
    ),
    Fault(
        "a takeover that comes late closes the connection that goes on",
        TAKEOVERS,
        "if _microseconds(slip) < each.since:",
        "if each.since:",
        BY_TAKEOVERS,
    ),
    Fault(
        "each start of a node is an attack in the log of the others",
        LISTENER,
        "                if not received:\n                    return",
        "                if received is None:\n                    return",
        BY_LISTENER,
    ),
)
