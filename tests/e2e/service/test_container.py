"""The image of a container: its content, its user, and its stop. Nothing is built."""

import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest

from hub.app import stop_seconds
from hub.settings.config import SETTINGS, Config
from hub.settings.sources import CREDENTIALS

ROOT: Final = Path(__file__).parents[3]
TEXT: Final = (ROOT / "Containerfile").read_text()
JOINED: Final = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
STEPS: Final = [line.split(maxsplit=1) for line in JOINED.splitlines() if line.strip()]
LAST: Final = STEPS[max(i for i, (word, _) in enumerate(STEPS) if word == "FROM") :]
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def last(instruction: str) -> str:
    """The arguments of the last such instruction."""
    (found,) = (rest for word, rest in LAST if word == instruction)
    return found


def copied() -> set[str]:
    """The files of the checkout that are copied into the image."""
    sources = [rest.split()[:-1] for word, rest in STEPS if word == "COPY" and "--from" not in rest]
    return {name for names in sources for name in names}


def ignored(name: str) -> bool:
    rules = [line for line in (ROOT / ".containerignore").read_text().splitlines() if line]
    verdict = False
    for rule in rules:
        if not rule.startswith("#") and fnmatch(name, rule.removeprefix("!")):
            verdict = not rule.startswith("!")
    return verdict


def test_all_that_the_package_is_made_of_is_copied_and_nothing_else() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    project = PROJECT["project"]
    needed = {*packages, project["readme"], *project["license-files"]}
    assert copied() == needed | {"pyproject.toml", "requirements.lock"}
    assert not [name for name in copied() if ignored(name) or not (ROOT / name).exists()]
    for name in (".git", ".venv", "tests", "parlour-data", "secrets", "docs"):
        assert ignored(name)


def test_the_base_is_named_with_its_version() -> None:
    (base,) = (rest for word, rest in STEPS if word == "ARG")
    assert re.fullmatch(r"BASE=docker\.io/library/python:3\.\d+-slim-[a-z]+", base)


def test_it_installs_the_pinned_versions() -> None:
    runs = [rest for word, rest in STEPS if word == "RUN"]
    assert any("--require-hashes --requirement requirements.lock" in run for run in runs)
    assert any("--no-deps ." in run for run in runs)


@pytest.mark.parametrize("instruction", ["ENTRYPOINT", "CMD"])
def test_signals_reach_the_hub_and_no_shell(instruction: str) -> None:
    assert json.loads(last(instruction))
    assert last("STOPSIGNAL") == "SIGTERM"


def test_it_runs_as_an_unprivileged_user() -> None:
    user, group = last("USER").split(":")
    assert int(user) >= 1_000
    assert f"--uid {user}" in JOINED
    assert int(group) >= 1_000


def test_its_variables_are_settings() -> None:
    given = dict(pair.split("=", 1) for pair in last("ENV").split())
    known = {setting.variable for setting in SETTINGS} | {CREDENTIALS, "PATH"}
    assert set(given) <= known
    assert given["PARLOUR_DATA_DIR"] == last("VOLUME") == last("WORKDIR")
    assert int(last("EXPOSE")) == Config().port


def test_its_health_check_is_the_command_of_the_hub() -> None:
    command = last("HEALTHCHECK").partition("CMD ")[2]
    assert json.loads(command) == ["parlour", "healthcheck"]


def test_the_page_gives_a_stop_the_time_that_it_takes() -> None:
    page = (ROOT / "docs/operations/service.md").read_text()
    given = [int(number) for number in re.findall(r"--stop-timeout (\d+)", page)]
    assert given
    assert min(given) > stop_seconds(Config())
