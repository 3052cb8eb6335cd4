"""The benchmark of several nodes."""
