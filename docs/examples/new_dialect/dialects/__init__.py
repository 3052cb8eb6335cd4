"""Stands for `protocol/dialects/`."""
