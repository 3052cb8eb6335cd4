"""Client-side WebSocket frames, built independently of the code under test (RFC 6455 section 5)."""

import zlib

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
COMPRESSED = 0x40  # with the opcode of a message's first frame (RFC 7692 section 6)


def client_frame(
    opcode: int, payload: bytes = b"", *, final: bool = True, mask: bytes = b"\x01\x02\x03\x04"
) -> bytes:
    """A masked frame with the shortest length encoding."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 65_536:
        length = bytes((0x80 | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((0x80 | 127,)) + size.to_bytes(8, "big")
    first = (0x80 if final else 0) | opcode
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes((first,)) + length + mask + masked


def text(content: str) -> bytes:
    """A final text frame."""
    return client_frame(TEXT, content.encode())


def deflated(payload: bytes) -> bytes:
    """The payload of a compressed message (RFC 7692 section 7.2.1)."""
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
        b"\0\0\xff\xff"
    )


def inflated(payload: bytes) -> bytes:
    """A message, from a payload that was compressed independently of all others."""
    return zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")


def server_frames(data: bytes, *, agreed: bool = False) -> list[tuple[int, bytes]]:
    """(opcode, payload) of each unmasked frame in `data`, which must end with a whole frame.

    `agreed`: whether messages may be compressed.
    """
    frames: list[tuple[int, bytes]] = []
    while data:
        size, at = data[1] & 0x7F, 2
        assert not data[1] & 0x80, "a server never masks"
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(data[2:10], "big"), 10
        assert len(data) >= at + size, "a frame was cut"
        assert not data[0] & (0x30 if agreed else 0x70), "a bit was set that was not agreed on"
        payload = data[at : at + size]
        frames.append((data[0] & 0x0F, inflated(payload) if data[0] & COMPRESSED else payload))
        data = data[at + size :]
    return frames
