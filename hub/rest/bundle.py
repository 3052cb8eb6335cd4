"""The modules of the page as one script, and scripts and style sheets without their comments.

Guarantees: the script does what the modules do, and runs each of them once, after the modules that
it imports; each line of a module stays one line, which the source map maps to its module. An import
or export of an unknown form is an error. Must not know: what the modules do, how files are served.
"""

import json
import posixpath
import re
import string
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

_BASE64: Final = f"{string.ascii_uppercase}{string.ascii_lowercase}{string.digits}+/"
_COMMENT: Final = re.compile(
    r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)$"
    r"|(?<=[;,{(\[])[ \t]+//[^\n\"'`]*$",  # no quote after it, so it is not in a string
    re.DOTALL | re.MULTILINE,
)
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_IMPORT: Final = re.compile(
    r'^(?P<word>import|export) (?:\{(?P<names>[^}"]*)\} from )?"(?P<path>\.[^"]+)";', re.MULTILINE
)
_EXPORT: Final = re.compile(
    r"^export (?=(?:class|const|(?:async )?function\*?) (?P<name>\w+))", re.MULTILINE
)
_UNKNOWN: Final = re.compile(r"^(?:import|export)\b[^(.].*", re.MULTILINE)


class BundleError(Exception):
    """A module that cannot be part of the one script."""


def compact(script: str) -> str:
    """A script or style sheet without indentation and most of its comments; each line keeps its
    number.
    """
    bare = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), script)
    return _INDENT.sub("", bare)


@frozen
class Bundle:
    """One script, and its source map (ECMA-426) as JSON."""

    script: str
    source_map: str


def bundle(main: str, files: Mapping[str, bytes], sources: str) -> Bundle:
    """`main` and all modules that it imports, as one script.

    Args:
        main: the path of a module; nothing imports it, so it may await at its top.
        files: all modules by their paths.
        sources: where the modules are found, as an address from the script's.

    Raises:
        BundleError: a module has an import or export of an unknown form, or imports itself, perhaps
            through others.
    """
    order = _in_order(main, files)
    names = {path: f"${number}" for number, path in enumerate(order)}
    scopes = [
        _scope(path, compact(files[path].decode()), names, is_last=path == main) for path in order
    ]
    counts = [files[path].count(b"\n") for path in order]
    source_map = {
        "version": 3,
        "sources": [sources + path for path in order],
        "names": [],
        "mappings": _mappings(counts),
    }
    return Bundle("\n".join(scopes), json.dumps(source_map))


def _in_order(main: str, files: Mapping[str, bytes]) -> list[str]:
    """The paths of the modules, each after the modules that it imports."""
    order: list[str] = []
    path_to_here: list[str] = []

    def visit(path: str) -> None:
        if path in path_to_here:
            raise BundleError(f"{path} imports itself: {' '.join(path_to_here)}")
        if path in order:
            return
        path_to_here.append(path)
        for found in _IMPORT.finditer(files[path].decode()):
            visit(_beside(path, found["path"]))
        order.append(path_to_here.pop())

    visit(main)
    return order


def _scope(path: str, module: str, names: Mapping[str, str], *, is_last: bool) -> str:
    """A module as the body of a function that returns what it exports; the last one as it is."""
    exported: list[str] = []

    def imported(found: re.Match[str]) -> str:
        name = names[_beside(path, found["path"])]
        if found["names"] is None:
            return ""
        if found["word"] == "export":
            exported.extend(each.split()[-1] for each in found["names"].split(",") if each.strip())
        return f"const {{{found['names'].replace(' as ', ': ')}}} = {name};"

    def declared(found: re.Match[str]) -> str:
        exported.append(found["name"])
        return ""

    body = _EXPORT.sub(declared, _IMPORT.sub(imported, module))
    if unknown := _UNKNOWN.search(body):
        raise BundleError(f"{path}: {unknown[0]}")
    if is_last:
        return body
    return f"const {names[path]} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();"


def _mappings(counts: Sequence[int]) -> str:
    """The field `mappings` of a source map: modules with these numbers of lines, one after the
    other as `_scope` writes them.
    """
    made: list[str] = []
    for number, count in enumerate(counts):
        first = f"A{_vlq(min(number, 1))}{_vlq(-(counts[number - 1] - 1) if number else 0)}A"
        lines = [first, *["AACA"] * (count - 1)]  # column, source, line, column since the last one
        made += lines if number == len(counts) - 1 else ["", *lines, "", ""]
    return ";".join(made)


def _vlq(number: int) -> str:
    """A number in Base64 of variable length: five bits a digit, the lowest and the sign first."""
    left = abs(number) << 1 | (number < 0)
    digits = ""
    while True:
        left, digit = left >> 5, left & 31
        digits += _BASE64[digit | (32 if left else 0)]
        if left == 0:
            return digits


def _beside(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
