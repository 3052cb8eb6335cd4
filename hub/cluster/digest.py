"""A digest of the users at a node, which two nodes compare.

Guarantees: it is the same in every process, whatever the order of arrivals. Must not know: what it
is compared for.
"""

from typing import Final

from hub.cluster.bulletins import Key, Seat

_BITS: Final = (1 << 63) - 1


def mark(key: Key) -> int:
    """The part of one key in the digest: 63 bits; the digest is the exclusive or of all parts."""
    if isinstance(key, Seat):
        return _mixed(_mixed(key.channel_id) + key.user_id)
    return _mixed(key)


def _mixed(number: int) -> int:
    """As splitmix64 does it."""
    number = (number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (number ^ (number >> 31)) & _BITS
