"""Bytecode is kept, but not beside the sources if none may be written there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs.bytecode import FOLDER, UNWRITTEN, keep_bytecode

PROGRAM = "import importlib.util as u, sys; import once; print(u.cache_from_source(once.__file__))"


def compiled_by_a_program(folder: Path) -> Path:
    """Where a program has put the bytecode of its module."""
    (folder / "once.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip())


def test_a_program_of_the_tests_keeps_its_bytecode(tmp_path: Path) -> None:
    assert compiled_by_a_program(tmp_path).is_file()


def test_bytecode_that_may_not_be_written_beside_the_sources_is_kept_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setenv(UNWRITTEN, "1")
    monkeypatch.setenv(FOLDER, "")
    keep_bytecode()
    compiled = compiled_by_a_program(tmp_path)
    assert compiled.is_file()
    assert compiled.is_relative_to(os.environ[FOLDER])
    assert not (tmp_path / "__pycache__").exists()
