"""The log and the traces of a hub, for tests."""
