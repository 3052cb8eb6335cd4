"""A cache of compiled Python for the run of the tests.

Where PYTHONDONTWRITEBYTECODE is set, each of the hundreds of programs that the tests start would
compile all its imports, which takes as long as the rest of its start. The cache is in a folder of
this run, and nothing is written beside the sources.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

UNWRITTEN = "PYTHONDONTWRITEBYTECODE"
FOLDER = "PYTHONPYCACHEPREFIX"


def keep_bytecode() -> None:
    """From now on, use the cache in this process and in the programs that it starts."""
    if os.environ.pop(UNWRITTEN, "") == "":
        return
    folder = Path(tempfile.mkdtemp(prefix="parlour-bytecode-"))
    folder.chmod(0o755)  # some programs run as other accounts
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[FOLDER] = sys.pycache_prefix = str(folder)
    sys.dont_write_bytecode = False
