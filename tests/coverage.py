"""`python -m tests.coverage`: the branches of hub/, protocol/ and persistence/ that tests take.

Measured are the tests of single modules; branches that only a whole hub in a process, a simulation
or a fuzzer happens to take do not count as tested. It is a command of its own because tracing costs
the tests about a third more time (Python 3.11; sys.monitoring reports branches from 3.14 on). Fails
below the floor of pyproject.toml.
"""

import subprocess
import sys

MEASURED = ("tests/hub", "tests/protocol", "tests/persistence", "tests/transcripts")


def main() -> int:
    run = [sys.executable, "-m", "coverage"]
    tests = [*run, "run", "-m", "pytest", "--numprocesses=0", "-q", *MEASURED]
    return subprocess.call(tests) or subprocess.call([*run, "report"])


if __name__ == "__main__":
    sys.exit(main())
