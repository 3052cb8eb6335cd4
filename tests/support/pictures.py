"""Pictures for tests, made when they are asked for."""

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageDraw

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def drawn(size: tuple[int, int] = (30, 20), mode: str = "RGB", colour: str = "red") -> Image.Image:
    """A coloured square, whose upper left quarter is blue."""
    image = Image.new("RGBA", size, colour)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1] // 2 - 1), "blue")
    return image.convert(mode)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file of a format of Pillow's."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def animated(kind: str, colours: Sequence[str], size: tuple[int, int] = (30, 20)) -> bytes:
    """One frame of each colour, 70 ms each, again and again."""
    first, *others = [drawn(size, colour=colour) for colour in colours]
    return saved(first, kind, save_all=True, append_images=others, duration=70, loop=0)


def opened(content: bytes) -> Image.Image:
    """The picture in a file."""
    image: Image.Image = Image.open(BytesIO(content))
    image.load()
    return image


def photo() -> bytes:
    """A JPEG with metadata: the camera lay on its side, and the place is noted."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "Maker of the camera"
    exif.get_ifd(0x8825)[29] = "Place where it was taken"  # of GPS
    return saved(drawn(), "JPEG", exif=exif, comment=b"Comment of the camera", quality=95)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header gives these dimensions, without any pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )
