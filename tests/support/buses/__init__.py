"""Buses and the servers that carry them."""
