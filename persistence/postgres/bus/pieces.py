"""Bulletins as payloads of NOTIFY, which are text of less than 8,000 bytes, and back.

Guarantees: an assembled bulletin has the bytes of the original; a bulletin with a missing piece is
lost whole; unfinished bulletins are bounded in number, bytes and time. Must not know: connections.

The first character of a payload is its kind: `t` text, `b` other bytes in base64, `p` a piece of
one of these, with the bulletin's name, the piece's number and the number of pieces.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from attrs import define, field

from persistence.bus import MAX_BYTES

MAX_PAYLOAD: Final = 7_900  # bytes, of the 7,999 that are allowed
MAX_PIECES: Final = 2 * MAX_BYTES // MAX_PAYLOAD
MAX_UNFINISHED: Final = 32
MAX_UNFINISHED_BYTES: Final = 4 * MAX_BYTES
UNFINISHED_SECONDS: Final = 10.0
_CONTINUATION, _CONTINUES = 0xC0, 0x80  # the bytes of UTF-8 that do not begin a character


def to_payloads(data: bytes, name: str) -> Sequence[str]:
    """The payloads of one bulletin.

    Args:
        data: any bytes. If they are not UTF-8, or have a NUL, which a text of Postgres cannot have,
            they become a third larger.
        name: a unique name of this bulletin, up to 40 characters without a dot.
    """
    whole = _as_text(data)
    if len(whole) <= MAX_PAYLOAD:
        return [whole.decode()]
    cuts = [0]
    while cuts[-1] < len(whole):
        cuts.append(_cut(whole, cuts[-1] + MAX_PAYLOAD))
    pieces = [whole[begin:end].decode() for begin, end in pairwise(cuts)]
    return [f"p{name}.{n}.{len(pieces)}.{piece}" for n, piece in enumerate(pieces)]


def _as_text(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return b"b" + b64encode(data)
    return b"b" + b64encode(data) if 0 in data else b"t" + data


def _cut(text: bytes, end: int) -> int:
    """The end of a piece, at `end` or before it, so that no character is cut."""
    while end < len(text) and text[end] & _CONTINUATION == _CONTINUES:
        end -= 1
    return min(end, len(text))


@define
class _Unfinished:
    began: float
    count: int
    pieces: dict[int, str] = field(factory=dict)
    size: int = 0


@define
class Assembly:
    """Assembles bulletins from pieces. `lost`: how many were given up."""

    lost: int = 0
    _unfinished: dict[str, _Unfinished] = field(factory=dict, init=False)  # the oldest first
    _size: int = field(default=0, init=False)

    def add(self, payload: str, now: float) -> bytes | None:
        """The bulletin that a payload holds or completes; None: it is not complete.

        Args:
            payload: as `to_payloads` makes it.
            now: in seconds, never less than before.

        Raises:
            ValueError: no payload of `to_payloads` has this form.
        """
        if not payload.startswith("p"):
            return _from_text(payload)
        name, number, count, piece = payload[1:].split(".", 3)
        whole = self._put(name, int(number), int(count), piece, now)
        return None if whole is None else _from_text(whole)

    def _put(self, name: str, number: int, count: int, piece: str, now: float) -> str | None:
        if not 0 <= number < count <= MAX_PIECES:
            raise ValueError(number)
        self.give_up_old(now)
        unfinished = self._unfinished.setdefault(name, _Unfinished(now, count))
        if unfinished.count != count:
            raise ValueError(count)
        if number not in unfinished.pieces:
            unfinished.pieces[number] = piece
            unfinished.size += len(piece)
            self._size += len(piece)
        if len(unfinished.pieces) == count:
            self._drop(name)
            return "".join(unfinished.pieces[n] for n in range(count))
        while len(self._unfinished) > MAX_UNFINISHED or self._size > MAX_UNFINISHED_BYTES:
            self._give_up()
        return None

    def give_up_old(self, now: float) -> None:
        """Give up the bulletins that have been unfinished for `UNFINISHED_SECONDS`."""
        while self._unfinished:
            oldest = next(iter(self._unfinished.values()))
            if now < oldest.began + UNFINISHED_SECONDS:
                return
            self._give_up()

    def _give_up(self) -> None:
        self._drop(next(iter(self._unfinished)))
        self.lost += 1

    def _drop(self, name: str) -> None:
        self._size -= self._unfinished.pop(name).size


def _from_text(text: str) -> bytes:
    match text[:1]:
        case "t":
            return text[1:].encode()
        case "b":
            return b64decode(text[1:], validate=True)
        case _:
            raise ValueError(text[:1])
