"""The SDK as users get it: packed, installed into new projects from the tarball, and used exactly
as its page shows.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.browser.chromium import require_chromium
from tests.support.documents.pages import ROOT, section
from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import FOLDER, require_node, run_node

SDK: Final = ROOT / "hub" / "web" / "sdk"
PAGE: Final = ROOT / "docs" / "sdk.md"
TEMPLATES: Final = FOLDER / "packages"
QUIET: Final = ("--no-package-lock", "--no-audit", "--no-fund", "--silent")
OFFLINE: Final = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH")
ORIGINS: Final = ("http://www.parlour.example", "http://elsewhere.example")


def run(folder: Path, *command: str, **environment: str) -> str:
    """The output of a program."""
    result = subprocess.run(
        command,
        cwd=folder, env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def quick_start(name: str) -> str:
    """The code below that heading of the SDK's page."""
    found = re.search(r"```\w+\n(.*?)```", section(PAGE, f"Quick start: {name}"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    require_node()
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def tarball(folder: Path) -> Path:
    """The package, made by the one command that the page gives."""
    run(ROOT, "npm", "pack", "./hub/web/sdk", "--pack-destination", str(folder), "--silent")
    (packed,) = folder.glob("*.tgz")
    return packed


Install = Callable[[str], Path]


@pytest.fixture(scope="module")
def install(folder: Path, tarball: Path) -> Install:
    """A new project from a template, with all its dependencies."""

    def make(name: str) -> Path:
        project = folder / name
        shutil.copytree(TEMPLATES / name, project)
        shutil.copy(tarball, project / "parlour-client.tgz")
        installed = subprocess.run(
            ["npm", "install", *QUIET, "--loglevel=error"],
            cwd=project, capture_output=True, text=True, check=False, timeout=200,
        )  # fmt: skip
        if installed.returncode and OFFLINE.search(installed.stderr):
            pytest.skip("npm cannot reach its registry, so new projects cannot be made")
        assert installed.returncode == 0, installed.stderr
        return project

    return make


@pytest.fixture(scope="module")
def node_project(install: Install) -> Path:
    project = install("node")
    (project / "quick_start.js").write_text(quick_start("Node"))
    return project


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[HubProcess]:
    flags = [part for origin in ORIGINS for part in ("--allowed-origins", origin)]
    with run_hub(folder / "hub", *flags, "--allowed-hosts", "chat.parlour.example") as hub:
        yield hub


def test_the_package_holds_the_sdk_and_nothing_else(tarball: Path) -> None:
    held = set(run(tarball.parent, "tar", "tzf", str(tarball)).split())
    sources = {path for path in SDK.rglob("*") if path.suffix in {".js", ".ts", ".json"}}
    names = {path.relative_to(SDK).as_posix() for path in sources} | {"LICENSE", "README.md"}
    assert held == {f"package/{name}" for name in names}


def test_it_has_the_version_of_the_hub() -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert json.loads((SDK / "package.json").read_text())["version"] == ours
    assert f"parlour-client-{ours}.tgz" in PAGE.read_text()


def test_its_size_is_that_of_the_page(folder: Path) -> None:
    require_node()
    program = str(FOLDER / "node_modules" / ".bin" / "esbuild")
    bundle = run(folder, program, str(SDK / "parlour.js"), "--bundle", "--minify", "--format=esm")
    size = len(gzip.compress(bundle.encode())) / 1000
    found = re.search(r"([\d.]+) KB minified and compressed", PAGE.read_text())
    assert found is not None
    assert abs(size - float(found[1])) < 0.1, size


def test_the_quick_start_in_node(node_project: Path, hub: HubProcess) -> None:
    assert run(node_project, "node", "quick_start.js", PARLOUR_URL=hub.url) == "hello\n"


def test_a_program_that_requires_it(node_project: Path, hub: HubProcess) -> None:
    refusals = json.loads(run(node_project, "node", "required.cjs", PARLOUR_URL=hub.url))
    assert refusals == [[True, 401], [True, 401]]


def test_its_types_hold_without_a_browser(node_project: Path) -> None:
    run(node_project, "npx", "tsc")


async def test_the_quick_start_in_react(install: Install, hub: HubProcess) -> None:
    require_chromium()
    project = install("vite")
    (project / "src" / "App.tsx").write_text(quick_start("React"))
    run(project, "npx", "tsc")
    url = "http://chat.parlour.example"
    build = ("npx", "vite", "build", "--mode", "development")
    run(project, *build, NODE_ENV="development", VITE_PARLOUR_URL=url)
    people = await pair(hub, "react")
    await write(hub, people, "hello")
    given = json.dumps({**people, "folder": str(project / "dist")})
    async with run_node("sdk/pages.mjs", "react", hub.url, given) as page:
        assert await page.happened() == {"want": "read"}
        await hub.call("PUT", f"/api/messages/{people['ann_id']}/read", cookie=people["ben"])
        await page.tell("read")
        assert await page.end() == 0


async def test_the_quick_start_in_a_page(install: Install, hub: HubProcess) -> None:
    require_chromium()
    project = install("page")
    (project / "index.html").write_text(quick_start("a page"))
    people = await pair(hub, "page")
    issued = await hub.call("POST", "/api/auth/token", cookie=people["ann"])
    given = json.dumps({"folder": str(project), "token": issued.json["token"]})
    async with run_node("sdk/pages.mjs", "page", hub.url, given) as page:
        assert await page.happened() == {"want": "write"}
        await write(hub, people, "hello")
        await page.tell("written")
        assert await page.end() == 0


async def pair(hub: HubProcess, flow: str) -> dict[str, Any]:
    """Ann, who uses the page, and Ben."""
    (ann_id, ann), (_, ben) = [await hub.sign_up(f"{name}{flow}") for name in ("ann", "ben")]
    login = {"email": f"ann{flow}@example.org", "password": "correct horse"}
    return {"ann": ann, "ann_id": ann_id, "ben": ben, **login}


async def write(hub: HubProcess, people: dict[str, Any], content: str) -> None:
    """Write from Ben to Ann."""
    path = f"/api/messages/{people['ann_id']}"
    sent = await hub.call("POST", path, {"content": content}, people["ben"])
    assert sent.status == 201, sent.text
