"""Uploaded files: their kinds, their names, and where they are kept."""
