"""The name that protocol test suites know docs/examples/engineio_echo.py by."""

import runpy

if __name__ == "__main__":
    runpy.run_module("docs.examples.engineio_echo", run_name="__main__")
