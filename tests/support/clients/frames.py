"""Client-side WebSocket frames, built independently of the code under test (RFC 6455 section 5)."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


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


def server_frames(data: bytes) -> list[tuple[int, bytes]]:
    """(opcode, payload) of each unmasked frame in `data`, which must end with a whole frame."""
    frames: list[tuple[int, bytes]] = []
    while data:
        size, at = data[1] & 0x7F, 2
        assert not data[1] & 0x80, "a server never masks"
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(data[2:10], "big"), 10
        assert len(data) >= at + size, "a frame was cut"
        frames.append((data[0] & 0x0F, data[at : at + size]))
        data = data[at + size :]
    return frames
