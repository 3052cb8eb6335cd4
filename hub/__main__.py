"""`parlour` and `python -m hub`. Its imports take a while; ^C ends them without a traceback."""

import os
import signal
import sys

_BEFORE = signal.getsignal(signal.SIGINT)
if _BEFORE is signal.default_int_handler:  # a script's background jobs ignore it
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from hub.cli.main import main as run  # noqa: E402  that is what takes a while


def main() -> None:
    """The entry point. It ends the process at once: everything is closed by then, and Python's own
    shutdown would visit each object of a hub, which takes seconds on a busy machine.
    """
    signal.signal(signal.SIGINT, _BEFORE)
    code: object = 0
    try:
        run()
    except SystemExit as end:
        code = end.code
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # Python's own shutdown reports it
        sys.exit(1)
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
