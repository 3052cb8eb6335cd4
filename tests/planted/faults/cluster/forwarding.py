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
        "a request for another node's session is not forwarded",
        FORWARDER,
        "return name if separator and name != self._nodes.name else None",
        "return None",
        BY_FORWARDER,
    ),
    Fault(
        "a node forwards requests for its own sessions to itself",
        FORWARDER,
        "return name if separator and name != self._nodes.name else None",
        "return name if separator else None",
        BY_FORWARDER,
    ),
    Fault(
        "a forwarded request goes on when its node has died",
        FORWARDER,
        "if node.start not in living:",
        "if node.start in ():",
        BY_FORWARDER,
    ),
    Fault(
        "a forwarded request goes on when this node stops",
        SERVER,
        "            self.forwarder.close_all()",
        "            pass",
        BY_FORWARDER,
    ),
    Fault(
        "a forwarded response loses its Cache-Control header",
        FORWARDER,
        'b"content-type", b"cache-control", b"retry-after"',
        'b"content-type", b"retry-after"',
        BY_FORWARDER,
    ),
    Fault(
        "a node that cannot be reached is not logged",
        FORWARDER,
        "        if now >= self._says_at:",
        "        if now < self._says_at:",
        BY_FORWARDER,
    ),
    Fault(
        "a forwarded request with a forged signature is accepted",
        SIGNATURE,
        "if not line.is_signed_with(self._key, head):",
        "if not line.is_signed_with(self._key, head) and not head:",
        (*BY_SIGNATURE, *BY_LISTENER),
    ),
    Fault(
        "the head of a forwarded request is not covered by the signature",
        SIGNATURE,
        'signed + b"\\n" + head',
        "signed",
        BY_SIGNATURE,
    ),
    Fault(
        "a forwarded request with an old signature is accepted",
        SIGNATURE,
        "if abs(age) > VALID_SECONDS:",
        "if age < -VALID_SECONDS:",
        (*BY_SIGNATURE, *BY_LISTENER),
    ),
    Fault(
        "a request forwarded to another node is accepted",
        SIGNATURE,
        "if line.to != self.node:",
        "if not line.to:",
        (*BY_SIGNATURE, *BY_LISTENER),
    ),
    Fault(
        "a refused forwarded request is not logged",
        LISTENER,
        "        if now >= self._says_at:",
        "        if now < self._says_at:",
        BY_LISTENER,
    ),
    Fault(
        "a forwarded request gets the address of the forwarding node as its peer",
        LISTENER,
        "self.serve_client(transport, forwarded.peer,",
        "self.serve_client(transport, peer,",
        BY_LISTENER,
    ),
    Fault(
        "every account of the machine may forward requests to the node",
        LISTENER,
        "MODE: Final = 0o600",
        "MODE: Final = 0o666",
        BY_LISTENER,
    ),
    Fault(
        "a socket file that another node has just created is removed",
        "hub/sockets/addresses.py",
        "if time.time() - path.stat().st_mtime > NEW_SECONDS and _is_stale(path):",
        "if _is_stale(path):",
        BY_LISTENER,
    ),
    Fault(
        "a node that has just started is not found",
        NODE,
        "if self._known(name, start) is None and now >= self._looks_at:",
        "if self._known(name, start) is not None:",
        BY_NODE,
    ),
    Fault(
        "each unknown node name causes a lookup of the nodes",
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
        "a late takeover closes a connection that began after it",
        TAKEOVERS,
        "if _microseconds(slip) < each.since:",
        "if each.since:",
        BY_TAKEOVERS,
    ),
    Fault(
        "each start of a node is logged as an attack by the others",
        LISTENER,
        "                if not received:\n                    return",
        "                if received is None:\n                    return",
        BY_LISTENER,
    ),
)
