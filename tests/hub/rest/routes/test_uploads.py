"""Files: which are accepted, under which names, and to which users they are served."""

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest

from persistence.interface import Store
from tests.support.clients.http import Reply, form
from tests.support.clients.uploads import PNG, send
from tests.support.pictures import drawn, opened, photo, png_of_size, saved
from tests.support.quiet import until_quiet
from tests.support.school import School, open_school
from tests.support.world import Person, World, open_world


async def test_a_file_is_served_to_users_who_may_see_a_message_with_it(
    store: Store, tmp_path: Path
) -> None:
    async with open_world(store, data_dir=tmp_path) as world:
        school = await open_school(world)
        stored = await send(school.ann, PNG, "my pic.png")
        assert stored.status == 200
        url = stored.json["url"]
        assert stored.json == {
            "url": url, "name": "my pic.png", "size": stored.json["size"], "mimeType": "image/png",
            "width": 4, "height": 3, "thumbnailUrl": f"{url}?size=thumb",
        }  # fmt: skip
        assert url.startswith("/uploads/20")
        assert url.endswith("_my_pic.png")
        mine = await school.ann.ask("GET", url)
        assert (mine.status, len(mine.body)) == (200, stored.json["size"])
        assert opened(mine.body).size == (4, 3)
        assert mine.headers["content-type"] == "image/png"
        assert mine.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in mine.headers["content-security-policy"]
        assert mine.headers["content-disposition"].startswith("inline")
        assert (await school.ben.ask("GET", url)).status == 404
        body = {"channelId": school.dm.id, "content": "see", "type": "image", "fileUrl": url}
        assert (await school.ann.ask("POST", "/api/messages", body)).status == 201
        assert (await school.ben.ask("GET", url)).status == 200
        assert (await school.eve.ask("GET", url)).status == 404
        assert (await world.call("GET", url)).status == 401


@pytest.mark.parametrize(
    "path", ["/api/upload", "/learning_platform/api/upload", "/private_messages/api/upload"]
)
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
async def test_an_upload_without_a_session_is_refused_before_its_body_comes(
    timed_world: World, path: str, kind: str
) -> None:
    """The client sends none of ten megabytes, and gets the response."""
    async with timed_world.connect() as stream:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
        await stream.send_all(f"{head}Content-Length: 10000000\r\n\r\n".encode())
        await until_quiet()
        received = bytes(await stream.receive_some())
    assert received.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in received.lower()


async def test_private_messages_can_have_files_and_parents(store: Store, tmp_path: Path) -> None:
    """With that dialect's cookie alone, below its mount prefix."""
    async with open_world(store, data_dir=tmp_path) as world:
        ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
        body, headers = form(PNG, "cat.png")
        upload = await ann.call("POST", "/private_messages/api/upload", body, headers)
        assert upload.status == 200
        url = upload.json["url"]
        message = {"content": "cat.png", "message_type": "image", "file_url": url}
        sent = await ann.call("POST", f"/private_messages/api/messages/{ben.id}", message)
        assert sent.status == 201
        shown = await ben.call("GET", f"/private_messages{url}")
        assert (shown.status, len(shown.body)) == (200, upload.json["size"])
        assert (await eve.call("GET", f"/private_messages{url}")).status == 404
        assert (await world.call("GET", f"/private_messages{url}")).status == 401
        answer = {"content": "nice", "parent_id": sent.json["id"]}
        assert (await ben.call("POST", f"/api/messages/{ann.id}", answer)).status == 201
        elsewhere = await eve.call("POST", f"/api/messages/{ann.id}", answer)
        assert (elsewhere.status, elsewhere.json["code"]) == (400, "invalid_field")
        for wrong in ({"message_type": "video"}, {"file_url": "file:///etc/passwd"}):
            refused = await ann.call("POST", f"/api/messages/{ben.id}", message | wrong)
            assert (refused.status, refused.json["code"]) == (400, "invalid_field")
        page = (await ann.call("GET", f"/api/messages/{ben.id}")).json
        assert [
            (each["content"], each.get("file_url"), each.get("parent_id")) for each in page
        ] == [("cat.png", url, None), ("nice", None, sent.json["id"])]


async def by_private_message(school: School, url: str) -> str:
    socket = await school.eve.open()
    frame = {"type": "private_message", "recipient_id": school.tea.id, "content": "see"}
    await socket.send({**frame, "message_type": "file", "file_url": url})
    return str((await socket.receive_type("error"))["code"])


async def by_channel_message(school: School, url: str) -> str:
    dm = await school.world.store.channels.dm(school.eve.id, school.tea.id)
    socket = await school.join(school.eve, dm)
    await socket.send(
        {"type": "send_message", "channelId": dm.id, "content": "see", "fileUrl": url}
    )
    return str((await socket.receive_type("error"))["code"])


async def by_private_call(school: School, url: str) -> str:
    body = {"content": "see", "file_url": url}
    return await refusal(school.eve.call, f"/private_messages/api/messages/{school.tea.id}", body)


async def by_learning_call(school: School, url: str) -> str:
    dm = await school.world.store.channels.dm(school.eve.id, school.tea.id)
    body = {"channelId": dm.id, "content": "see", "type": "image", "fileUrl": url}
    return await refusal(school.eve.ask, "/api/messages", body)


async def by_messenger_call(school: School, url: str) -> str:
    eve, tea = school.eve, school.tea
    body = {
        "conversationId": f"conv_{tea.id}_{eve.id}", "senderId": eve.id, "senderName": "eve",
        "recipientId": tea.id, "content": "see", "messageType": "image", "fileUrl": url,
    }  # fmt: skip
    return await refusal(eve.ask, "/api/messagepal/messages", body)


async def refusal(
    call: Callable[..., Awaitable[Reply]], path: str, body: Mapping[str, object]
) -> str:
    reply = await call("POST", path, body)
    assert reply.status == 400, reply.text
    return str(reply.json["code"])


@pytest.mark.parametrize(
    "send_by",
    [by_private_message, by_channel_message, by_private_call, by_learning_call, by_messenger_call],
)
async def test_a_message_that_names_a_file_of_another_user_is_refused_and_gives_no_access(
    memory_store: Store, tmp_path: Path, send_by: Callable[[School, str], Awaitable[str]]
) -> None:
    """Also one that names a file that does not exist."""
    async with open_world(memory_store, data_dir=tmp_path) as world:
        school = await open_school(world)
        url = (await send(school.ann, PNG)).json["url"]
        for named in (url, url.replace("a.png", "b.png")):
            assert await send_by(school, named) == "invalid_field"
        for person in (school.eve, school.tea):
            assert (await person.ask("GET", url)).status == 404
        assert await send_by(school, "/uploads/x/../y") == "invalid_field"


async def test_the_address_of_a_file_cannot_be_guessed(memory_store: Store, tmp_path: Path) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        names = [(await send(ann, b"x", "a.txt")).json["url"].split("/")[-1] for _ in range(20)]
        assert all(re.fullmatch(r"[0-9a-f]{32}_a\.txt", name) for name in names)
        firsts = {name[:8] for name in names}  # made from a counter or a clock they would be alike
        assert len(firsts) == len(names)


async def test_a_file_that_a_browser_could_run_is_served_as_an_attachment(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        url = (await send(ann, b"<script>alert(1)</script>", "page.html")).json["url"]
        reply = await ann.ask("GET", url)
        assert reply.headers["content-type"].startswith("text/plain")
        assert reply.headers["content-disposition"].startswith("attachment")


async def given_name(person: Person, sent: str, content: bytes = b"text") -> tuple[str, str]:
    """The names that a file is downloaded by: for all clients, and for those that read RFC 6266."""
    stored = await send(person, content, sent)
    assert stored.status == 200, stored.text
    reply = await person.ask("GET", stored.json["url"])
    found = re.fullmatch(
        r"(?:attachment|inline); filename=\"([^\"\\]*)\"; filename\*=UTF-8''([!-~]*)",
        reply.headers["content-disposition"],
    )
    assert found is not None, reply.headers["content-disposition"]
    assert stored.json["name"] == unquote(found[2])
    return found[1], unquote(found[2])


@pytest.mark.parametrize(
    ("sent", "plain", "true"),
    [
        ("отчёт за май.txt", "_____ __ ___.txt", "отчёт за май.txt"),
        ("Übung 3.txt", "Ubung 3.txt", "Übung 3.txt"),
        ("he said %22hi%22.txt", "he said _hi_.txt", 'he said "hi".txt'),
        ("a%0D%0AX-Evil: 1.txt", "aX-Evil_ 1.txt", "aX-Evil: 1.txt"),
        ("50%, 100%.txt", "50_, 100_.txt", "50%, 100%.txt"),
        ("../../etc/passwd", "passwd.txt", "passwd.txt"),
        ("C:\\\\Users\\\\ann\\\\list.csv", "list.csv", "list.csv"),
        ("invoice.bat", "invoice.txt", "invoice.txt"),
        ("notes \u202etxt.exe", "notes txt.txt", "notes txt.txt"),
    ],
)
async def test_a_file_is_served_under_its_sanitized_name(
    store: Store, tmp_path: Path, sent: str, plain: str, true: str
) -> None:
    async with open_world(store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        assert await given_name(ann, sent) == (plain, true)


async def test_a_picture_is_served_with_the_ending_of_its_kind(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        assert await given_name(ann, "photo.png.exe", PNG) == ("photo.png", "photo.png")
        assert await given_name(ann, "photo.html", PNG) == ("photo.png", "photo.png")


async def test_a_text_file_is_served_with_its_encoding(memory_store: Store, tmp_path: Path) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        for encoding, charset in (
            ("utf-16", "utf-16"),
            ("latin-1", "windows-1252"),
            ("utf-8", "utf-8"),
        ):
            content = "Grüße".encode(encoding)
            stored = await send(ann, content, "a.txt")
            assert (stored.status, stored.json["mimeType"]) == (200, "text/plain")
            reply = await ann.ask("GET", stored.json["url"])
            assert reply.body == content
            assert reply.headers["content-type"] == f"text/plain; charset={charset}"


async def test_files_of_the_same_name_are_kept_apart(memory_store: Store, tmp_path: Path) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        urls = [(await send(ann, f"text {n}".encode(), "a.txt")).json["url"] for n in range(5)]
        assert len(set(urls)) == 5
        bodies = [(await ann.ask("GET", url)).body for url in urls]
        assert bodies == [f"text {n}".encode() for n in range(5)]


async def test_invalid_uploads_are_refused(memory_store: Store, tmp_path: Path) -> None:
    async with open_world(memory_store, data_dir=tmp_path, max_upload_bytes=1_000) as world:
        ann = await world.person("ann")
        for content, name, field, code in (
            (b"MZ\x90\x00", "a.exe", "file", "file_type_refused"),
            (b"", "a.txt", "file", "file_empty"),
            (b"x" * 1_001, "a.txt", "file", "file_too_large"),
            (b"x", "a.txt", "other", "file_missing"),
        ):
            reply = await send(ann, content, name, field)
            assert (reply.status, reply.json["code"]) == (400, code)
        assert (await send(ann, b"x" * 40_000)).status == 413
        reply = await ann.ask("POST", "/api/upload", {"file": "x"})
        assert (reply.status, reply.json["code"]) == (400, "file_missing")
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        reply = await ann.ask("POST", "/api/upload", b"--y\r\nnonsense", headers)
        assert reply.status == 400
        assert not (tmp_path / "uploads").exists()


async def test_files_of_up_to_ten_mebibytes_are_accepted(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        content = b"x" * 10 * 1_048_576
        stored = await send(ann, content, "a.txt")
        assert (stored.status, stored.json["size"]) == (200, 10 * 1_048_576)
        assert (await ann.ask("GET", stored.json["url"])).body == content
        assert (await send(ann, content + b"x", "a.txt")).json["code"] == "file_too_large"


async def test_a_file_is_served_in_parts_and_again_only_when_it_has_changed(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        content = bytes(range(32, 127)) * 3
        url = (await send(ann, content, "a.txt")).json["url"]
        whole = await ann.ask("GET", url)
        assert (whole.status, whole.body) == (200, content)
        assert whole.headers["accept-ranges"] == "bytes"
        tag, date = whole.headers["etag"], whole.headers["last-modified"]

        async def ask(method: str = "GET", **headers: str) -> Reply:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await ann.ask(method, url, headers=named)

        part = await ask(Range="bytes=10-19")
        assert (part.status, part.body) == (206, content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(content)}"
        assert (part.headers["etag"], part.headers["content-length"]) == (tag, "10")
        parts = await ask(Range="bytes=0-1, -2")
        assert parts.status == 206
        assert parts.headers["content-type"].startswith("multipart/byteranges; boundary=")
        assert len(parts.body) == int(parts.headers["content-length"])
        beyond = await ask(Range="bytes=5000-")
        assert (beyond.status, beyond.json["code"]) == (416, "range_not_satisfiable")
        assert beyond.headers["content-range"] == f"bytes */{len(content)}"
        for ignored in ("lines=0-1", "bytes=9-0", "bytes=x"):
            assert (await ask(Range=ignored)).body == content
        assert (await ask(Range="bytes=0-1", If_Range='"old"')).body == content
        assert (await ask(Range="bytes=0-1", If_Range=date)).status == 206
        for known in ({"If_None_Match": f"W/{tag}"}, {"If_Modified_Since": date}):
            assert (await ask(**known)).status == 304
            assert (await ask(Range="bytes=0-1", **known)).status == 304
        other = await ask(If_Match='"old"')
        assert (other.status, other.json["code"]) == (412, "precondition_failed")
        head = await ask("HEAD", Range="bytes=0-1")
        assert (head.status, head.headers["content-length"]) == (200, str(len(content)))
        stranger = await world.person("eve")
        assert (await stranger.ask("GET", url, headers={"If-None-Match": tag})).status == 404


async def test_the_right_to_a_cached_file_is_checked_with_every_request(
    store: Store, tmp_path: Path
) -> None:
    """A browser keeps the file and validates it each time, also for the browser's next user."""
    async with open_world(store, data_dir=tmp_path) as world:
        school = await open_school(world)
        url = (await send(school.ann, b"text", "a.txt")).json["url"]
        body = {"channelId": school.dm.id, "content": "see", "type": "file", "fileUrl": url}
        sent = await school.ann.ask("POST", "/api/messages", body)
        got = await school.ben.ask("GET", url)
        assert got.headers["cache-control"] == "private, no-cache"
        known = {"If-None-Match": got.headers["etag"]}
        same = await school.ben.ask("GET", url, headers=known)
        assert (same.status, same.headers["cache-control"]) == (304, "private, no-cache")
        assert (await school.eve.ask("GET", url, headers=known)).status == 404
        assert (await world.call("GET", url, headers=known)).status == 401
        assert (await school.ann.ask("DELETE", f"/api/messages/{sent.json['id']}")).status == 200
        assert (await school.ben.ask("GET", url, headers=known)).status == 404


async def test_a_picture_is_stored_without_the_metadata_of_the_camera(
    store: Store, tmp_path: Path
) -> None:
    async with open_world(store, data_dir=tmp_path) as world:
        school = await open_school(world)
        stored = await send(school.ann, photo(), "photo.jpeg")
        url = stored.json["url"]
        assert (stored.json["width"], stored.json["height"]) == (20, 30)
        for path in tmp_path.rglob("*.*"):
            assert b"Place where it was taken" not in path.read_bytes()
        got = await school.ann.ask("GET", url)
        assert opened(got.body).size == (20, 30)
        assert got.headers["content-disposition"].startswith('inline; filename="photo.jpeg"')
        kept = await world.store.uploads.visible(school.ann.id, url)
        assert kept is not None
        assert (kept.width, kept.height, kept.size) == (20, 30, len(got.body))


async def test_a_thumbnail_is_served_to_users_who_may_see_the_picture(
    store: Store, tmp_path: Path
) -> None:
    async with open_world(store, data_dir=tmp_path) as world:
        school = await open_school(world)
        stored = (await send(school.ann, saved(drawn((2_000, 1_000))), "big.png")).json
        url, thumbnail = stored["url"], stored["thumbnailUrl"]
        got = await school.ann.ask("GET", thumbnail)
        assert opened(got.body).size == (480, 240)
        assert got.headers["content-type"] == "image/webp"
        assert got.headers["content-disposition"].startswith('inline; filename="big.webp"')
        assert got.headers["cache-control"] == "private, no-cache"
        known = {"If-None-Match": got.headers["etag"]}
        assert (await school.ann.ask("GET", thumbnail, headers=known)).status == 304
        assert (await school.ben.ask("GET", thumbnail)).status == 404
        assert (await world.call("GET", thumbnail)).status == 401
        body = {"channelId": school.dm.id, "content": "see", "type": "image", "fileUrl": url}
        sent = (await school.ann.ask("POST", "/api/messages", body)).json
        assert (await school.ben.ask("GET", thumbnail)).body == got.body
        assert (await school.eve.ask("GET", thumbnail, headers=known)).status == 404
        assert (await school.ann.ask("DELETE", f"/api/messages/{sent['id']}")).status == 200
        assert (await school.ann.ask("GET", thumbnail)).status == 404
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_a_file_without_a_thumbnail_is_served_in_its_place(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        stored = (await send(ann, b"text", "a.txt")).json
        assert not {"width", "height", "thumbnailUrl"} & stored.keys()
        assert (await ann.ask("GET", f"{stored['url']}?size=thumb")).body == b"text"


async def test_a_picture_that_cannot_be_decoded_is_refused_and_the_next_is_accepted(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_world(memory_store, data_dir=tmp_path, max_image_pixels=1_000_000) as world:
        ann = await world.person("ann")
        for content, code in (
            (png_of_size(60_000, 60_000), "image_too_large"),
            (PNG[:50], "image_unreadable"),
        ):
            refused = await send(ann, content)
            assert (refused.status, refused.json["code"]) == (400, code)
        assert not (tmp_path / "uploads").exists()
        assert (await send(ann, PNG)).status == 200


async def test_a_file_is_removed_from_disk_with_the_last_message_that_names_it(
    store: Store, tmp_path: Path
) -> None:
    async with open_world(store, data_dir=tmp_path) as world:
        school = await open_school(world)
        ann, ben = school.ann, school.ben
        url = (await send(ann, b"text", "a.txt")).json["url"]
        sent = []
        for author, reader in ((ann, ben), (ben, ann)):
            body = {"content": "see", "message_type": "file", "file_url": url}
            path = f"/private_messages/api/messages/{reader.id}"
            sent.append((await author.call("POST", path, body)).json["id"])
        assert (await ann.ask("DELETE", f"/api/messages/{sent[0]}")).status == 200
        assert (tmp_path / url[1:]).exists()
        assert (await ben.ask("GET", url)).status == 200
        assert (await ben.ask("DELETE", f"/api/messages/{sent[1]}")).status == 200
        assert not (tmp_path / url[1:]).exists()
        for person in (ann, ben):
            assert (await person.ask("GET", url)).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/uploads/2024-01-01/x.png",
        "/uploads/../etc/passwd",
        "/uploads/%2e%2e/%2e%2e",
        "/uploads/a/%00",
    ],
)
async def test_a_file_that_was_never_stored_is_404(
    memory_store: Store, tmp_path: Path, path: str
) -> None:
    async with open_world(memory_store, data_dir=tmp_path) as world:
        ann = await world.person("ann")
        assert (await ann.ask("GET", path)).status == 404
