"""A program that decodes one picture and encodes it again. `hub.files.pictures` runs it.

    python -I picture_worker.py KIND PIXELS SIDE MEMORY SECONDS < picture > output

The output is a line of JSON, `{"width", "height", "sizes"}` or `{"error"}`, then the picture and
its thumbnail, in WebP, which fits into a square of SIDE pixels.

Guarantees: the output has only pixels, turned as EXIF says and in the colours of sRGB, and no
metadata; animations (GIF, WebP) keep their frames, other files of several pictures the first one.
It takes at most MEMORY bytes and SECONDS of processor time, writes no file, and reports `too_large`
instead of decoding more than PIXELS, counted over all frames. Must not know: the hub, of which it
imports nothing, so that it starts quickly.
"""

import json
import resource
import struct
import sys
from io import BytesIO
from typing import Any, Final

from PIL import (
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    ImageOps,
    ImageSequence,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

PLUGINS: Final = {
    "JPEG": JpegImagePlugin,
    "PNG": PngImagePlugin,
    "GIF": GifImagePlugin,
    "WEBP": WebPImagePlugin,
}
"""Imported here, so that Pillow does not import all of its plugins. No other format is tried."""

QUALITY: Final = 88
THUMBNAIL_QUALITY: Final = 80
LOSSLESS: Final = b"VP8L"
_OPEN_FILES: Final = 32  # Pillow imports what it needs when it needs it
_MODES: Final = {
    "JPEG": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "GIF": ("L", "P", "RGB", "RGBA"),
    "WEBP": ("RGB", "RGBA"),
}
_BAD_EXIF: Final = (KeyError, SyntaxError, TypeError, ValueError, struct.error)
_COLOURED: Final = ("RGB", "RGBA", "CMYK")


class TooLargeError(Exception):
    """More pixels than are decoded."""


def encoded(content: bytes, kind: str, pixels: int, side: int) -> tuple[dict[str, Any], bytes]:
    """The head and the body of the output.

    Raises:
        TooLargeError: the picture has more pixels than that.
        Exception: whatever Pillow raises for content that is no picture.
    """
    Image.MAX_IMAGE_PIXELS = None  # the check below is exact
    source = Image.open(BytesIO(content), formats=[kind])
    frames = int(getattr(source, "n_frames", 1)) if kind in ("GIF", "WEBP") else 1
    if source.width * source.height * frames > pixels:
        raise TooLargeError
    if frames > 1:
        first, picture = _animated(source, kind)
    else:
        first = _still(source, kind)
        picture = _saved(first, kind, **_options(content, kind))
    thumbnail = _thumbnail(first, side)
    sizes = [len(picture), len(thumbnail)]
    return {"width": first.width, "height": first.height, "sizes": sizes}, picture + thumbnail


def _still(source: ImageFile.ImageFile, kind: str) -> Image.Image:
    try:
        turned: Image.Image = ImageOps.exif_transpose(source)
    except _BAD_EXIF:
        turned = source.copy()
    source.close()
    return _plain(_in_srgb(turned), kind)


def _animated(source: ImageFile.ImageFile, kind: str) -> tuple[Image.Image, bytes]:
    frames: list[Image.Image] = []
    durations: list[int] = []
    loop = source.info.get("loop")
    for frame in ImageSequence.Iterator(source):
        copied = frame.copy()  # this loads it, and its duration is known only then
        durations.append(int(copied.info.get("duration", 0)))
        frames.append(_plain(copied, kind))
    options = {} if loop is None else {"loop": loop}
    if kind == "WEBP":
        options |= {"quality": QUALITY, "method": 0}
    else:
        options |= {"disposal": 2}
    first, *others = frames
    saved = _saved(first, kind, save_all=True, append_images=others, duration=durations, **options)
    return first, saved


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as browsers show them. A profile that cannot be read is left out."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in _COLOURED:
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        srgb = ImageCms.createProfile("sRGB")
        turned = ImageCms.profileToProfile(image, source, srgb, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if turned is None else turned


def _plain(image: Image.Image, kind: str) -> Image.Image:
    """The picture in a mode that the kind has, with no data beside its pixels but transparency."""
    transparency = image.info.get("transparency")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * (1 / 256)).convert("L")  # 16 bits
        transparency = None
    if image.mode not in _MODES[kind]:
        image = image.convert("RGB")  # only of JPEG: CMYK; other kinds have no further modes
        transparency = None
    image.info = {} if transparency is None else {"transparency": transparency}
    return image


def _options(content: bytes, kind: str) -> dict[str, Any]:
    match kind:
        case "JPEG":
            return {"quality": QUALITY, "optimize": True, "progressive": True}
        case "WEBP":
            return {"quality": QUALITY, "lossless": content[12:16] == LOSSLESS}
        case _:
            return {}


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401  Pillow's own
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _thumbnail(image: Image.Image, side: int) -> bytes:
    has_alpha = "A" in image.mode or "transparency" in image.info
    small = image.convert("RGBA" if has_alpha else "RGB")
    small.info = {}
    small.thumbnail((side, side))
    return _saved(small, "WEBP", quality=THUMBNAIL_QUALITY)


def main(kind: str, pixels: str, side: str, memory: str, seconds: str) -> None:
    """Read a picture, write the output."""
    for name, limit in (
        (resource.RLIMIT_AS, int(memory)),
        (resource.RLIMIT_CPU, int(seconds)),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (limit, limit))
    body = b""
    try:
        head, body = encoded(sys.stdin.buffer.read(), kind, int(pixels), int(side))
    except TooLargeError:
        head = {"error": "too_large"}
    except Exception:  # noqa: BLE001  whatever a broken picture does to a decoder
        head = {"error": "unreadable"}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + body)


if __name__ == "__main__":
    main(*sys.argv[1:])
