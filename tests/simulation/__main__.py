"""`python -m tests.simulation --seeds 20000 --json PATH`: plays seeds 0, 1, 2 ... and reports which
broke.

One seed again, with its trace: `--start SEED --seeds 1 --trace`. With a planted mistake, which must
be found: `--bug NAME --until-broken`.
"""

import os
import sys

if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # so that a seed is the same in every process
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    from tests.simulation.command import main  # afterwards, as it takes two seconds

    sys.exit(main())
