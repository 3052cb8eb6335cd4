"""Names of files: kept, as far as they are harmless."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.files.kinds import ENDINGS, JPEG, PDF, PNG, TEXT
from hub.files.names import MAX_NAME_BYTES, disposition, plain_name, true_name

RUN = (
    "bat", "cmd", "com", "exe", "scr", "pif", "msi", "vbs", "vbe", "js", "jse", "wsf", "hta", "ps1",
    "psm1", "html", "htm", "xhtml", "svg", "url", "lnk", "sh", "bash", "py", "pl", "rb", "jar",
    "desktop", "command", "application", "reg", "scf", "inf", "iso", "docm", "xll", "webloc",
)  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "kind", "name"),
    [
        ("report.pdf", PDF, "report.pdf"),
        ("отчёт за май.pdf", PDF, "отчёт за май.pdf"),
        ("Übung 3.PDF", PDF, "Übung 3.PDF"),
        ("U\u0308bung.pdf", PDF, "Übung.pdf"),
        ('he said "hi".txt', TEXT, 'he said "hi".txt'),
        ("../../etc/passwd", TEXT, "passwd.txt"),
        ("C:\\temp\\a.txt", TEXT, "a.txt"),
        ("/", TEXT, "file.txt"),
        ("", TEXT, "file.txt"),
        ("..", TEXT, "file.txt"),
        (".htaccess", TEXT, "htaccess.txt"),
        ("a\r\nSet-Cookie: x.txt", TEXT, "aSet-Cookie: x.txt"),
        ("a\x00.txt", TEXT, "a.txt"),
        ("photo\u202egnp.exe", PNG, "photognp.png"),
        ("photo.png.exe", PNG, "photo.png"),
        ("photo.png.exe. .", PNG, "photo.png"),
        ("photo.png.exe.bat", PNG, "photo.png.exe.png"),
        ("photo.png", JPEG, "photo.jpg"),
        ("photo.JPEG", JPEG, "photo.JPEG"),
        ("photo.\u0435xe", PNG, "photo.\u0435xe.png"),
        ("notes v1.2", TEXT, "notes v1.2.txt"),
        ("list.csv", TEXT, "list.csv"),
        ("page.html", TEXT, "page.txt"),
        ("👩\u200d👧.txt", TEXT, "👩\u200d👧.txt"),
        ("\u0645\u200c\u062e.txt", TEXT, "\u0645\u200c\u062e.txt"),  # two letters, not joined
        ("a \u3000 b.txt", TEXT, "a b.txt"),
        ("lone \ud800.txt", TEXT, "lone.txt"),
    ],
)
def test_a_name_is_kept_as_far_as_it_is_harmless(sent: str, kind: str, name: str) -> None:
    assert true_name(sent, kind) == name


@pytest.mark.parametrize("kind", ENDINGS)
def test_an_executable_ending_is_replaced_by_the_ending_of_the_kind(kind: str) -> None:
    for ending in RUN:
        for sent in (f"invoice.{ending}", f"invoice.{ending.upper()}", f"invoice.{ending} "):
            assert true_name(sent, kind) == f"invoice{ENDINGS[kind][0]}"


@given(st.text(), st.sampled_from(sorted(ENDINGS)))
def test_every_name_is_harmless_and_is_not_changed_again(sent: str, kind: str) -> None:
    name = true_name(sent, kind)
    assert name.lower().endswith(ENDINGS[kind])
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert not re.search(r"[/\\\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", name)
    assert true_name(name, kind) == name
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", plain_name(name))


def test_a_long_name_keeps_its_ending() -> None:
    for letter in ("x", "ü", "👋"):
        name = true_name(letter * 300 + ".csv", TEXT)
        assert name.endswith(f"{letter}.csv")
        assert MAX_NAME_BYTES - 4 < len(name.encode()) <= MAX_NAME_BYTES


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("my pic.png", "my_pic.png"),
        ("Übung 3.pdf", "Ubung_3.pdf"),
        ("отчёт.pdf", "file.pdf"),
        ('a "b" c.txt', "a_b_c.txt"),
        ("x" * 300 + ".png", "x" * 100 + ".png"),
    ],
)
def test_an_address_ends_with_the_part_of_the_name_that_is_left_in_ascii(
    name: str, plain: str
) -> None:
    assert plain_name(name) == plain


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_can_be_put_into_a_header(name: str) -> None:
    value = disposition("attachment", name)
    found = re.fullmatch(
        r"attachment; filename=\"([ A-Za-z0-9._()+,=@-]*)\"; filename\*=UTF-8''([!-~]*)", value
    )
    assert found is not None
    assert unquote(found[2]) == name
    assert not re.search(r"""[^\w!#$&+.^`|~%-]""", found[2], re.ASCII)
