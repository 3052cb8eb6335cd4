"""Rules for tests: no use of private parts, no waiting for the wall clock, no wait without a check
of its result.

Guarantees: each rule names the file and the line; exceptions are in a table, with the reason.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the tests, by its name. They are not parsed before a rule is checked, because
    each process of a run collects all tests.
    """
    return {
        path.relative_to(ROOT / "tests").as_posix(): ast.parse(path.read_text())
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if "node_modules" not in path.parts
    }


def in_pytest() -> dict[str, ast.Module]:
    return {name: tree for name, tree in sources().items() if "test_" in name}


PRIVATE_ALLOWED: Final = {
    "chaos/unsafe_hub.py": "switches off what the campaign must be able to miss",
    "hub/actor/test_hub.py": "that nothing is left behind, and bounds, show nowhere else",
    "hub/engineio/test_server.py": "that no session is left behind shows nowhere else",
    "planted/faults": "a fault is planted in the source, wherever it is",
    "simulation/run.py": "fills the outbox of a connection, which no client can do for sure",
    "simulation/bugs/": "a bug is planted in the source, wherever it is",
}
CLOCKS: Final = {"autojump_clock", "mock_clock"}
WAITS: Final = {"trio.sleep", "trio.sleep_until", "trio.fail_after", "trio.fail_at"}
DEADLINES: Final = {"trio.move_on_after", "trio.move_on_at"}
ON_POSTGRES: Final = {"databases", "store", "world"}  # fixtures
JUMPS_ALLOWED: Final = {"test_quiet.py": "makes what `let_pass` waits for"}
STOPWATCHES: Final = {"time.monotonic", "time.time", "time.perf_counter", "time.sleep"}


def private_names() -> frozenset[str]:
    """The private names of hub/, protocol/ and persistence/."""
    found = {
        name
        for package in ("hub", "protocol", "persistence")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            getattr(node, "attr", None),
            getattr(node, "name", None),
            getattr(node, "id", None),
        )
        if isinstance(name, str)
    }
    return frozenset(name for name in found if name[0] == "_" != name[1:2] and name != "_")


def reached(tree: ast.Module, private: frozenset[str]) -> Iterator[str]:
    """Private names of the product that are used on something other than `self`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls" | "os" | "sys")):
                pass
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
                pass  # a test class that has a name of the product as well
            case ast.Attribute(attr=name) if name in private and "trio._core" not in code(node):
                yield f"{node.lineno}: {code(node)}"
            case ast.Constant(value=str(text)) if text.rpartition(".")[2] in private:
                yield f"{node.lineno}: {text}"
            case ast.ImportFrom(names=names):
                yield from (f"{node.lineno}: {each.name}" for each in names if each.name in private)
            case _:
                pass


def code(node: ast.AST) -> str:
    return ast.unparse(node)


def calls(node: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call within, and the dotted name of the called function."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            yield each, code(each.func)


def functions(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The outermost functions."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node)


def refuse(found: Mapping[str, list[str]]) -> None:
    lines = [f"tests/{name}:{line}" for name, lines in found.items() for line in lines]
    assert not lines, "\n".join(lines)


def test_private_parts_are_left_alone() -> None:
    private = private_names()
    found = {name: list(reached(tree, private)) for name, tree in sources().items()}
    allowed = {
        name: place
        for name, lines in found.items()
        for place in PRIVATE_ALLOWED
        if lines and name.startswith(place)
    }
    assert set(allowed.values()) == set(PRIVATE_ALLOWED), "what is allowed is not needed any more"
    refuse({name: lines for name, lines in found.items() if name not in allowed})


def test_time_is_tested_on_a_mock_clock() -> None:
    """A test that sleeps or sets a deadline does so on a clock that the test controls: the time
    limit of each test is there for hangs.
    """
    found = {
        name: [
            f"{call.lineno}: {code(call)}"
            for function in functions(tree)
            if not CLOCKS & {each.arg for each in function.args.args}
            for call, called in calls(function)
            if called in WAITS and code(call) != "trio.sleep(0)"
        ]
        for name, tree in in_pytest().items()
    }
    refuse(found)


def test_no_test_makes_the_clock_jump_while_postgres_may_be_queried() -> None:
    """A clock that jumps makes a query time out, and on one that then stands still nothing is tried
    again: `let_pass` waits for the results first.
    """
    refuse(
        {
            name: [
                f"{call.lineno}: {code(call)}"
                for function in functions(tree)
                if ON_POSTGRES & {each.arg for each in function.args.args}
                for call, called in calls(function)
                if called.endswith("clock.jump")
            ]
            for name, tree in in_pytest().items()
            if name not in JUMPS_ALLOWED
        }
    )


def test_no_test_holds_a_stopwatch() -> None:
    refuse(
        {
            name: [
                f"{call.lineno}: {code(call)}"
                for call, called in calls(tree)
                if called in STOPWATCHES
            ]
            for name, tree in in_pytest().items()
        }
    )


def test_a_wait_with_a_deadline_binds_its_scope() -> None:
    """Without the scope no test can check whether the time ran out, and it would pass although
    nothing came. Cleaning up is shielded, and may be given up.
    """
    refuse(
        {
            name: [
                f"{node.lineno}: {code(item.context_expr)}"
                for node in ast.walk(tree)
                if isinstance(node, ast.With)
                for item in node.items
                for call, called in calls(item.context_expr)
                if called in DEADLINES
                and item.optional_vars is None
                and "shield" not in {each.arg for each in call.keywords}
            ]
            for name, tree in in_pytest().items()
        }
    )


SWALLOWED: Final = {"AssertionError", "Exception", "BaseException"}


def test_no_test_swallows_a_failure() -> None:
    refuse(
        {
            name: [
                *(
                    f"{call.lineno}: {code(call)}"
                    for call, called in calls(tree)
                    if called.endswith("suppress") and SWALLOWED & set(map(code, call.args))
                ),
                *(
                    f"{node.lineno}: except {code(node.type) if node.type else ''}"
                    for node in ast.walk(tree)
                    if isinstance(node, ast.ExceptHandler)
                    and (node.type is None or code(node.type) in SWALLOWED)
                    and not any(isinstance(each, ast.Raise) for each in ast.walk(node))
                ),
            ]
            for name, tree in in_pytest().items()
        }
    )


def test_helpers_come_from_support() -> None:
    """Not from modules of tests, nor from conftest."""
    refuse({name: list(imports_of_tests(tree)) for name, tree in sources().items()})


def imports_of_tests(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                imported = [each.name for each in names]
            case ast.ImportFrom(module=module, names=names):
                imported = [module or "", *(f"{module}.{each.name}" for each in names)]
            case _:
                continue
        for name in imported:
            root, *parts = name.split(".")
            if root == "tests" and any(
                part.startswith("test_") or part == "conftest" for part in parts
            ):
                yield f"{node.lineno}: {name}"
