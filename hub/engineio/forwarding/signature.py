r"""The line before a request that one node forwards to another: where the request came from, and a
signature with the key that the nodes of a database share.

Guarantees: what is read was written by a node that has the key, for this node, within
`VALID_SECONDS`, and with this head of a request to the last byte, so with its session id. Must not
know: sockets, sessions.

    parlour-forwarded 1 TIME TO PEER SCHEME BYTES SIGNATURE\n

TIME: seconds since 1970; TO: the name of the node; PEER, SCHEME: of the client's connection; BYTES:
of the head, which follows; SIGNATURE: HMAC-SHA256 of all of it in hexadecimal digits.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final

from attrs import frozen

VALID_SECONDS: Final = 30.0  # by which the clocks of two machines may differ
MAX_LINE_BYTES: Final = 256
MAX_HEAD_BYTES: Final = 65_536
_LINE: Final = re.compile(
    rb"(parlour-forwarded 1 ([0-9]{1,12}) ([a-z0-9-]{1,32}) ([0-9A-Za-z.:]{1,45}) (https?)"
    rb" ([0-9]{1,5})) ([0-9a-f]{64})\n",
    re.ASCII,
)


class NotForwarded(Exception):
    """The bytes were not forwarded to this node by another one; the text says why."""


@frozen
class Forwarded:
    """A request that a node has forwarded.

    Args:
        to: the node that it is for.
        peer: the address from which the client's connection came.
        scheme: "http" or "https", of that connection.
        head: the request's head, as bytes.
    """

    to: str
    peer: str
    scheme: str
    head: bytes


@frozen
class Line:
    """A line that was read, whose signature is not verified yet. `head_bytes`: the length of the
    head that follows it.
    """

    time: int
    to: str
    peer: str
    scheme: str
    head_bytes: int
    _signed: bytes
    _signature: bytes

    @classmethod
    def of(cls, data: bytes) -> "Line":
        """The line, with its end.

        Raises:
            NotForwarded: it is none.
        """
        found = _LINE.fullmatch(data)
        if found is None:
            raise NotForwarded("it is not signed")
        signed, time, to, peer, scheme, size, signature = found.groups()
        if int(size) > MAX_HEAD_BYTES:
            raise NotForwarded("its head is too large")
        to, peer, scheme = (each.decode() for each in (to, peer, scheme))
        return cls(int(time), to, peer, scheme, int(size), signed, signature)

    def is_signed_with(self, key: bytes, head: bytes) -> bool:
        """Whether this line and this head were signed with the key."""
        return hmac.compare_digest(_sign(key, self._signed, head), self._signature)


@frozen
class Signer:
    """Signs and verifies.

    Args:
        node: the name of this node.
        key: the key that the nodes share.
        now: seconds since 1970.
    """

    node: str
    _key: bytes
    _now: Callable[[], float]

    def sign(self, forwarded: Forwarded) -> bytes:
        """The line and the head, as they are sent."""
        signed = (
            f"parlour-forwarded 1 {int(self._now())} {forwarded.to} {forwarded.peer}"
            f" {forwarded.scheme} {len(forwarded.head)}"
        ).encode()
        return b"%s %s\n%s" % (signed, _sign(self._key, signed, forwarded.head), forwarded.head)

    def verify(self, line: Line, head: bytes) -> Forwarded:
        """The forwarded request in a line and a head.

        Raises:
            NotForwarded: it was not signed by a node of this database, is too old, or is for
                another node.
        """
        if not line.is_signed_with(self._key, head):
            raise NotForwarded("its signature is wrong")
        age = self._now() - line.time
        if abs(age) > VALID_SECONDS:
            raise NotForwarded(f"it was signed {age:.0f} s ago; do the clocks of the nodes differ?")
        if line.to != self.node:
            raise NotForwarded(f"it is for the node {line.to}")
        return Forwarded(line.to, line.peer, line.scheme, head)


def _sign(key: bytes, signed: bytes, head: bytes) -> bytes:
    return hmac.new(key, signed + b"\n" + head, hashlib.sha256).hexdigest().encode()
