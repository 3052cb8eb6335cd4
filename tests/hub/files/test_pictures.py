"""Pictures are encoded again, by a worker process that cannot harm the hub."""

import os
import sys
from pathlib import Path

import pytest
import trio
import trio.lowlevel
from PIL import Image, ImageCms
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.files.kinds import GIF, JPEG, PNG, WEBP
from hub.files.pictures import (
    NICENESS,
    THUMBNAIL_PIXELS,
    WAITING_PER_WORKER,
    WORKER_SECONDS,
    Pictures,
    PictureTooLarge,
    PictureUnreadable,
    TooManyPictures,
)
from tests.support.pictures import animated, drawn, opened, photo, png_of_size, saved

LEAST = 19  # the lowest priority
PICTURES = Pictures(1_000_000, 10_000_000, 2)
SCRIPT = PICTURES.command[-1]
WORKER = "exec(compile(open(sys.argv.pop(1)).read(), 'worker', 'exec'))"
FORMATS = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP"}


def programme(text: str, *arguments: object) -> Pictures:
    """Pictures whose one worker is another program."""
    command = (sys.executable, "-I", "-c", text, *map(str, arguments))
    return Pictures(30_000_000, 100_000, 1, command=command)


@pytest.mark.parametrize("kind", FORMATS)
async def test_a_picture_keeps_its_kind_and_looks_as_before(kind: str) -> None:
    picture = await PICTURES.encode(saved(drawn((60, 40)), FORMATS[kind]), kind)
    assert (picture.width, picture.height) == (60, 40)
    result = opened(picture.content)
    assert (result.format, result.size) == (FORMATS[kind], (60, 40))
    for place, colour in (((10, 10), (0, 0, 255)), ((50, 30), (255, 0, 0))):
        found = result.convert("RGB").getpixel(place)
        assert isinstance(found, tuple)
        assert all(abs(a - b) < 12 for a, b in zip(found, colour, strict=True))


async def test_metadata_of_the_camera_is_removed_and_the_picture_is_turned_upright() -> None:
    content = photo()
    assert all(word in content for word in (b"Maker", b"Place", b"Comment"))
    picture = await PICTURES.encode(content, JPEG)
    assert (picture.width, picture.height) == (20, 30)
    for part in (picture.content, picture.thumbnail):
        result = opened(part)
        assert result.size == (20, 30)
        assert not result.getexif()
        assert not any(word in part for word in (b"Exif", b"Maker", b"Place", b"Comment"))
    pixel = opened(picture.content).getpixel((16, 4))
    assert isinstance(pixel, tuple)
    assert pixel[2] > 200  # the blue quarter is in the upper right now


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nothing"]
)
async def test_a_picture_with_broken_exif_is_accepted(exif: bytes) -> None:
    picture = await PICTURES.encode(saved(drawn(), "JPEG", exif=exif), JPEG)
    assert (picture.width, picture.height) == (30, 20)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (PNG, {"pnginfo": True}),
        (GIF, {"comment": b"Comment of somebody"}),
        (WEBP, {"xmp": b"Comment of somebody"}),
        (JPEG, {"xmp": b"Comment of somebody"}),
    ],
)
async def test_no_comment_is_kept(kind: str, options: dict[str, object]) -> None:
    if "pnginfo" in options:
        options = {"pnginfo": _text_chunk()}
    content = saved(drawn(), FORMATS[kind], **options)
    assert b"Comment of somebody" in content
    picture = await PICTURES.encode(content, kind)
    assert b"Comment of somebody" not in picture.content + picture.thumbnail


def _text_chunk() -> object:
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415  a part of the plugin

    info = PngInfo()
    info.add_text("Author", "Comment of somebody")
    return info


async def test_colour_profiles_are_left_out() -> None:
    """Without a profile that can be read, the colours stay as they are."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, b"no profile at all"):
        picture = await PICTURES.encode(saved(drawn(), "PNG", icc_profile=icc), PNG)
        result = opened(picture.content)
        assert "icc_profile" not in result.info
        assert result.convert("RGB").getpixel((29, 19)) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
async def test_every_mode_can_be_encoded(mode: str) -> None:
    image = Image.new("I;16", (30, 20), 30_000) if mode == "I;16" else drawn(mode=mode)
    kind = JPEG if mode == "CMYK" else PNG
    picture = await PICTURES.encode(saved(image, FORMATS[kind]), kind)
    assert opened(picture.content).size == opened(picture.thumbnail).size == (30, 20)
    if mode == "I;16":
        grey = opened(picture.content).convert("L").getpixel((0, 0))
        assert grey == 30_000 // 256


@pytest.mark.parametrize("kind", [PNG, GIF, WEBP])
async def test_transparent_pixels_stay_transparent(kind: str) -> None:
    clear = drawn(mode="RGBA")
    clear.putpixel((29, 19), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 0), (20, 10, 30, 20))
    picture = await PICTURES.encode(saved(clear, FORMATS[kind]), kind)
    for part in (picture.content, picture.thumbnail):
        pixel = opened(part).convert("RGBA").getpixel((28, 18))
        assert isinstance(pixel, tuple)
        assert pixel[3] == 0


@pytest.mark.parametrize("kind", [GIF, WEBP])
async def test_an_animation_keeps_its_frames_and_their_duration(kind: str) -> None:
    colours = ("red", "green", "yellow")
    picture = await PICTURES.encode(animated(FORMATS[kind], colours), kind)
    result = opened(picture.content)
    assert getattr(result, "n_frames", 1) == 3
    assert result.info["loop"] == 0
    shown = []
    for frame, expected in enumerate(((255, 0, 0), (0, 128, 0), (255, 255, 0))):
        result.seek(frame)
        result.load()
        found = result.convert("RGB").getpixel((29, 19))
        assert isinstance(found, tuple)
        shown.append(all(abs(a - b) < 12 for a, b in zip(found, expected, strict=True)))
        assert result.info["duration"] == 70
    assert shown == [True] * 3
    assert not getattr(opened(picture.thumbnail), "is_animated", False)


@pytest.mark.parametrize("size", [(1_000, 500), (300, 900), (481, 3), (100, 100)])
async def test_a_thumbnail_fits_into_its_square(size: tuple[int, int]) -> None:
    picture = await PICTURES.encode(saved(drawn(size)), PNG)
    thumbnail = opened(picture.thumbnail)
    assert thumbnail.format == "WEBP"
    assert max(thumbnail.size) == min(THUMBNAIL_PIXELS, max(size))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png_of_size(60_000, 60_000), PNG),
        (png_of_size(1_001, 1_000), PNG),
        (animated("GIF", ["red", "green", "blue"], (600, 600)), GIF),
        (animated("WEBP", ["red", "green", "blue"], (600, 600)), WEBP),
    ],
)
async def test_a_picture_with_too_many_pixels_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(PictureTooLarge):
        await PICTURES.encode(content, kind)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", PNG),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, PNG),
        (png_of_size(10, 10), PNG),
        (photo()[:400], JPEG),
        (photo(), PNG),
        (b"GIF89a" + b"\xff" * 100, GIF),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 " + b"\xff" * 100, WEBP),
    ],
)
async def test_content_that_is_no_picture_is_unreadable(content: bytes, kind: str) -> None:
    with pytest.raises(PictureUnreadable):
        await PICTURES.encode(content, kind)


async def test_a_picture_that_needs_too_much_memory_is_unreadable() -> None:
    """A worker has as much memory as `max_pixels` need; a lower limit shows that it is enforced."""
    text = f"import sys; sys.argv[5] = '150000000'; {WORKER}"
    small = await programme(text, SCRIPT).encode(saved(drawn()), PNG)
    assert small.width == 30
    with pytest.raises(PictureUnreadable):
        await programme(text, SCRIPT).encode(saved(Image.new("RGB", (6_000, 4_900))), PNG)


@pytest.mark.parametrize(
    "text",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import sys; sys.exit(3)",
        "print()",
        "print('{}')",
        "print('no json')",
        'print(\'{"width": 1, "height": 1, "sizes": [5, 5]}\')',
    ],
)
async def test_a_worker_that_fails_is_an_error_of_one_picture_only(text: str) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(PICTURES.encode, photo(), JPEG)
        with pytest.raises(PictureUnreadable):
            await programme(text).encode(photo(), JPEG)


async def test_a_worker_that_writes_without_end_is_stopped(mock_clock: MockClock) -> None:
    """By the number of bytes: no time passes."""
    with pytest.raises(PictureUnreadable):
        await programme("while True: print('x' * 1_000)").encode(photo(), JPEG)


async def test_the_output_of_a_worker_must_be_a_picture_of_the_same_kind() -> None:
    """Even if an attacker has taken over the worker."""
    text = (
        "import json, sys; page, small = b'<script>', bytes.fromhex(sys.argv[1]);"
        "head = {'width': 1, 'height': 1, 'sizes': [len(page), len(small)]};"
        "sys.stdout.buffer.write(json.dumps(head).encode() + b'\\n' + page + small)"
    )
    thumbnail = saved(drawn(), "WEBP").hex()
    for content, kind in ((photo(), JPEG), (saved(drawn()), PNG)):
        with pytest.raises(PictureUnreadable):
            await programme(text, thumbnail).encode(content, kind)


async def test_a_worker_has_none_of_the_hubs_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLOUR_JWT_SECRET", "secret")
    text = f"import os, sys; assert 'PARLOUR_JWT_SECRET' not in os.environ; {WORKER}"
    assert (await programme(text, SCRIPT).encode(photo(), JPEG)).width == 20


async def test_a_worker_that_takes_too_long_is_killed(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    text = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(999)"
    started = tmp_path / "pid"
    ended: list[str] = []

    async def encode() -> None:
        try:
            await programme(text, started).encode(photo(), JPEG)
        except PictureUnreadable:
            ended.append("unreadable")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(encode)
        while not (started.exists() and started.read_text()):
            await trio.lowlevel.checkpoint()
        mock_clock.jump(WORKER_SECONDS - 1)
        await wait_all_tasks_blocked()
        assert not ended
        mock_clock.jump(2)
    assert ended == ["unreadable"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


async def test_the_workers_that_run_at_a_time_are_limited(tmp_path: Path) -> None:
    """Each makes the same folder, which fails while it exists, and removes it after a moment."""
    text = (
        "import os, sys, time; place = sys.argv.pop(1);"
        f"os.mkdir(place); time.sleep(0.1); {WORKER}; os.rmdir(place)"
    )
    pictures = programme(text, tmp_path / "one", SCRIPT)
    async with trio.open_nursery() as nursery:
        for owner in range(4):
            nursery.start_soon(pictures.encode, photo(), JPEG, owner)


async def test_a_worker_runs_with_a_lower_priority(tmp_path: Path) -> None:
    """From the moment it has a picture: this one waits for it before it reads its priority."""
    seen = tmp_path / "priority"
    text = (
        "import os, sys; sys.stdin.buffer.peek(1); place = sys.argv.pop(1);"
        f"open(place, 'w').write(str(os.getpriority(os.PRIO_PROCESS, 0))); {WORKER}"
    )
    await programme(text, seen, SCRIPT).encode(photo(), JPEG)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert int(seen.read_text()) == min(LEAST, ours + NICENESS)


async def test_pictures_of_one_owner_are_encoded_one_after_another(tmp_path: Path) -> None:
    """So one of another owner is encoded before the rest of them, even with enough workers."""
    text = (
        "import os, sys, time; begun = sys.argv[1];"
        "open(begun + '/' + str(os.getpid()), 'w'); time.sleep(999)"
    )
    command = (sys.executable, "-I", "-c", text, str(tmp_path))
    pictures = Pictures(30_000_000, 100_000, 4, command=command)

    async def running(count: int) -> None:
        while len(list(tmp_path.iterdir())) != count:
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for owner in ("ann", "ann", "ann", "ben"):
            nursery.start_soon(pictures.encode, photo(), JPEG, owner)
        await running(2)
        await wait_all_tasks_blocked()
        await running(2)
        nursery.cancel_scope.cancel()


async def test_the_pictures_that_wait_are_limited() -> None:
    pictures = programme("import time; time.sleep(999)")
    async with trio.open_nursery() as nursery:
        for _ in range(1 + WAITING_PER_WORKER):
            nursery.start_soon(pictures.encode, photo(), JPEG)
        await wait_all_tasks_blocked()
        with pytest.raises(TooManyPictures):
            await pictures.encode(photo(), JPEG)
        nursery.cancel_scope.cancel()
