"""The page's modules as one script."""

import re
import subprocess
from pathlib import Path

import pytest

import hub.web
from hub.rest.bundle import BundleError, bundle, compact
from tests.support.programs.node import FOLDER as NODE
from tests.support.programs.node import require_node

FOLDER = Path(hub.web.__file__).parent
MODULES = {
    "app/main.js": """/** What the page does. */
import { Door, open as openDoor } from "./door.js";
import "../lib/effects.js";
import {
  NAME,
  numbers,
} from "../lib/all.js";

console.log(NAME, openDoor(new Door()), globalThis.effect);
for await (const number of numbers()) console.log(number);
try {
  new Door().slam();
} catch (error) {
  console.log(error.stack);
}
""",
    "app/door.js": """import { NAME } from "../lib/all.js";

const kept = NAME; // the same name as in another module

export class Door {
  kept = kept;

  slam() {
    throw new Error("slammed");
  }
}

export function open({ kept }) {
  return `${kept} is "open"; import it`;
}
""",
    "lib/all.js": """/** @import { T } from "./no.js" */
export { INNER as NAME } from "./name.js";
export { numbers } from "./numbers.js";
console.log("all, after its parts");
""",
    "lib/name.js": """const kept = "the door";
export const INNER = kept;
console.log("name, once");
""",
    "lib/numbers.js": """export async function* numbers() {
  yield 1;
  yield* [2, 3];
}
""",
    "lib/effects.js": "globalThis.effect = 7;\n",
    "lib/other.js": "export default 1;\n",
}


@pytest.mark.parametrize(
    ("script", "left"),
    [
        ("/** a */\nb();\n", "\nb();\n"),
        ("/**\n * a\n */\nb();\n  // c\n  d(); // e\n", "\n\n\nb();\n\nd();\n"),
        ("/** @type {A} */ (b).c();\nd(); /* e */\n", "/** @type {A} */ (b).c();\nd(); /* e */\n"),
        ("a = '/** b */';\nc('d; // e');\n", "a = '/** b */';\nc('d; // e');\n"),
        ("/* a\n b */\n.c {\n  d: e;\n}\n", "\n\n.c {\nd: e;\n}\n"),
    ],
)
def test_most_comments_and_indentation_are_left_out(script: str, left: str) -> None:
    assert compact(script) == left


def test_compacting_does_not_change_the_compiled_program(tmp_path: Path) -> None:
    """TypeScript compiles the files to the same program before and after `compact`."""
    require_node()
    made: list[dict[str, str]] = []
    for name, change in (("plain", str), ("kept", compact)):
        sources, out = tmp_path / name, tmp_path / f"{name}-out"
        for path in FOLDER.rglob("*.js"):
            copy = sources / path.relative_to(FOLDER)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(change(path.read_text()))
        tsc = [str(NODE / "node_modules" / ".bin" / "tsc"), "--allowJs", "--noCheck"]
        tsc += ["--removeComments", "--target", "esnext", "--module", "esnext", "--types", ""]
        tsc += ["--rootDir", str(sources), "--outDir", str(out), *map(str, sources.rglob("*.js"))]
        subprocess.run(tsc, check=True, cwd=sources)
        made.append({str(path.relative_to(out)): path.read_text() for path in out.rglob("*.js")})
    assert made[0] == made[1]
    assert len(made[0]) > 40


def test_the_script_does_what_the_modules_do(tmp_path: Path) -> None:
    require_node()
    for path, text in MODULES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    made = bundle("app/main.js", as_bytes(MODULES), "../")
    (tmp_path / "app/page.js").write_text(f"{made.script}//# sourceMappingURL=page.js.map\n")
    (tmp_path / "app/page.js.map").write_text(made.source_map)
    node = ["node", "--enable-source-maps"]
    modules, script = (
        subprocess.run(
            [*node, tmp_path / "app" / name], capture_output=True, text=True, check=True
        ).stdout
        for name in ("main.js", "page.js")
    )
    said, _, stack = modules.partition("Error: slammed")
    assert said.splitlines()[2] == 'the door the door is "open"; import it 7'
    assert script.startswith(said)
    assert places(script) == places(stack) == ["app/door.js:9", "app/main.js:12"]


def places(stack: str) -> list[str]:
    return re.findall(r"app/\w+\.js:\d+", stack)


@pytest.mark.parametrize(
    "text",
    [
        'import all from "./other.js";',
        'import * as all from "./other.js";',
        'export * from "./other.js";',
        "export default 1;",
        "export let a = 1;",
        "const a = 1;\nexport { a };",
        'import { a } from "react";',
    ],
)
def test_unsupported_imports_and_exports_are_refused(text: str) -> None:
    files = {"main.js": 'import { a } from "./part.js";\n', "part.js": f"{text}\n", "other.js": ""}
    with pytest.raises(BundleError, match=r"part\.js"):
        bundle("main.js", as_bytes(files), "")


def test_modules_that_import_each_other_are_refused() -> None:
    files = {name: f'import "./{other}";\n' for name, other in [("a", "b"), ("b", "c"), ("c", "b")]}
    with pytest.raises(BundleError, match="b imports itself: a b c"):
        bundle("a", as_bytes(files), "")


def as_bytes(files: dict[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}
