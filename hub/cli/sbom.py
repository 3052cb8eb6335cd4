"""A bill of materials (CycloneDX 1.6) of the hub and its installed dependencies.

Guarantees: every distribution that the hub's own metadata leads to is named, with version, licence
and package URL; nothing is read but what is installed. Must not know: how anything is installed.
"""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final, NotRequired, TypedDict

HUB: Final = "parlour"
_NAME: Final = re.compile(r"[\w.-]+")
_IS_EXTRA: Final = re.compile(r";.*\bextra\b")

Component = TypedDict(
    "Component",
    {
        "type": str,
        "bom-ref": str,
        "name": str,
        "version": str,
        "purl": str,
        "licenses": NotRequired[list[dict[str, object]]],
    },
)


class Bill(TypedDict):
    """The document."""

    bomFormat: str
    specVersion: str
    version: int
    metadata: dict[str, Component]
    components: list[Component]
    dependencies: list[dict[str, object]]


def bill_of_materials() -> Bill:
    """The hub's installed dependencies, and theirs."""
    found = {_normal(each.metadata["Name"]): each for each in _needed(HUB)}
    hub = found.pop(HUB)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(hub, "application")},
        "components": [_component(each, "library") for _, each in sorted(found.items())],
        "dependencies": [_depends(each) for _, each in sorted({HUB: hub, **found}.items())],
    }


def _needed(name: str) -> Iterator[Distribution]:
    """A distribution and its dependencies, direct or not, that are installed."""
    waiting, seen = [name], set[str]()
    while waiting:
        name = _normal(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:  # for another system, or another version of Python
            continue
        yield found
        waiting += _requirements(found)


def _requirements(found: Distribution) -> list[str]:
    needed = [each for each in found.requires or () if _IS_EXTRA.search(each) is None]
    return [match[0] for each in needed if (match := _NAME.match(each)) is not None]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _reference(found: Distribution) -> str:
    return f"pkg:pypi/{_normal(found.metadata['Name'])}@{found.version}"


def _component(found: Distribution, kind: str) -> Component:
    component: Component = {
        "type": kind,
        "bom-ref": _reference(found),
        "name": found.metadata["Name"],
        "version": found.version,
        "purl": _reference(found),
    }
    if "License-Expression" in found.metadata:
        component["licenses"] = [{"expression": found.metadata["License-Expression"]}]
    return component


def _depends(found: Distribution) -> dict[str, object]:
    needed: list[str] = []
    for name in sorted({_normal(each) for each in _requirements(found)}):
        try:
            needed.append(_reference(distribution(name)))
        except PackageNotFoundError:
            continue
    return {"ref": _reference(found), "dependsOn": needed}
