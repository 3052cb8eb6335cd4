"""Programs to read and to start, listed in docs/examples/README.md."""
