"""The bill of materials names all that the hub needs."""

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from hub.cli.main import parlour
from hub.cli.sbom import bill_of_materials

PYPROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_named_with_its_version_and_nothing_else() -> None:
    bill = bill_of_materials()
    named = {normal(each["name"]): each["version"] for each in bill["components"]}
    for line in PYPROJECT["project"]["dependencies"]:
        name, _, pinned = line.partition(";")[0].partition("==")
        assert named[normal(name)] == pinned.strip()
    assert named["outcome"] == version("outcome")  # what trio needs
    assert not {"pytest", "mypy", "ruff"} & named.keys()
    assert bill["metadata"]["component"]["name"] == "parlour"


def test_the_references_in_the_bill_are_those_of_its_components() -> None:
    bill = bill_of_materials()
    known = {each["bom-ref"] for each in (*bill["components"], bill["metadata"]["component"])}
    assert len(known) == len(bill["components"]) + 1
    assert {each["ref"] for each in bill["dependencies"]} == known
    needed = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    outcome = f"pkg:pypi/outcome@{version('outcome')}"
    assert outcome in str(needed[f"pkg:pypi/trio@{version('trio')}"])


def test_the_command_prints_the_bill_of_materials(capsys: pytest.CaptureFixture[str]) -> None:
    parlour(["sbom"], standalone_mode=False)
    bill = json.loads(capsys.readouterr().out)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill == bill_of_materials()
