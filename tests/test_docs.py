"""The documentation matches the code: files, anchors, frames, errors, calls, defaults."""

import ast
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from hub.cli.main import parlour
from hub.settings.config import SETTINGS
from protocol import errors
from protocol.errors import ERROR_TEXTS, CloseReason, ErrorCode
from tests.support.documents.dialect_pages import (
    COMMON,
    DIALECTS,
    JSON_DIALECTS,
    REST_PAGES,
    body_fields,
    decoded_client_fields,
    decoded_client_frames,
    documented_as_never_sent,
    documented_calls,
    documented_client_fields,
    documented_client_frames,
    documented_errors,
    documented_server_frames,
    encoded_server_frames,
    offered_calls,
    page_of,
    shown_text,
)
from tests.support.documents.pages import (
    PAGES,
    ROOT,
    anchors,
    code_words,
    links,
    name_of,
    rows,
    section,
)

ELSEWHERE: Final = (
    r"\b[Cc]ontract (?:section )?[A-Z]\b|\b[Ss]eeds? 0\d|\b[Dd]ialect [A-E]\b|architecture section"
)
MAX_FILES_OF_THE_WALK: Final = 12
UNNAMED: Final = {
    "protocol/dialects/private_messages/decoders.py",  # its tables, not functions, are read
    "protocol/dialects/private_messages/encoders.py",
}
METHODS: Final = {"GET", "POST", "PUT", "PATCH", "DELETE"}
JOINED_SENTENCES: Final = {  # joined from two parts in the code
    "Unauthorized: No session cookie",
    "Unauthorized: Invalid session",
}
SDK_TYPES: Final = ROOT / "hub" / "web" / "sdk" / "codes.d.ts"
HTTP_ERRORS: Final = {"HttpError", "RequestRefused"}
PAGE_ANCHORS: Final = frozenset(
    {"connecting", "frames", "client-frames", "server-frames", "typing", "presence", "read-marks"}
    | {"heartbeat", "resume", "ordering", "errors", "close-codes", "limits", "rest"}
)

SUFFIXES: Final = {".py", ".sql", ".js", ".mjs", ".ts", ".txt"}
SOURCES: Final = tuple(
    sorted(
        path
        for folder in ("hub", "protocol", "persistence", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SUFFIXES and "node_modules" not in path.parts
    )
)


def test_the_security_page_explains_how_to_report_a_vulnerability() -> None:
    """And lists the versions that get fixes, and what is promised."""
    page = ROOT / "SECURITY.md"
    assert page in PAGES
    report = section(page, "Reporting a vulnerability")
    for said in ("private", "a reply within", "CHANGELOG.md"):
        assert said in report
    assert "latest version" in section(page, "Supported versions")
    assert rows(section(page, "What the hub protects, and how"))
    assert any("SECURITY.md" in link for link in links(ROOT / "README.md"))


def test_the_licence_is_that_of_the_package() -> None:
    terms = " ".join((ROOT / "LICENSE").read_text().split())
    assert terms.startswith("MIT License Copyright (c)")
    assert "Permission is hereby granted, free of charge" in terms
    assert 'THE SOFTWARE IS PROVIDED "AS IS"' in terms
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert package["license"] == "MIT"
    assert "LICENSE" in package["license-files"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_anchors_that_exist(page: Path) -> None:
    assert not [link for link in links(page) if not leads_somewhere(page, link)]


def test_source_refers_to_pages_and_anchors_that_exist() -> None:
    references = [
        (name_of(source), reference)
        for source in SOURCES
        for reference in re.findall(r"docs/[\w./-]+\.md(?:#[\w-]+)?", source.read_text())
    ]
    assert references
    readme = ROOT / "README.md"
    assert not [each for each in references if not leads_somewhere(readme, each[1])]


def test_nothing_refers_to_documents_outside_of_the_repository() -> None:
    """The rules are in docs/dialects; documents outside of the repository are no source."""
    texts = [*SOURCES, *PAGES, *(ROOT / "docs/examples").glob("*.py")]
    assert not [
        (name_of(path), found)
        for path in texts
        for found in re.findall(ELSEWHERE, path.read_text())
        if path != Path(__file__)
    ]


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether the target of a link exists: a file, and in it the anchor."""
    file, _, name = link.partition("#")
    target = (page.parent / file) if file else page
    return target.exists() and (not name or name in anchors(target))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
    assert set(PAGES) <= reached


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_a_title_and_a_text(page: Path) -> None:
    title, _, text = page.read_text().partition("\n")
    assert title.startswith(("# ", "<"))
    assert text.strip()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_that_a_page_names_exists(page: Path) -> None:
    """`Class.member` in a text exists, and so do the names in the glossary."""
    text = page.read_text()
    named = set(re.findall(r"`([A-Z]\w+)\.(\w+)`", text))
    if page.name == "glossary.md":
        named |= {(word, "") for word in re.findall(r"`([A-Z][a-z]\w+)`", text)}
    source = python_source()
    assert not [each for each in sorted(named) if not is_defined(each[0], each[1], source)]


def python_source() -> str:
    """The text of every module of the product and of the tests' helpers."""
    folders = ("hub", "protocol", "persistence", "tests/support")
    return "\n".join(path.read_text() for each in folders for path in (ROOT / each).rglob("*.py"))


def is_defined(owner: str, member: str, source: str) -> bool:
    """Whether such a class or alias exists, and a method or attribute of that name."""
    has_owner = re.search(rf"^(class {owner}\b|{owner}: TypeAlias)", source, re.MULTILINE)
    has_member = re.search(rf"def {member}\b|^ +{member}\b.*[:=]", source, re.MULTILINE)
    return bool(has_owner) and (not member or bool(has_member))


@pytest.mark.parametrize("name", DIALECTS)
def test_a_page_has_every_anchor_that_code_refers_to(name: str) -> None:
    assert anchors(page_of(name)) >= PAGE_ANCHORS


@pytest.mark.parametrize("name", JSON_DIALECTS)
def test_client_frames_are_those_that_are_decoded(name: str) -> None:
    assert documented_client_frames(name) == decoded_client_frames(name)
    assert decoded_client_fields(name) <= documented_client_fields(name)


@pytest.mark.parametrize("name", JSON_DIALECTS)
def test_server_frames_and_their_fields_are_those_that_are_encoded(name: str) -> None:
    assert documented_server_frames(name) == encoded_server_frames(name)


@pytest.mark.parametrize("name", JSON_DIALECTS)
def test_every_error_code_is_listed_or_documented_as_never_sent(name: str) -> None:
    listed, never = set(documented_errors(name)), documented_as_never_sent(name)
    if shown_text(name, ErrorCode.INTERNAL) is None:
        assert not listed | never
    else:
        assert not listed & never
        assert listed | never == set(ErrorCode)


@pytest.mark.parametrize("name", JSON_DIALECTS)
def test_error_texts_are_those_that_are_sent(name: str) -> None:
    for code, cell in documented_errors(name).items():
        texts = code_words(cell)
        if not cell:
            assert shown_text(name, ErrorCode(code)) == ERROR_TEXTS[ErrorCode(code)]
        elif len(texts) == 1 and "\N{HORIZONTAL ELLIPSIS}" not in texts[0]:
            assert shown_text(name, ErrorCode(code)) == texts[0]


@pytest.mark.parametrize("page", sorted(COMMON.parent.glob("*.md")), ids=name_of)
def test_sentences_that_clients_get_are_in_the_code(page: Path) -> None:
    """Words in backticks that look like a sentence: error texts, reasons, greetings."""
    code = python_source()
    quoted = {
        text
        for text in code_words(page.read_text())
        if re.match(r"[A-Z]\w* [^{\N{HORIZONTAL ELLIPSIS}]*$", text) and not text.isupper()
    }
    calls = {text for text in quoted if text.split()[0] in METHODS}
    assert {text for text in quoted - calls - JOINED_SENTENCES if text not in code} == set()


def test_the_catalogue_of_errors_is_complete() -> None:
    table = {code_words(row[0])[0]: code_words(row[1])[0] for row in common("Error codes")}
    assert table == {code.value: text for code, text in ERROR_TEXTS.items()}


def test_the_catalogue_of_rest_codes_is_complete() -> None:
    named = {code for row in common("REST codes") for code in code_words(row[0])}
    known = {code.value for code in ErrorCode} | named
    assert {code for code in raised_codes() if code not in known} == set()


def raised_codes() -> Iterator[str]:
    """The codes in the source of the hub that are the second argument of an HTTP error."""
    for path in (ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in HTTP_ERRORS:
                code = node.args[1] if len(node.args) > 1 else None
                if isinstance(code, ast.Constant):
                    yield str(code.value)


def test_the_sdk_declares_the_codes_of_the_catalogue() -> None:
    declared = re.search(r"type HubCode =(.*?);", SDK_TYPES.read_text(), re.DOTALL)
    assert declared is not None
    named = [code for name in ("Error codes", "REST codes") for row in common(name) for code in
             code_words(row[0])]  # fmt: skip
    assert re.findall(r'"(\w+)"', declared[1]) == list(dict.fromkeys(named))


def test_the_table_of_close_codes_is_complete() -> None:
    table = {(int(row[0]), code_words(row[1])[0]) for row in common("Close codes")}
    reasons = [each for each in vars(errors).values() if isinstance(each, CloseReason)]
    assert table == {(reason.code, reason.text) for reason in reasons}


def common(heading: str) -> list[list[str]]:
    """A table of the page that is common to all dialects."""
    return rows(section(COMMON, heading))


@pytest.mark.parametrize("name", sorted(set(REST_PAGES.values())))
def test_rest_calls_are_those_that_are_offered(name: str) -> None:
    calls, offered = documented_calls(name), offered_calls(name)
    assert set(calls) == set(offered)
    missing = {
        (call, status)
        for call, endpoint in offered.items()
        for status in (*endpoint.answers, *(each.name for each in endpoint.parameters))
        if str(status) not in calls[call]
    }
    assert not missing


@pytest.mark.parametrize("name", sorted(set(REST_PAGES.values())))
def test_the_fields_of_rest_bodies_are_documented(name: str) -> None:
    calls = documented_calls(name)
    assert not {
        (call, field)
        for call, fields in body_fields(name).items()
        for field in fields
        if field not in re.findall(r"\w+", " ".join(code_words(calls[call])))
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_defaults_are_those_of_the_settings(page: Path) -> None:
    defaults = {setting.name: setting.show(setting.default) for setting in SETTINGS}
    for name, value in re.findall(r"`(\w+)`\s+\(default\s+([\w.,]+)\)", page.read_text()):
        assert defaults[name] == value.replace(",", ""), name


def test_the_task_tree_names_every_service_that_is_started() -> None:
    """Classes are those of the variables whose methods `open_services` starts."""
    source = (ROOT / "hub/assembly.py").read_text()
    classes = dict(re.findall(r"^ +(\w+) = ([A-Z]\w+)\(", source, re.MULTILINE))
    started = re.findall(r"start_soon\((\w+)(\.\w+)?", source)
    tree = (ROOT / "docs/architecture.md").read_text()
    assert started
    names = [f"{classes[owner]}{method}" if method else owner for owner, method in started]
    assert [name for name in names if name not in tree] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_can_be_run(page: Path) -> None:
    """Programs, subcommands and options that a page shows exist."""
    text = page.read_text()
    modules = set(re.findall(r"python -m ((?:hub|tests|docs)[\w.]*)", text))
    assert not [name for name in sorted(modules) if importlib.util.find_spec(name) is None]
    for line in re.findall(r"(?:uv run|^ {4}|`)\s*parlour ([a-z][^`\n|]*)", text, re.MULTILINE):
        command: click.Command = parlour
        context = click.Context(parlour)
        options: set[str] = set()
        for word in line.split():
            options |= {option for each in command.params for option in each.opts}
            if word.startswith("--"):
                assert word.partition("=")[0] in options, line
            elif isinstance(command, click.Group):
                found = command.get_command(context, word)
                assert found is not None, line
                command = found


def test_the_walk_of_a_message_names_at_most_twelve_files_each_with_what_to_read() -> None:
    page = ROOT / "docs/follow-a-message.md"
    files = [link for link in links(page) if not link.endswith(".md")]
    assert len(files) == len(set(files)) <= MAX_FILES_OF_THE_WALK
    text = page.read_text()
    steps = re.findall(r"`(?:[A-Z]\w+\.)?(\w+)`\s+in\s+\[[^\]]+\]\(\.\./([^)]+)\)", text)
    assert {file for _, file in steps} >= {file.removeprefix("../") for file in files} - UNNAMED
    assert not [step for step in steps if not re.search(rf"\b{step[0]}\b", source_of(step[1]))]


def source_of(path: str) -> str:
    """The text of a file."""
    return (ROOT / path).read_text()
