"""Threads: what devices do with them, what they are shown of them, and what is true."""
